//! `omni migrate lint`: what is dangerous in the scripts, or cannot work.
//!
//! All scripts are read, also those that are applied: no database is asked, so that the same scripts have the same
//! findings everywhere. What is dangerous is left to `migration::sql`.

use crate::cli::Exit;
use crate::cli::args::{LintArgs, ProblemFormat};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::histories::History;
use crate::cli::project::Project;
use crate::migration::sql::{self, lint};
use crate::report::diagnostics::{self, Finding, Severity};

pub(crate) fn run(project: &Project, args: &LintArgs, console: &Console) -> Result<Exit, Failure> {
    let histories = History::among(project, args.of.db.as_deref())?;
    let findings: Vec<_> = histories.iter().flat_map(findings).collect();
    let scripts = histories.iter().map(|history| history.scripts.len()).sum();
    let format = if console.json && args.format == ProblemFormat::Human { ProblemFormat::Json } else { args.format };
    console.print(&match format {
        ProblemFormat::Human => diagnostics::lines(&findings, scripts, &console.out),
        ProblemFormat::Json => diagnostics::json(&findings),
        ProblemFormat::Sarif => diagnostics::sarif(&findings),
        ProblemFormat::Github => diagnostics::github(&findings),
    });
    let has_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if has_error { Exit::Usage } else { Exit::Done })
}

fn findings(history: &History) -> Vec<Finding> {
    let found = lint(history.database.dialect, &history.scripts).into_iter();
    let dir = history.dir.trim_end_matches('/');
    found
        .map(|one| Finding {
            code: one.code.to_owned(),
            severity: match one.severity {
                sql::Severity::Error => Severity::Error,
                sql::Severity::Warning => Severity::Warning,
                sql::Severity::Note => Severity::Note,
            },
            message: one.message,
            help: Some(one.help),
            file: Some(format!("{}/{}", dir.trim_start_matches("./"), one.path)),
            line: u32::try_from(one.line).ok(),
            column: None,
            end_line: None,
            end_column: None,
        })
        .collect()
}
