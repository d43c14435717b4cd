//! `Excerpt`: the lines that a problem is about, the long ones cut around what is said of them.
//!
//! A line of 20 KB would bury its own message. Line numbers, columns and carets stay those of the whole text. How it is
//! drawn is left to a handler of miette.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, NamedSource, SourceCode, SourceSpan, SpanContents};

use super::problem::Label;
use super::problems::Source;

/// The longest line in bytes that is shown whole.
const LONGEST: usize = 160;
/// How many characters are shown before and after a place.
const AROUND: usize = 36;
/// How many characters of a long place are shown.
const INSIDE: usize = 24;
/// What stands for what is left out.
const DOTS: &str = "…";

/// The lines that a problem is about, with long ones cut.
#[derive(Debug, Clone)]
pub(super) struct Excerpt {
    text: NamedSource<String>,
    /// The same places in the cut text.
    pub(super) labels: Vec<Label>,
    /// The column of the first place in the whole text, from 0.
    column: usize,
}

impl Excerpt {
    /// The excerpt around these places; none where no line is long.
    pub(super) fn of(source: &Source, labels: &[Label]) -> Option<Self> {
        let text = source.text();
        let first = labels.first()?;
        let start = labels.iter().map(|label| label.span.start).min()?.min(text.len());
        let end = labels.iter().map(|label| label.span.end).max()?.min(text.len());
        // A line before and a line after are drawn too.
        let begin = line_start(text, line_start(text, start).saturating_sub(1));
        let end = line_end(text, line_end(text, end).saturating_add(1));
        if text.get(begin..end)?.split('\n').all(|line| line.len() <= LONGEST) {
            return None;
        }
        // Nobody sees what is before: its lines are only counted.
        let mut cut = Cut { text: "\n".repeat(text[..begin].matches('\n').count()), kept: Vec::new() };
        let mut at = begin;
        for line in text[begin..end].split_inclusive('\n') {
            cut.line(text, at..at + line.len(), labels);
            at += line.len();
        }
        let moved = labels.iter().map(|label| {
            let span = cut.place(label.span.start)..cut.place(label.span.end);
            Label { span, text: label.text.clone() }
        });
        Some(Self {
            labels: moved.collect(),
            column: source.position(first.span.start).1 - 1,
            text: NamedSource::new(source.name(), cut.text).with_language("TOML"),
        })
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, before, after)?;
        let is_first = self.labels.first().is_some_and(|label| SourceSpan::from(label.span.clone()) == *span);
        if !(is_first && (before, after) == (0, 0)) {
            return Ok(read);
        }
        // The heading says where the place is in the file.
        let (name, data, span) = (self.text.name().to_owned(), read.data(), *read.span());
        let told = MietteSpanContents::new_named(name, data, span, read.line(), self.column, read.line_count());
        Ok(Box::new(told.with_language("TOML")))
    }
}

/// A text that is being cut, and which pieces of the whole text stand where in it.
struct Cut {
    text: String,
    /// Pieces of the whole text and where each begins in the cut one, in order.
    kept: Vec<(Range<usize>, usize)>,
}

impl Cut {
    /// Adds a line of the whole text, with its end.
    fn line(&mut self, whole: &str, line: Range<usize>, labels: &[Label]) {
        let content = line.start..line.start + whole[line.clone()].trim_end_matches(['\r', '\n']).len();
        if content.len() <= LONGEST {
            self.keep(whole, line);
            return;
        }
        let mut last = content.start;
        for piece in pieces(whole, &content, labels) {
            if piece.start > last {
                self.text.push_str(DOTS);
            }
            last = piece.end;
            self.keep(whole, piece);
        }
        if last < content.end {
            self.text.push_str(DOTS);
        }
        self.keep(whole, content.end..line.end);
    }

    fn keep(&mut self, whole: &str, piece: Range<usize>) {
        self.kept.push((piece.clone(), self.text.len()));
        self.text.push_str(&whole[piece]);
    }

    /// Where a place of the whole text stands; what is left out stands at its dots.
    fn place(&self, at: usize) -> usize {
        let next = self.kept.partition_point(|(piece, _)| piece.end < at);
        match self.kept.get(next) {
            Some((piece, begins)) => begins + at.saturating_sub(piece.start),
            None => self.text.len(),
        }
    }
}

/// The pieces of a long line that are shown: around each place in it, or its beginning where there is none.
fn pieces(whole: &str, line: &Range<usize>, labels: &[Label]) -> Vec<Range<usize>> {
    let text = &whole[line.clone()];
    let inside = |at: usize| at.clamp(line.start, line.end) - line.start;
    let touching = labels.iter().filter(|label| label.span.start <= line.end && label.span.end >= line.start);
    let mut found: Vec<Range<usize>> = touching
        .map(|label| {
            let (start, end) = (inside(label.span.start), inside(label.span.end));
            let end = end.min(forth(text, start, INSIDE));
            back(text, start, AROUND)..forth(text, end, AROUND)
        })
        .collect();
    if found.is_empty() {
        found.push(0..forth(text, 0, 2 * AROUND + INSIDE));
    }
    found.sort_by_key(|piece| piece.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for piece in found {
        match joined.last_mut() {
            Some(last) if piece.start <= last.end + DOTS.len() => last.end = last.end.max(piece.end),
            _ => joined.push(piece),
        }
    }
    joined.into_iter().map(|piece| line.start + piece.start..line.start + piece.end).collect()
}

/// So many characters before a place.
fn back(text: &str, at: usize, count: usize) -> usize {
    let at = text.floor_char_boundary(at);
    text[..at].char_indices().rev().take(count).last().map_or(at, |(at, _)| at)
}

/// So many characters after a place.
fn forth(text: &str, at: usize, count: usize) -> usize {
    let at = text.floor_char_boundary(at);
    text[at..].char_indices().nth(count).map_or(text.len(), |(further, _)| at + further)
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    text.as_bytes()[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end)
}
