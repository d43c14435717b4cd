//! `Ring`: things that require each other in a circle, all of them named.

use std::fmt;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use thiserror::Error;

use crate::address::Address;
use crate::resource::Origin;

/// A circle of requirements: each requires the next, and the last requires the first.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Ring(Vec<(Address, Origin)>);

impl Ring {
    /// Each thing of the circle, and why it requires the next one.
    #[must_use]
    pub fn links(&self) -> &[(Address, Origin)] {
        &self.0
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (address, _) in &self.0 {
            write!(f, "{address} -> ")?;
        }
        match self.0.first() {
            Some((first, _)) => write!(f, "{first}"),
            None => Ok(()),
        }
    }
}

/// One circle of the graph, starting at its first address; none where there is none.
///
/// A depth-first walk with its own stack, so that no depth of the graph can exhaust the thread's.
pub(super) fn find(graph: &DiGraph<Address, Origin>) -> Option<Ring> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Closed,
    }
    let mut marks = vec![Mark::New; graph.node_count()];
    for start in graph.node_indices() {
        if marks[start.index()] != Mark::New {
            continue;
        }
        marks[start.index()] = Mark::Open;
        let mut path = vec![(start, graph.edges(start))];
        while let Some((node, edges)) = path.last_mut() {
            match edges.next() {
                None => {
                    marks[node.index()] = Mark::Closed;
                    path.pop();
                }
                Some(edge) => match marks[edge.target().index()] {
                    Mark::Closed => {}
                    Mark::New => {
                        marks[edge.target().index()] = Mark::Open;
                        path.push((edge.target(), graph.edges(edge.target())));
                    }
                    Mark::Open => {
                        let nodes: Vec<_> = path.iter().map(|(node, _)| *node).collect();
                        return Some(close(graph, &nodes, edge.target()));
                    }
                },
            }
        }
    }
    None
}

fn close(graph: &DiGraph<Address, Origin>, path: &[NodeIndex], back_to: NodeIndex) -> Ring {
    let ring: Vec<_> = path.iter().copied().skip_while(|node| *node != back_to).collect();
    let next = ring.iter().copied().cycle().skip(1);
    let mut links: Vec<_> = ring
        .iter()
        .zip(next)
        .map(|(from, to)| {
            let origin = graph.edges_connecting(*from, to).next().map(|edge| *edge.weight());
            (graph[*from].clone(), origin.unwrap_or(Origin::DependsOnStarted))
        })
        .collect();
    let first = links.iter().enumerate().min_by_key(|(_, (address, _))| address.clone()).map_or(0, |(at, _)| at);
    links.rotate_left(first);
    Ring(links)
}
