//! Findings for people, where there is no source to draw around them.

use super::{Finding, Severity};
use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::words::count;

/// The findings in so many scripts, each with its place, ending with a newline.
#[must_use]
pub fn lines(findings: &[Finding], scripts: usize, style: &Style) -> String {
    let mut text: Vec<String> = Vec::new();
    for finding in findings {
        let (word, tone) = match finding.severity {
            Severity::Error => ("error", Tone::Bad),
            Severity::Warning => ("warning", Tone::Warn),
            Severity::Note => ("note", Tone::Dim),
        };
        let file = plain(finding.file.as_deref().unwrap_or_default());
        let place = finding.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
        let head = style.paint(tone, &format!("{word}[{}]", plain(&finding.code)));
        text.push(format!("{place}: {head}: {}\n", plain(&finding.message)));
        text.extend(finding.help.as_ref().map(|help| format!("  help: {}\n", plain(help))));
    }
    let number = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (number(Severity::Error), number(Severity::Warning));
    let notes = number(Severity::Note);
    text.push(format!(
        "{}: {}, {}, {}\n",
        count(scripts, "migration"),
        count(errors, "error"),
        count(warnings, "warning"),
        count(notes, "note")
    ));
    fitted(&text.concat(), style)
}
