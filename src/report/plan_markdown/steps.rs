//! The steps of a plan as a table.

use super::Extent;
use super::escape::{code, text};
use crate::plan::{Action, Change, Class, Inverse, Plan, Turn};
use crate::report::words;

/// The table of the steps; of those that may hurt where not all fit; none where it would be empty.
pub(super) fn table(plan: &Plan, extent: Extent) -> Option<String> {
    let wanted = |change: &&(usize, &Change)| match extent {
        Extent::Nothing => false,
        Extent::Part => may_hurt(change.1),
        Extent::All => true,
    };
    let steps: Vec<_> = plan.steps().enumerate().collect();
    let rows: Vec<_> = steps.iter().filter(wanted).map(|(at, change)| row(at + 1, change)).collect();
    let head = "| # | | step | change | undo | downtime |\n|--:|:--|:--|:--|:--|:--|";
    (!rows.is_empty()).then(|| format!("{head}\n{}", rows.join("\n")))
}

fn may_hurt(change: &Change) -> bool {
    change.needs_consent() || matches!(change.action, Action::Delete | Action::Replace(Turn::OldFirst))
}

fn row(number: usize, change: &Change) -> String {
    let strong = |text: String| if change.class == Class::Reversible { text } else { format!("**{text}**") };
    let undo = if change.inverse == Inverse::Nothing { String::new() } else { strong(words::undo_text(change)) };
    let what = words::change_text(change);
    let what = if what.is_empty() { what } else { text(&what) };
    let cells = [
        number.to_string(),
        strong(format!("`{}`", words::symbol(change).trim())),
        strong(code(&words::name(&change.address))),
        what,
        undo,
        words::downtime_text(change),
    ];
    format!("| {} |", cells.join(" | "))
}
