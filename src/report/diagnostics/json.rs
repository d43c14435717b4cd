//! Findings as JSON of omni's own.

use serde::Serialize;

use super::{Finding, Severity};
use crate::plain::plain;

#[derive(Serialize)]
struct Document {
    format: &'static str,
    errors: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

/// The findings as indented JSON, ending with a newline. Its `format` is `omni.findings/1`.
///
/// # Panics
/// Never: the document is plain data with text keys.
#[must_use]
pub fn json(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let clean = |finding: &Finding| Finding {
        code: plain(&finding.code),
        message: plain(&finding.message),
        help: finding.help.as_deref().map(plain),
        file: finding.file.as_deref().map(plain),
        ..finding.clone()
    };
    let document = Document {
        format: "omni.findings/1",
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        findings: findings.iter().map(clean).collect(),
    };
    serde_json::to_string_pretty(&document).expect("the document is plain data with text keys") + "\n"
}
