//! Problems of a spec, drawn in its text for people and as findings for programs.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use crate::cli::console::Console;
use crate::report::diagnostics::{Finding, Severity};
use crate::spec::{self, Problems, Shown};

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
        let _ = handler.render_report(&mut text, &Glued(problem));
        text.push('\n');
    }
    text.replace(GLUE, " ") + &counted(problems)
}

/// Stands for a blank at which no line ends. No deploy.toml has it, and it is as wide as a blank.
const GLUE: char = '\u{e000}';

/// A problem whose code between backticks is not broken: it is there to be copied.
#[derive(Debug)]
struct Glued<'a>(Shown<'a>);

fn glued(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    let glued =
        pieces.map(|(at, piece)| if at % 2 == 1 { piece.replace(' ', &GLUE.to_string()) } else { piece.to_owned() });
    glued.collect::<Vec<_>>().join("`")
}

impl fmt::Display for Glued<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&glued(&self.0.to_string()))
    }
}

impl std::error::Error for Glued<'_> {}

impl Diagnostic for Glued<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.code()
    }

    fn severity(&self) -> Option<miette::Severity> {
        self.0.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help().map(|help| Box::new(glued(&help.to_string())) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.labels()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }
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
    let told = problems.list().len();
    let cut = if told < problems.errors() + problems.warnings() {
        format!(" (the first {told} are shown)")
    } else {
        String::new()
    };
    format!("{}{cut}{end}\n", parts.join(" and "))
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
