//! Drift: what is not as it was recorded, with both values.

use crate::address::Kind;
use crate::migration::catalogue::SchemaChange;
use crate::plain::plain;
use crate::plan::{Comparison, Drift, SchemaDrift};
use crate::report::difference_text::{self, Sides};
use crate::report::style::{Style, Tone};
use crate::report::words;

/// What shows more: what a service that ended said last, else how all becomes as it was recorded. A database is not
/// taken back by a plan.
fn next(found: &[Drift]) -> String {
    if found.iter().all(|drift| !drift.schema.is_empty()) {
        return "write it as a migration, or take it back by hand".to_owned();
    }
    let ended = |drift: &&Drift| drift.address.kind() == Kind::Service && drift.has_stopped();
    match found.iter().find(ended) {
        Some(drift) => format!("omni logs {}, then omni plan", plain(drift.address.name())),
        None => "omni plan".to_owned(),
    }
}

/// The drift of a deployment, ending with a newline.
#[must_use]
pub fn drift_text(compared: &Comparison, style: &Style) -> String {
    let found = &compared.drift;
    if found.is_empty() {
        let said = if compared.silent().next().is_some() {
            "Not everything was looked at; what was, is as it was recorded."
        } else {
            "No drift: everything is as it was recorded."
        };
        return [said.to_owned()].into_iter().chain(uncompared(compared)).collect::<Vec<_>>().join("\n") + "\n";
    }
    let mut lines = Vec::new();
    for drift in found {
        if drift.schema.is_empty() {
            lines.push(format!("{}   {}", words::name(&drift.address), plain(&drift.summary)));
        } else {
            lines.push(format!("{}   changed outside the migrations", words::name(&drift.address)));
            lines.extend(schema(drift, style).into_iter().map(|line| format!("    {line}")));
        }
        let differences = difference_text::lines(&drift.differences, Sides::Drift, &style.inset(4));
        lines.extend(differences.into_iter().map(|line| format!("    {line}")));
    }
    let untold = compared.absent.iter().filter(|one| found.iter().all(|drift| drift.address != **one));
    lines.extend(untold.map(|one| format!("{}   in the spec, no container", words::name(one))));
    if let Some(base) = compared.base.as_ref().filter(|_| compared.is_by_labels()) {
        lines.push(format!(
            "note: the store has no record of release {} ({}): this is what the labels on the engine tell",
            base.number,
            plain(&base.tag)
        ));
    }
    lines.extend(uncompared(compared));
    lines.push(format!("next: {}", next(found)));
    lines.join("\n") + "\n"
}

/// What differs in a database, each in a line with its sign.
pub(super) fn schema(drift: &Drift, style: &Style) -> Vec<String> {
    let line = |one: &SchemaDrift| {
        let (sign, tone) = match one.change {
            SchemaChange::Missing => ('-', Tone::Bad),
            SchemaChange::LeftBehind => ('+', Tone::Good),
            SchemaChange::Changed { .. } => ('~', Tone::Warn),
        };
        style.paint(tone, &format!("{sign} {}", plain(&one.text)))
    };
    drift.schema.iter().map(line).collect()
}

/// The databases that were not compared, each in a line.
fn uncompared(compared: &Comparison) -> impl Iterator<Item = String> {
    compared.uncompared.iter().map(|one| format!("note: {} {}", words::name(&one.address), plain(&one.why)))
}
