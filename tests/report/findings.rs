//! Findings for programs.

use omni::report::diagnostics::{Finding, Severity, github, json, sarif};

fn findings() -> Vec<Finding> {
    vec![
        Finding {
            code: "omni::spec::unknown_key".to_owned(),
            severity: Severity::Error,
            message: "`imagee` is no key of a service".to_owned(),
            help: Some("write `image`".to_owned()),
            file: Some("my specs/deploy.toml".to_owned()),
            line: Some(12),
            column: Some(1),
            end_line: Some(12),
            end_column: Some(7),
        },
        Finding {
            code: "omni::spec::no_memory_limit".to_owned(),
            severity: Severity::Warning,
            message: "`worker` has no memory limit".to_owned(),
            help: None,
            file: None,
            line: None,
            column: None,
            end_line: None,
            end_column: None,
        },
    ]
}

#[test]
fn findings_as_json() {
    insta::assert_snapshot!(json(&findings()));
}

#[test]
fn findings_as_sarif() {
    insta::assert_snapshot!(sarif(&findings()));
}

#[test]
fn findings_as_workflow_commands() {
    insta::assert_snapshot!(github(&findings()), @r"
    ::error file=my specs/deploy.toml,line=12,endLine=12,col=1,endColumn=7,title=omni%3A%3Aspec%3A%3Aunknown_key::`imagee` is no key of a service%0Ahelp: write `image`
    ::warning title=omni%3A%3Aspec%3A%3Ano_memory_limit::`worker` has no memory limit
    ");
}
