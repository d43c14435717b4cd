//! Drift: what is not as it was recorded, with both values.

use crate::plain::plain;
use crate::plan::Drift;
use crate::report::difference_text::{self, Sides};
use crate::report::style::Style;

/// The drift of a deployment, ending with a newline.
#[must_use]
pub fn drift_text(found: &[Drift], style: &Style) -> String {
    if found.is_empty() {
        return "No drift: everything is as it was recorded.\n".to_owned();
    }
    let mut lines = Vec::new();
    for drift in found {
        lines.push(format!("{}   {}", drift.address, plain(&drift.summary)));
        lines.extend(difference_text::lines(&drift.differences, Sides::Drift, style));
    }
    lines.join("\n") + "\n"
}
