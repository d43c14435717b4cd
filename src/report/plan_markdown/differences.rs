//! The differences of a plan as a diff that can be folded away, or how many there are.

use super::Extent;
use super::escape::{code, fence};
use crate::plan::{Action, Change, Plan};
use crate::report::difference_text::{Sides, lines};
use crate::report::style::Style;
use crate::report::{statements, words};

/// The block of differences; none where there are none or they are not wanted.
pub(super) fn block(plan: &Plan, extent: Extent, context: usize) -> Option<String> {
    let has_differences = |change: &Change| change.action != Action::Delete && !change.differences.is_empty();
    let shown: Vec<_> =
        plan.steps().filter(|change| has_differences(change) || !change.statements.is_empty()).collect();
    if shown.is_empty() {
        return None;
    }
    match extent {
        Extent::Nothing => None,
        Extent::Part => Some(shown.into_iter().map(counted).collect::<Vec<_>>().join("\n")),
        Extent::All => {
            let text = shown.into_iter().flat_map(|change| diff(change, context)).collect::<Vec<_>>().join("\n");
            let fence = fence(&text);
            Some(format!("<details><summary>Differences</summary>\n\n{fence}diff\n{text}\n{fence}\n\n</details>"))
        }
    }
}

fn counted(change: &Change) -> String {
    let what = match (change.differences.len(), change.statements.len()) {
        (fields, 0) => words::count(fields, "field"),
        (_, statements) => words::count(statements, "statement"),
    };
    format!("- {}: {what}", code(&words::name(&change.address)))
}

/// The differences of one change. Signs stand at the start of their lines, where a diff is coloured by them.
fn diff(change: &Change, context: usize) -> Vec<String> {
    let style = Style { context, width: u16::MAX, ..Style::default() };
    let title = format!("{} {}  {}", words::symbol(change).trim(), words::name(&change.address), words::why(change));
    let mut text = vec![format!("@@ {} @@", title.trim_end())];
    let told = if change.action == Action::Delete { &[] } else { change.differences.as_slice() };
    for line in lines(told, Sides::Change, &style) {
        let bare = line.trim_start();
        let signed = line.starts_with("    ") && (bare.starts_with("- ") || bare.starts_with("+ "));
        text.push(if signed { bare.to_owned() } else { line });
    }
    text.extend(statements::lines(change, &style));
    text
}
