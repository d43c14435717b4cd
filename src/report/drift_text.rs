//! Drift: what is not as it was recorded, with both values.

use crate::address::Kind;
use crate::plain::plain;
use crate::plan::{Comparison, Drift};
use crate::report::difference_text::{self, Sides};
use crate::report::style::Style;
use crate::report::words;

/// What shows more: what a service that ended said last, else how all becomes as it was recorded.
fn next(found: &[Drift]) -> String {
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
        return "No drift: everything is as it was recorded.\n".to_owned();
    }
    let mut lines = Vec::new();
    for drift in found {
        lines.push(format!("{}   {}", words::name(&drift.address), plain(&drift.summary)));
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
    lines.push(format!("next: {}", next(found)));
    lines.join("\n") + "\n"
}
