//! Findings as workflow commands, which become annotations in a pull request.

use super::{Finding, Severity};
use crate::plain::plain;

/// One command a line: `::error file=…,line=…,col=…,title=…::message`.
#[must_use]
pub fn github(findings: &[Finding]) -> String {
    findings.iter().map(|finding| command(finding) + "\n").collect()
}

fn command(finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    // A column range over several lines is refused, so that the end's column goes with a range in one line alone.
    let one_line = finding.end_line.is_none() || finding.end_line == finding.line;
    let properties = [
        ("file", finding.file.as_deref().map(property)),
        ("line", number(finding.line)),
        ("endLine", number(finding.end_line)),
        ("col", number(finding.column).filter(|_| one_line)),
        ("endColumn", number(finding.end_column).filter(|_| one_line)),
        ("title", Some(property(&finding.code))),
    ];
    let properties: Vec<_> =
        properties.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
    let help = finding.help.as_deref().map_or(String::new(), |help| format!("\nhelp: {}", plain(help)));
    format!("::{word} {}::{}", properties.join(","), data(&format!("{}{help}", plain(&finding.message))))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&plain(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{Finding, Severity, github};

    #[test]
    fn nothing_in_a_finding_can_end_its_command() {
        let finding = Finding {
            code: "omni::spec::unknown_key".to_owned(),
            severity: Severity::Error,
            message: "50 % of `a`\n::error::forged".to_owned(),
            help: Some("write `b`".to_owned()),
            file: Some("a,b:c.toml".to_owned()),
            line: Some(3),
            column: Some(5),
            end_line: Some(3),
            end_column: Some(9),
        };
        assert_eq!(
            github(&[finding]),
            "::error file=a%2Cb%3Ac.toml,line=3,endLine=3,col=5,endColumn=9,title=omni%3A%3Aspec%3A%3Aunknown_key::\
             50 %25 of `a` ::error::forged%0Ahelp: write `b`\n"
        );
    }
}
