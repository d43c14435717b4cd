//! Problems of a spec, drawn in its text for people and as findings for programs.

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::cli::console::Console;
use crate::report::diagnostics::{Finding, Severity};
use crate::spec::{self, Problems};

/// All problems as people read them, each with its place, and a last line that counts them.
#[must_use]
pub(crate) fn drawn(problems: &Problems, console: &Console) -> String {
    let theme = match (console.err.unicode, console.err.colour) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, _) => GraphicalTheme::none(),
    };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(usize::from(console.err.width)).with_links(false);
    let mut text = String::new();
    for problem in problems.shown() {
        // Writing to a string does not fail.
        let _ = handler.render_report(&mut text, &problem);
        text.push('\n');
    }
    text + &counted(problems)
}

/// The last line: `3 errors, nothing was changed`.
fn counted(problems: &Problems) -> String {
    let of = |number: usize, word: &str| match number {
        0 => None,
        1 => Some(format!("1 {word}")),
        number => Some(format!("{number} {word}s")),
    };
    let parts: Vec<_> =
        [of(problems.errors(), "error"), of(problems.warnings(), "warning")].into_iter().flatten().collect();
    let end = if problems.errors() > 0 { ", nothing was changed" } else { "" };
    format!("{}{end}\n", parts.join(" and "))
}

/// All problems for programs.
#[must_use]
pub(crate) fn findings(problems: &Problems) -> Vec<Finding> {
    let source = problems.source();
    let count = |number: usize| u32::try_from(number).ok();
    problems
        .list()
        .iter()
        .map(|problem| {
            let place = problem.labels.first().map(|label| label.span.clone());
            let start = place.clone().map(|place| source.position(place.start));
            let end = place.map(|place| source.position(place.end));
            Finding {
                code: problem.code.to_owned(),
                severity: match problem.severity {
                    spec::Severity::Error => Severity::Error,
                    spec::Severity::Warning => Severity::Warning,
                },
                message: problem.message.clone(),
                help: problem.help.clone(),
                file: Some(source.name().to_owned()),
                line: start.and_then(|(line, _)| count(line)),
                column: start.and_then(|(_, column)| count(column)),
                end_line: end.and_then(|(line, _)| count(line)),
                end_column: end.and_then(|(_, column)| count(column)),
            }
        })
        .collect()
}
