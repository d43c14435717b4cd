//! Where one statement of SQLite ends and the next begins.
//!
//! Tokens come from the parser's own lexer; the rule is SQLite's shell's: a `;` ends a statement, but within
//! `CREATE TRIGGER` only the one after `; END`. Each statement is then read alone.

use std::ops::Range;

use sqlite3_parser::lexer::Scanner;
use sqlite3_parser::lexer::sql::{TokenType as T, Tokenizer};

/// How deep a statement may nest; SQLite itself takes 1,000 levels.
const DEEPEST: usize = 200;

/// A part of a script between two `;`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// From its first token to its last, in bytes.
    pub(super) span: Range<usize>,
    /// Whether the parser may be asked at all.
    pub(super) is_readable: bool,
    /// Whether it begins with a `.`, as the commands of SQLite's shell do.
    pub(super) is_command: bool,
}

/// The parts of a script that hold something. From the statement on that the lexer cannot read, all is one part.
pub(super) fn cuts(text: &str) -> Vec<Cut> {
    let mut found = Vec::new();
    let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some((cut, next)) = cut(text, start) {
        found.extend(cut);
        start = next;
    }
    found
}

/// The part that begins here or later, and where to go on; none at the end.
fn cut(text: &str, start: usize) -> Option<(Option<Cut>, usize)> {
    let mut scanner = Scanner::new(Tokenizer::new());
    let input = text.get(start..)?.as_bytes();
    let (mut span, mut words): (Option<Range<usize>>, Vec<T>) = (None, Vec::new());
    let (mut depth, mut last, mut is_readable) = (0_usize, [None; 2], true);
    loop {
        let (from, kind, to) = match scanner.scan(input) {
            Ok((from, Some((_, kind)), to)) => (start + from, kind, start + to),
            Ok((_, None, _)) if span.is_none() => return None,
            Ok((_, None, _)) => {
                return Some((span.map(|span| Cut { span, is_readable, is_command: false }), text.len()));
            }
            // Where the rest ends, nobody can say.
            Err(_) => return unread(text, span.map_or(start, |span| span.start)),
        };
        if kind == T::TK_SEMI && (ends_trigger(last) || !is_trigger(&words)) {
            return Some((span.map(|span| Cut { span, is_readable, is_command: false }), to));
        }
        if span.is_none() && kind == T::TK_DOT {
            let end = text[from..].find('\n').map_or(text.len(), |end| from + end);
            let trimmed = from + text[from..end].trim_ascii_end().len();
            return Some((Some(Cut { span: from..trimmed, is_readable: false, is_command: true }), end));
        }
        match kind {
            T::TK_LP => depth += 1,
            T::TK_RP => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_readable &= depth <= DEEPEST;
        if words.len() < 4 {
            words.push(kind);
        }
        last = [last[1], Some(kind)];
        span = Some(span.map_or(from..to, |span| span.start..to));
    }
}

/// The rest of a script as one part.
fn unread(text: &str, start: usize) -> Option<(Option<Cut>, usize)> {
    let rest = &text[start..];
    let start = text.len() - rest.trim_ascii_start().len();
    let span = start..text.trim_ascii_end().len();
    (!span.is_empty()).then_some((Some(Cut { span, is_readable: false, is_command: false }), text.len()))
}

/// Whether these two tokens before a `;` end a trigger: the `END` of a `CASE` follows no `;`.
fn ends_trigger(last: [Option<T>; 2]) -> bool {
    last[1] == Some(T::TK_END) && matches!(last[0], Some(T::TK_SEMI | T::TK_BEGIN))
}

fn is_trigger(words: &[T]) -> bool {
    let created = matches!(words.first(), Some(T::TK_CREATE))
        || (matches!(words.first(), Some(T::TK_EXPLAIN)) && matches!(words.get(1), Some(T::TK_CREATE)));
    created && words.contains(&T::TK_TRIGGER)
}
