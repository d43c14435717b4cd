//! `Graph`: who requires whom, and why.
//!
//! It represents the things of one deployment and their requirements, declared or implied. It can be walked only
//! once it is known to be free of cycles: `Graph::build` refuses with the whole ring. What is done at a node, and
//! when, is left to `plan` and `apply`.

mod ring;

use std::collections::BTreeMap;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::address::Address;
use crate::resource::{Origin, Resource, requirements};

pub use ring::Ring;

/// The things of a deployment and their requirements. An edge goes from a thing to what it requires.
#[derive(Debug, Clone)]
pub struct Graph {
    inner: DiGraph<Address, Origin>,
    index: BTreeMap<Address, NodeIndex>,
}

/// One edge of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The thing that requires.
    pub from: &'a Address,
    /// The thing that is required.
    pub to: &'a Address,
    /// Why.
    pub origin: Origin,
}

impl Graph {
    /// The graph of these resources. A requirement that is not among them is left out: the spec has checked names, and
    /// what was recorded may require what is gone.
    ///
    /// # Errors
    /// The ring, when things require each other in a circle.
    pub fn build(resources: &BTreeMap<Address, Resource>) -> Result<Self, Ring> {
        Self::from_resources(resources.iter())
    }

    /// The graph of the resources of an iterator, each address once.
    ///
    /// # Errors
    /// The ring, when things require each other in a circle.
    pub fn from_resources<'a>(
        resources: impl Iterator<Item = (&'a Address, &'a Resource)> + Clone,
    ) -> Result<Self, Ring> {
        let mut inner = DiGraph::new();
        let index: BTreeMap<_, _> =
            resources.clone().map(|(address, _)| (address.clone(), inner.add_node(address.clone()))).collect();
        for (address, required, origin) in requirements(resources) {
            if let Some(to) = index.get(&required) {
                inner.add_edge(index[address], *to, origin);
            }
        }
        match ring::find(&inner) {
            Some(ring) => Err(ring),
            None => Ok(Self { inner, index }),
        }
    }

    /// Every address, sorted.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.index.keys()
    }

    /// Every edge, sorted by both ends.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge<'_>> {
        let mut edges: Vec<_> = self
            .inner
            .edge_references()
            .map(|edge| Edge {
                from: &self.inner[edge.source()],
                to: &self.inner[edge.target()],
                origin: *edge.weight(),
            })
            .collect();
        edges.sort_by_key(|edge| (edge.from, edge.to, edge.origin));
        edges
    }

    /// What a thing requires directly, sorted; nothing where the thing is not in the graph.
    #[must_use]
    pub fn requirements(&self, address: &Address) -> Vec<&Address> {
        self.neighbours(address, petgraph::Direction::Outgoing)
    }

    /// What requires a thing directly, sorted; nothing where the thing is not in the graph.
    #[must_use]
    pub fn dependents(&self, address: &Address) -> Vec<&Address> {
        self.neighbours(address, petgraph::Direction::Incoming)
    }

    /// Every address with what it requires in all, directly or through others, itself included.
    #[must_use]
    pub fn closure<'a>(&'a self, of: impl IntoIterator<Item = &'a Address>) -> std::collections::BTreeSet<&'a Address> {
        let mut found = std::collections::BTreeSet::new();
        let mut open: Vec<_> = of.into_iter().filter_map(|address| self.index.get(address).copied()).collect();
        while let Some(node) = open.pop() {
            if found.insert(&self.inner[node]) {
                open.extend(self.inner.neighbors_directed(node, petgraph::Direction::Outgoing));
            }
        }
        found
    }

    /// How far each thing stands from the start: 0 requires nothing, every other one more than all it requires.
    #[must_use]
    pub fn levels(&self) -> BTreeMap<&Address, usize> {
        let mut level = vec![0_usize; self.inner.node_count()];
        // A topological order of edges that point at requirements, walked from the end, has requirements first.
        let order = petgraph::algo::toposort(&self.inner, None).unwrap_or_default();
        for node in order.into_iter().rev() {
            let below = self.inner.neighbors_directed(node, petgraph::Direction::Outgoing);
            level[node.index()] = below.map(|required| level[required.index()] + 1).max().unwrap_or(0);
        }
        self.index.iter().map(|(address, node)| (address, level[node.index()])).collect()
    }

    fn neighbours(&self, address: &Address, direction: petgraph::Direction) -> Vec<&Address> {
        let Some(node) = self.index.get(address) else { return Vec::new() };
        let mut found: Vec<_> =
            self.inner.neighbors_directed(*node, direction).map(|other| &self.inner[other]).collect();
        found.sort();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests;
