//! `Problem`: one thing that is wrong or doubtful in a spec: a code, a message, where it stands, and what to do.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan};

use super::tree;
use crate::plain::masked;

/// Whether a problem forbids the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be deployed.
    Error,
    /// It can be deployed; somebody should know.
    Warning,
}

impl Severity {
    /// The word for it: `error`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in the text and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place, in bytes.
    pub span: Range<usize>,
    /// What is wrong there.
    pub text: String,
}

/// One thing that is wrong or doubtful in a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code, as in `omni::spec::unknown_key`.
    pub code: &'static str,
    /// Whether it forbids the deployment.
    pub severity: Severity,
    /// What is wrong, in one line. Never holds a secret value.
    pub message: String,
    /// What the reader can do about it.
    pub help: Option<String>,
    /// The path in the spec, as in `services.web.image`; empty where the whole file is meant.
    pub path: String,
    /// Where it stands; the first is the main place. None where no place in the file is to blame.
    pub labels: Vec<Label>,
}

impl Problem {
    pub(super) fn error(code: &'static str, path: &[String], message: impl Into<String>) -> Self {
        let (message, path) = (short(message.into()), tree::joined(path));
        Self { code, severity: Severity::Error, message, help: None, path, labels: Vec::new() }
    }

    pub(super) fn warning(code: &'static str, path: &[String], message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, path, message) }
    }

    pub(super) fn label(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: short(text.into()) });
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(short(help.into()));
        self
    }

    pub(super) fn help_if(mut self, help: Option<String>) -> Self {
        self.help = help.map(short).or(self.help);
        self
    }

    /// Where it starts in the text, in bytes; the start of the text where it has no place.
    #[must_use]
    pub fn start(&self) -> usize {
        self.labels.first().map_or(0, |label| label.span.start)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(spans(&self.labels))
    }
}

/// The longest word of the user's that is repeated whole, in characters.
const LONGEST_WORD: usize = 120;

/// The text with very long words cut in their middle: a message of 20 KB says nothing. What others wrote into it
/// shows, and does nothing else.
fn short(text: String) -> String {
    let text = match masked(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    };
    if text.len() <= LONGEST_WORD {
        return text;
    }
    let word = |word: &str| {
        let length = word.chars().count();
        if length <= LONGEST_WORD {
            return word.to_owned();
        }
        let (start, end): (String, String) =
            (word.chars().take(60).collect(), word.chars().skip(length - 20).collect());
        format!("{start}…{end}")
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Places as miette takes them; the first is the main one.
pub(super) fn spans(labels: &[Label]) -> Box<dyn Iterator<Item = LabeledSpan> + '_> {
    let labels = labels.iter().enumerate().map(|(at, label)| {
        let text = Some(label.text.clone()).filter(|text| !text.is_empty());
        match at {
            0 => LabeledSpan::new_primary_with_span(text, label.span.clone()),
            _ => LabeledSpan::new_with_span(text, label.span.clone()),
        }
    });
    Box::new(labels)
}
