//! A graph as text for other programs: Mermaid, Dot or JSON, each edge with its reason.
//!
//! With a plan the nodes carry what is done to them. Names are escaped as each format asks. Drawing the picture is left
//! to those programs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::address::Address;
use crate::graph::Graph;
use crate::plain::plain;
use crate::plan::{Action, Change, Plan};
use crate::report::words;

/// A format that a graph can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A Mermaid flowchart.
    Mermaid,
    /// Graphviz.
    Dot,
    /// JSON: `omni.graph/1`.
    Json,
}

/// The graph in this format, ending with a newline. With a plan, its actions stand at the nodes.
#[must_use]
pub fn graph_text(graph: &Graph, format: Format, plan: Option<&Plan>) -> String {
    let changes: BTreeMap<_, _> =
        plan.into_iter().flat_map(|plan| &plan.changes).map(|change| (&change.address, change)).collect();
    let nodes: Vec<_> = graph.addresses().map(|address| Node::of(address, changes.get(address).copied())).collect();
    match format {
        Format::Mermaid => mermaid(graph, &nodes),
        Format::Dot => dot(graph, &nodes),
        Format::Json => json(graph, nodes),
    }
}

struct Node<'a> {
    address: &'a Address,
    action: Option<Action>,
    symbol: Option<String>,
}

impl<'a> Node<'a> {
    fn of(address: &'a Address, change: Option<&Change>) -> Self {
        let symbol = change.map(|change| words::symbol(change).trim().to_owned()).filter(|symbol| !symbol.is_empty());
        Self { address, action: change.map(|change| change.action), symbol }
    }

    /// The name first: a label that starts with a `-` or a `+` is a list to Mermaid.
    fn label(&self) -> String {
        format!("{} {}", words::name(self.address), self.symbol.as_deref().unwrap_or_default()).trim_end().to_owned()
    }
}

fn position(nodes: &[Node<'_>], address: &Address) -> usize {
    // The graph hands its addresses out sorted.
    nodes.binary_search_by(|node| node.address.cmp(address)).unwrap_or_default()
}

fn mermaid(graph: &Graph, nodes: &[Node<'_>]) -> String {
    let mut lines = vec!["flowchart LR".to_owned()];
    for (at, node) in nodes.iter().enumerate() {
        let class = node.action.map_or(String::new(), |action| format!(":::{}", words::verb(action)));
        lines.push(format!("  n{at}[\"{}\"]{class}", mermaid_text(&node.label())));
    }
    for edge in graph.edges() {
        let (from, to) = (position(nodes, edge.from), position(nodes, edge.to));
        lines.push(format!("  n{from} -->|\"{}\"| n{to}", mermaid_text(&edge.origin.to_string())));
    }
    lines.extend(mermaid_classes(nodes.iter().filter_map(|node| node.action)));
    lines.join("\n") + "\n"
}

/// The class definitions that these actions need; the symbol in the label says the same.
pub(super) fn mermaid_classes(actions: impl Iterator<Item = Action>) -> Vec<String> {
    let words: BTreeSet<_> = actions.map(words::verb).collect();
    let colour = |word| match word {
        "create" => "stroke:#1a7f37",
        "delete" => "stroke:#cf222e",
        "keep" => "stroke:#8c959f",
        "run" => "stroke:#0969da",
        _ => "stroke:#9a6700",
    };
    words.into_iter().map(|word| format!("  classDef {word} {}", colour(word))).collect()
}

/// A text between quotes in Mermaid, which knows entities but no backslashes.
pub(super) fn mermaid_text(text: &str) -> String {
    let entity = |c: char| {
        if "\"#<>&`\\;|@".contains(c) { format!("#{};", u32::from(c)) } else { c.to_string() }
    };
    plain(text).chars().map(entity).collect()
}

fn dot(graph: &Graph, nodes: &[Node<'_>]) -> String {
    let mut lines = vec!["digraph omni {".to_owned(), "  rankdir=LR; node [shape=box];".to_owned()];
    for (at, node) in nodes.iter().enumerate() {
        lines.push(format!("  n{at} [label={}];", dot_text(&node.label())));
    }
    for edge in graph.edges() {
        let (from, to) = (position(nodes, edge.from), position(nodes, edge.to));
        lines.push(format!("  n{from} -> n{to} [label={}];", dot_text(&edge.origin.to_string())));
    }
    lines.push("}".to_owned());
    lines.join("\n") + "\n"
}

fn dot_text(text: &str) -> String {
    format!("\"{}\"", plain(text).replace('\\', r"\\").replace('"', "\\\""))
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    nodes: Vec<NodeOut>,
    edges: Vec<EdgeOut>,
}

#[derive(Serialize)]
struct NodeOut {
    address: String,
    kind: &'static str,
    level: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
}

#[derive(Serialize)]
struct EdgeOut {
    from: String,
    to: String,
    reason: String,
    declared: bool,
}

fn json(graph: &Graph, nodes: Vec<Node<'_>>) -> String {
    let levels = graph.levels();
    let node = |node: Node<'_>| NodeOut {
        address: words::name(node.address),
        kind: node.address.kind().word(),
        level: levels.get(node.address).copied().unwrap_or_default(),
        action: node.action.map(words::verb),
        symbol: node.symbol,
    };
    let edge = |edge: crate::graph::Edge<'_>| EdgeOut {
        from: words::name(edge.from),
        to: words::name(edge.to),
        reason: edge.origin.to_string(),
        declared: edge.origin.is_declared(),
    };
    let document = Document {
        format: "omni.graph/1",
        nodes: nodes.into_iter().map(node).collect(),
        edges: graph.edges().into_iter().map(edge).collect(),
    };
    serde_json::to_string_pretty(&document).expect("the document is plain data with text keys") + "\n"
}
