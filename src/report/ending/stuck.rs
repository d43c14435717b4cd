//! What stays behind after an unwind that could not finish: done, undone, unknown and untouched, all by name.

use super::{Facts, code, error, fact, failure, help_line, log};
use crate::address::Kind;
use crate::journal::{Cause, LeftBehind};
use crate::plain::plain;
use crate::plan::Plan;
use crate::report::board::because;
use crate::report::next_act::where_stuck;
use crate::report::style::Style;
use crate::report::{how_far, words};

/// The closing message of an apply that is stuck.
pub(super) fn lines(plan: &Plan, cause: &Cause, left: &[LeftBehind], facts: &Facts<'_>, style: &Style) -> Vec<String> {
    let what = format!("{}, and {} could not be undone", because(cause), words::count(left.len(), "thing"));
    let mut lines = error("omni::apply::stuck", &what, facts, style);
    for behind in left {
        let why = behind
            .fault
            .as_ref()
            .map_or("waits for another one that is left behind".to_owned(), |fault| plain(&fault.message));
        lines.push(fact(&format!("{} is left behind: {why}", words::name(&behind.node))));
        lines.extend(behind.fault.iter().flat_map(|fault| log(&behind.node, fault)));
        let help = behind.fault.as_ref().and_then(|fault| fault.help.as_deref());
        lines.extend(help.map(|help| format!("     {}", plain(help))));
    }
    lines.extend(how_far::lists(plan, facts.records));
    if let Some((node, fault)) = failure(cause, facts.records) {
        let first = format!("first failure ({}): {}: {}", code(cause), words::name(node), plain(&fault.message));
        lines.push(fact(&first));
    }
    if let Some(world) = facts.world {
        lines.push(fact(&format!("the fingerprint of what serves now is {}", world.spoken())));
    }
    lines.push(help_line(&where_stuck(failing(left)), style));
    lines
}

/// The kinds of what could not be undone by itself.
pub(super) fn failing(left: &[LeftBehind]) -> impl Iterator<Item = Kind> {
    left.iter().filter(|left| left.fault.is_some()).map(|left| left.node.kind())
}
