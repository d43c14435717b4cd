//! The steps of a plan as a Mermaid flowchart, one node each or one for all of a kind.

use std::collections::{BTreeMap, BTreeSet};

use super::Extent;
use super::escape::fence;
use crate::address::Kind;
use crate::plan::{Action, Change, Plan};
use crate::report::graph_text::{mermaid_classes, mermaid_text};
use crate::report::words;

/// The most steps that are still readable one by one.
const READABLE: usize = 60;

/// The flowchart; none where it is not wanted, or would show nothing but unconnected boxes.
pub(super) fn flowchart(plan: &Plan, extent: Extent) -> Option<String> {
    let (lines, said) = match extent {
        Extent::Nothing => return None,
        Extent::All if plan.steps().count() <= READABLE => (each(plan)?, ""),
        Extent::All | Extent::Part => (grouped(plan)?, "\n\nOne box stands for all steps of its kind."),
    };
    let text = lines.join("\n");
    let fence = fence(&text);
    Some(format!("{fence}mermaid\n{text}\n{fence}{said}"))
}

/// The edges between steps, as their positions in the plan.
fn edges(plan: &Plan) -> impl Iterator<Item = (&Change, &Change, usize, usize)> {
    let at = |position: u32| usize::try_from(position).ok();
    plan.edges.iter().filter_map(move |(first, second)| {
        let (first, second) = (at(*first)?, at(*second)?);
        let (from, to) = (plan.changes.get(first)?, plan.changes.get(second)?);
        (from.action != Action::Keep && to.action != Action::Keep).then_some((from, to, first, second))
    })
}

fn each(plan: &Plan) -> Option<Vec<String>> {
    let mut lines = vec!["flowchart LR".to_owned()];
    for (at, change) in plan.changes.iter().enumerate().filter(|(_, change)| change.action != Action::Keep) {
        let label = format!("{} {}", words::name(&change.address), words::symbol(change).trim());
        lines.push(format!("  n{at}[\"{}\"]:::{}", mermaid_text(&label), words::verb(change.action)));
    }
    let nodes = lines.len();
    lines.extend(edges(plan).map(|(_, _, first, second)| format!("  n{first} --> n{second}")));
    let connected = lines.len() > nodes;
    lines.extend(mermaid_classes(plan.steps().map(|change| change.action)));
    connected.then_some(lines)
}

fn grouped(plan: &Plan) -> Option<Vec<String>> {
    type Group = (Kind, String);
    let group = |change: &Change| -> Group { (change.address.kind(), words::symbol(change).trim().to_owned()) };
    let mut counts: BTreeMap<Group, (usize, Action)> = BTreeMap::new();
    for change in plan.steps() {
        counts.entry(group(change)).or_insert((0, change.action)).0 += 1;
    }
    let number: BTreeMap<_, _> = counts.keys().cloned().enumerate().map(|(at, group)| (group, at)).collect();
    let mut lines = vec!["flowchart LR".to_owned()];
    for ((group, (count, action)), at) in counts.iter().zip(0..) {
        let label = format!("{} {}", words::count(*count, group.0.word()), group.1);
        lines.push(format!("  g{at}[\"{}\"]:::{}", mermaid_text(&label), words::verb(*action)));
    }
    let between: BTreeSet<_> =
        edges(plan).filter_map(|(from, to, ..)| Some((*number.get(&group(from))?, *number.get(&group(to))?))).collect();
    let between: Vec<_> = between.into_iter().filter(|(first, second)| first != second).collect();
    lines.extend(between.iter().map(|(first, second)| format!("  g{first} --> g{second}")));
    lines.extend(mermaid_classes(plan.steps().map(|change| change.action)));
    (!between.is_empty()).then_some(lines)
}
