//! What can be done about an apply that is open: no more ways than there are.
//!
//! One that has begun to be undone can only be undone. Where that failed before, it may fail again: then the last way
//! is told too. Which way is the best is left to `apply`.

use crate::address::Kind;
use crate::journal::{NodeStatus, Record};
use crate::report::how_far;

/// What can be done about an open apply with these records.
#[must_use]
pub fn next_act(records: &[Record]) -> String {
    let statuses = how_far::statuses(records);
    let is_left = |status: &NodeStatus| *status == NodeStatus::Left;
    if statuses.values().any(is_left) {
        return format!(
            "remove what kept it from being undone, then run `omni recover --back` (safe to repeat); {LAST}"
        );
    }
    let turned = records.iter().any(|record| matches!(record, Record::Unwinding { .. }));
    let act = if turned {
        "run `omni recover` to undo the rest of it (safe to repeat)"
    } else {
        "run `omni recover` to finish or undo it (`--forward`, `--back`; safe to repeat)"
    };
    act.to_owned()
}

/// What can be done where an undo of these things failed.
pub(super) fn where_stuck(left: impl IntoIterator<Item = Kind>) -> String {
    // A rollback is a command of the plan, and the plan does not change with deploy.toml.
    let is_job = left.into_iter().any(|kind| kind == Kind::Job);
    let fixed =
        if is_job { "; a job's `rollback` is run as the plan has it, whatever deploy.toml says now" } else { "" };
    format!("remove the cause, then run `omni recover --back` (safe to repeat){fixed}; {LAST}")
}

const LAST: &str = "where that cannot help, the last way is `omni recover --accept`: it closes the apply as it stands";
