//! What changes in each thing of a plan, field by field, and why.

use crate::plan::{Action, Change, Class, Inverse, Plan};
use crate::report::style::{Style, Tone};
use crate::report::table::{padded, width};
use crate::report::{difference_text, statements, table, words};
use crate::resource::{Difference, Shown, unchanged};

/// What a thing is where the spec says nothing, beside what is simply absent or false.
const DEFAULTS: [(&str, &str); 13] = [
    ("build.dockerfile", "Dockerfile"),
    ("driver", "bridge"),
    ("driver", "local"),
    ("pull_policy", "missing"),
    ("replicas", "1"),
    ("restart", "unless-stopped"),
    ("side_effects", "true"),
    ("stop_grace_period", "10s"),
    ("timeout", "10m"),
    ("update.delay", "0s"),
    ("update.parallelism", "1"),
    ("update.progress_deadline", "5m"),
    ("update.strategy", "auto"),
];

/// A section for each thing that changes; with `full` for every thing.
pub(super) fn lines(plan: &Plan, style: &Style) -> Vec<String> {
    let shown = plan.changes.iter().filter(|change| style.full || change.action != Action::Keep);
    let mut lines = Vec::new();
    for change in shown {
        let body = body(change, &style.inset(6));
        lines.push(String::new());
        lines.extend(heading(change, style));
        lines.extend(body.into_iter().map(|line| format!("      {line}")));
    }
    lines
}

fn heading(change: &Change, style: &Style) -> Vec<String> {
    let symbol = words::symbol(change);
    let name = words::name(&change.address);
    let why = if change.action == Action::Keep { "unchanged".to_owned() } else { words::why(change) };
    let blanks = " ".repeat(3_usize.saturating_sub(width(&symbol)));
    let named = format!("{blanks}{symbol} {name}");
    let painted = format!("{blanks}{}", style.paint(words::tone(change), &named[blanks.len()..]));
    let heading = width(&padded(&named, 24)) + 2;
    let gap = " ".repeat(heading - width(&named));
    table::headed(&format!("{painted}{gap}"), table::hanging(&why, heading, 6, usize::from(style.width)))
}

fn body(change: &Change, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    if change.action != Action::Delete || style.full {
        let told: Vec<_> = change.differences.iter().filter(|one| style.full || !is_unasked(one)).cloned().collect();
        lines.extend(difference_text::lines(&told, difference_text::Sides::Change, style));
        let defaults = change.differences.len() - told.len();
        if defaults > 0 {
            lines.push(style.paint(Tone::Dim, &format!("# {} by default", words::count(defaults, "field"))));
        }
    }
    if let (Some(before), Some(after)) = (&change.before, &change.after) {
        let same = unchanged(&before.resource, after);
        if style.full {
            lines.extend(difference_text::unchanged_lines(&same, style));
        } else if !same.is_empty() {
            lines.push(style.paint(Tone::Dim, &counted(&same)));
        }
    }
    lines.extend(statements::lines(change, style));
    let loss = match change.class {
        Class::Reversible => return lines,
        Class::Lossy if change.inverse == Inverse::Restore => {
            "! what is written after the backup is lost if it is rolled back"
        }
        Class::Lossy => "! what is written after it is lost if it is rolled back",
        Class::OneWay => "! it cannot be taken back",
    };
    let wrapped = table::wrapped(loss, usize::from(style.width));
    lines.extend(wrapped.iter().map(|line| style.paint(Tone::Bad, line)));
    lines
}

/// Whether a field of a new thing only says what would be so if nobody had said anything.
pub(in crate::report) fn is_unasked(difference: &Difference) -> bool {
    let (None, Some(Shown::Text(value))) = (&difference.before, &difference.after) else { return false };
    value == "false" || DEFAULTS.contains(&(difference.path.as_str(), value.as_str()))
}

/// `# 9 unchanged, 2 secrets unchanged`
fn counted(same: &[(String, Shown)]) -> String {
    let secrets = same.iter().filter(|(_, shown)| *shown == Shown::Secret).count();
    match (same.len() - secrets, secrets) {
        (fields, 0) => format!("# {fields} unchanged"),
        (fields, secrets) => format!("# {fields} unchanged, {} unchanged", words::count(secrets, "secret")),
    }
}
