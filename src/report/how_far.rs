//! How far an apply has come by its records: done, undone, failed, left, unknown and untouched, all by name.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::journal::{NodeStatus, Record};
use crate::plan::Plan;
use crate::report::words;

/// How far every step has come, as one list for each way it can have come; empty ones are left out.
pub(super) fn lists(plan: &Plan, records: &[Record]) -> Vec<String> {
    let status = statuses(records);
    let list = |title: &str, is: fn(NodeStatus) -> bool| {
        let of = |address| status.get(address).copied().unwrap_or(NodeStatus::Waiting);
        let names: Vec<_> = plan.steps().filter(|c| is(of(&c.address))).map(|c| words::name(&c.address)).collect();
        (!names.is_empty()).then(|| format!("  {title:<10} {}", names.join(", ")))
    };
    let lists = [
        list("done", |status| status == NodeStatus::Done),
        list("undone", |status| status == NodeStatus::Undone),
        list("failed", |status| status == NodeStatus::Failed),
        list("left", |status| status == NodeStatus::Left),
        list("unknown", |status| matches!(status, NodeStatus::Unknown | NodeStatus::Doing | NodeStatus::Undoing)),
        list("untouched", |status| status == NodeStatus::Waiting),
    ];
    lists.into_iter().flatten().collect()
}

/// How far each thing has come. A record that may not follow is left out: a message must not fail.
pub(super) fn statuses(records: &[Record]) -> BTreeMap<&Address, NodeStatus> {
    let mut found: BTreeMap<&Address, NodeStatus> = BTreeMap::new();
    for record in records {
        if let Some(node) = record.node() {
            let status = found.entry(node).or_insert(NodeStatus::Waiting);
            *status = status.after(record).unwrap_or(*status);
        }
    }
    found
}
