//! Graphs in three formats.

use std::collections::BTreeMap;

use omni::address::{Address, Kind};
use omni::graph::Graph;
use omni::report::{Format, graph_text};
use omni::resource::{Attachment, Condition, Resource};

use crate::support::{container, image, network, plan, service, web, worker};

fn graph() -> Graph {
    let mut worker = worker("50", "5ec1", "hello", "orders");
    let inner = worker.container_mut().expect("a service");
    inner.depends_on.insert(Address::service("web"), Condition::Healthy);
    let resources = BTreeMap::from([
        (Address::new(Kind::Image, "web"), image("shop/web:1.8.0")),
        (Address::new(Kind::Network, "shop"), network()),
        (Address::service("web"), web("1.8.0", 'c')),
        (Address::service("worker"), worker),
    ]);
    Graph::build(&resources).expect("no ring")
}

#[test]
fn mermaid() {
    insta::assert_snapshot!(graph_text(&graph(), Format::Mermaid, Some(&plan())));
}

#[test]
fn dot() {
    insta::assert_snapshot!(graph_text(&graph(), Format::Dot, None));
}

#[test]
fn json() {
    insta::assert_snapshot!(graph_text(&graph(), Format::Json, Some(&plan())));
}

#[test]
fn names_end_no_label() {
    let nasty = "a\"]; evil --> b | `x` <b> \\ #1";
    let mut inner = container("shop/web:1", 'a');
    inner.networks = BTreeMap::from([(nasty.to_owned(), Attachment::default())]);
    let resources = BTreeMap::from([
        (Address::new(Kind::Network, nasty), network()),
        (Address::service("web"), Resource::Service(Box::new(service(inner, &[])))),
    ]);
    let graph = Graph::build(&resources).unwrap();
    insta::assert_snapshot!(graph_text(&graph, Format::Mermaid, None));
    insta::assert_snapshot!(graph_text(&graph, Format::Dot, None));
}
