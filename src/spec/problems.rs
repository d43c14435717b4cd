//! `Problems`: everything that is wrong in one spec, in one report, with the text it stands in.
//!
//! The text is attached once, here. A caller draws each `Shown` with a handler of miette, or reads the fields of each
//! `Problem` for another format. Which format and which exit code, is left to `report` and `cli`.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::excerpt::Excerpt;
use super::problem::{self, Problem, Severity};
use crate::plain::{masked, plain};

/// The text of a spec and the name of its file, as they can be shown: what would hide or rewrite is masked, and every
/// byte keeps its place.
#[derive(Debug, Clone)]
pub struct Source {
    inner: NamedSource<Arc<str>>,
}

impl Source {
    pub(super) fn new(file_name: &str, text: &str) -> Self {
        let text = Arc::from(masked(text).as_ref());
        Self { inner: NamedSource::new(plain(file_name), text).with_language("TOML") }
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.inner.inner()
    }

    /// The line and the column of a byte of the text, both from 1; columns count characters.
    #[must_use]
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let mut end = byte.min(self.text().len());
        while !self.text().is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text()[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// The most problems that are told: nobody reads more, and each is drawn in its text.
pub(super) const MOST: usize = 200;

/// What is wrong or doubtful in a spec, sorted by place; errors first where not all are told. As an error it holds at
/// least one error.
#[derive(Debug, Clone)]
pub struct Problems {
    source: Source,
    list: Vec<Problem>,
    /// How many errors and how many warnings there are.
    counts: (usize, usize),
}

impl Problems {
    pub(super) fn new(source: Source, mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| {
            (a.start(), a.severity, a.code, &a.message).cmp(&(b.start(), b.severity, b.code, &b.message))
        });
        list.dedup();
        let errors = list.iter().filter(|problem| problem.severity == Severity::Error).count();
        let counts = (errors, list.len() - errors);
        if list.len() > MOST {
            list.sort_by_key(|problem| problem.severity);
            list.truncate(MOST);
        }
        Self { source, list, counts }
    }

    /// The problems of a text that was never read as a spec.
    #[must_use]
    pub fn of(file_name: &str, text: &str, list: Vec<Problem>) -> Self {
        Self::new(Source::new(file_name, text), list)
    }

    /// The text they stand in.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The problems, sorted by place; the first 200 where there are more.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// How many of them forbid the deployment.
    #[must_use]
    pub const fn errors(&self) -> usize {
        self.counts.0
    }

    /// How many of them only warn.
    #[must_use]
    pub const fn warnings(&self) -> usize {
        self.counts.1
    }

    /// Each problem with its text, ready for a handler of miette.
    pub fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        self.list.iter().map(|problem| Shown {
            problem,
            source: &self.source,
            excerpt: Excerpt::of(&self.source, &problem.labels),
        })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        match (self.errors(), self.warnings()) {
            (errors, 0) => f.write_str(&counted(errors, "error")),
            (0, warnings) => f.write_str(&counted(warnings, "warning")),
            (errors, warnings) => write!(f, "{}, {}", counted(errors, "error"), counted(warnings, "warning")),
        }
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source.inner)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.list.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// One problem with the text it stands in.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    problem: &'a Problem,
    source: &'a Source,
    /// In place of the text where a line of it is too long to be shown.
    excerpt: Option<Excerpt>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.code()
    }

    fn severity(&self) -> Option<miette::Severity> {
        self.problem.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match &self.excerpt {
            Some(excerpt) => Some(problem::spans(&excerpt.labels)),
            None => self.problem.labels(),
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        if let Some(excerpt) = &self.excerpt {
            return Some(excerpt);
        }
        (!self.problem.labels.is_empty()).then_some(&self.source.inner as &dyn SourceCode)
    }
}
