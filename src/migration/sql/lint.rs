//! `lint`: what the author of a history of migrations should know of it.
//!
//! Only what is dangerous, or cannot work, is told; how SQL is written is left to its author.

mod rules;

use crate::migration::sql::{Analysis, Finding};
use crate::migration::{Dialect, Piece, Script};
use rules::Rule;

/// The findings of a history, in the order of its scripts and their lines.
#[must_use]
pub fn lint(dialect: Dialect, scripts: &[Script]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for script in scripts {
        up(&mut findings, dialect, &script.up);
        if let Some(down) = &script.down {
            back(&mut findings, dialect, down);
        } else {
            let message = format!("migration `{}` has no way down", script.name);
            findings.push(rules::NO_DOWN.finding(&script.up, 1, message));
        }
        if let Some(verify) = &script.verify {
            readable(&mut findings, verify, &Analysis::of_check(dialect, &verify.text));
        }
    }
    findings
}

/// What is wrong or dangerous on the way forward.
fn up(findings: &mut Vec<Finding>, dialect: Dialect, piece: &Piece) {
    let analysis = Analysis::of(dialect, &piece.text);
    let start = findings.len();
    readable(findings, piece, &analysis);
    for statement in &analysis.statements {
        for (rule, message) in rules::of_statement(dialect, statement) {
            findings.push(rule.finding(piece, statement.line, message));
        }
    }
    findings.extend(rules::of_script(&analysis).map(|(rule, line, message)| rule.finding(piece, line, message)));
    findings[start..].sort_by_key(|finding| finding.line);
}

/// What is wrong on the way back: that it destroys what the way forward made, is its purpose.
fn back(findings: &mut Vec<Finding>, dialect: Dialect, piece: &Piece) {
    let analysis = Analysis::of(dialect, &piece.text);
    if analysis.statements.is_empty() && analysis.refusals.is_empty() {
        findings.push(rules::EMPTY_DOWN.finding(piece, 1, "the way down does nothing".to_owned()));
    }
    readable(findings, piece, &analysis);
}

/// What cannot be run, and what cannot be read.
fn readable(findings: &mut Vec<Finding>, piece: &Piece, analysis: &Analysis) {
    for refusal in &analysis.refusals {
        let mut finding = rules::CANNOT_RUN.finding(piece, refusal.line, refusal.message.clone());
        finding.help.clone_from(&refusal.help);
        findings.push(finding);
    }
    for statement in analysis.statements.iter().filter(|statement| !statement.is_understood) {
        let message = "the statement could not be read, so nothing is known of what it does".to_owned();
        findings.push(rules::NOT_UNDERSTOOD.finding(piece, statement.line, message));
    }
}

impl Rule {
    fn finding(&self, piece: &Piece, line: usize, message: String) -> Finding {
        Finding {
            code: self.code,
            severity: self.severity,
            path: piece.path.clone(),
            line: piece.line + line - 1,
            message,
            help: self.help.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rules;
    use crate::migration::sql::codes;

    #[test]
    fn every_rule_is_explained_and_every_explanation_has_a_rule() {
        let explained: Vec<_> = codes().iter().map(|(code, _)| *code).collect();
        assert_eq!(explained, rules::ALL.iter().map(|rule| rule.code).collect::<Vec<_>>());
        assert!(explained.is_sorted());
        for (code, text) in codes() {
            assert!(text.contains("Example: ") && text.contains("Mend: "), "{code}");
        }
    }
}
