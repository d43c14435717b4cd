//! Findings as SARIF 2.1.0, which code hosts and editors read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Finding, Severity};
use crate::plain::plain;

/// The findings as one SARIF 2.1.0 document, indented, ending with a newline.
#[must_use]
pub fn sarif(findings: &[Finding]) -> String {
    let codes: BTreeSet<_> = findings.iter().map(|finding| plain(&finding.code)).collect();
    let rules: Vec<_> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<_> = findings.iter().map(result).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "omni", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn result(finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let help = finding.help.as_deref().map_or(String::new(), |help| format!("\nhelp: {}", plain(help)));
    let mut result = json!({
        "ruleId": plain(&finding.code),
        "level": level,
        "message": { "text": format!("{}{help}", plain(&finding.message)) },
    });
    if let Some(file) = &finding.file {
        let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
        if let Some(region) = region(finding) {
            place["region"] = region;
        }
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

fn region(finding: &Finding) -> Option<Value> {
    let mut region = json!({ "startLine": finding.line? });
    let others = [("startColumn", finding.column), ("endLine", finding.end_line), ("endColumn", finding.end_column)];
    for (name, number) in others {
        if let Some(number) = number {
            region[name] = json!(number);
        }
    }
    Some(region)
}

/// A relative path as a URI reference: with slashes, and with everything else outside the unreserved set encoded.
fn uri(path: &str) -> String {
    let path = plain(path).replace('\\', "/");
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.bytes().map(byte).collect()
}
