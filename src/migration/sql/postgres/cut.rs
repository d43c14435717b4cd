//! Where one statement of PostgreSQL ends and the next begins, and what in a script is no SQL.
//!
//! Tokens come from the parser's own lexer. The rule is psql's: a `;` ends a statement unless it stands in parentheses
//! (`CREATE RULE`) or in a body of `BEGIN ATOMIC`. Each statement is then read alone, so that one which cannot be read
//! spoils no other.

use std::ops::Range;

use squawk_lexer::{LiteralKind, Token, TokenKind, tokenize};

/// How deep a statement may nest: the parser calls itself for each level. PostgreSQL's own limit is far higher, real
/// statements stay far below.
const DEEPEST: usize = 200;

/// How many tokens a statement may have: the parser gives up, loudly, on what it takes for endless.
const LONGEST: usize = 150_000;

/// A part of a script between two `;`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// From its first token to its last, in bytes.
    pub(super) span: Range<usize>,
    /// Whether the parser may be asked at all.
    pub(super) is_readable: bool,
    /// Whether it begins with a `\`, as psql's own commands do.
    pub(super) is_command: bool,
}

/// What has been seen of the statement so far.
#[derive(Default)]
struct Seen {
    span: Option<Range<usize>>,
    tokens: usize,
    /// Operators since the last comma, for each open parenthesis or `CASE`.
    levels: Vec<usize>,
    operators: usize,
    /// The operators and the levels that are open.
    depth: usize,
    parentheses: usize,
    /// The first words, until it is known whether a body may follow.
    words: Vec<String>,
    /// How many `BEGIN` and `CASE` of a body are open.
    bodies: usize,
    is_broken: bool,
    /// Whether lines of data follow it, as after `COPY … FROM STDIN`.
    is_followed: bool,
}

/// The parts of a script that hold something.
pub(super) fn cuts(text: &str) -> Vec<Cut> {
    let mut found = Vec::new();
    // A mark of byte order is no SQL; PostgreSQL itself would take it for a word.
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while at < text.len() {
        at = cut(text, at, &mut found);
    }
    found
}

/// Finds the parts from here on, up to a line that is no SQL, and says where to go on. What follows such a line is read
/// afresh: a quote in it begins nothing.
fn cut(text: &str, start: usize, found: &mut Vec<Cut>) -> usize {
    let (mut seen, mut at) = (Seen::default(), start);
    for token in tokenize(&text[start..]) {
        let span = at..at + token.len as usize;
        at = span.end;
        let piece = &text[span.clone()];
        if piece == "\\" && seen.span.is_none() {
            let line = text[span.start..].find('\n').map_or(text.len(), |end| span.start + end);
            let end = span.start + text[span.start..line].trim_ascii_end().len();
            found.push(Cut { span: span.start..end, is_readable: false, is_command: true });
            return line;
        }
        if matches!(token.kind, TokenKind::Semi) && seen.ends() {
            let is_followed = seen.is_followed;
            found.extend(std::mem::take(&mut seen).cut());
            if is_followed {
                return text[span.end..].find("\n\\.").map_or(text.len(), |end| span.end + end + 3);
            }
        } else {
            seen.take(token, piece, span);
        }
    }
    found.extend(seen.cut());
    text.len()
}

impl Seen {
    fn ends(&self) -> bool {
        self.parentheses == 0 && self.bodies == 0
    }

    fn cut(self) -> Option<Cut> {
        let is_readable = !self.is_broken && self.tokens <= LONGEST;
        Some(Cut { span: self.span?, is_readable, is_command: false })
    }

    fn take(&mut self, token: Token, piece: &str, span: Range<usize>) {
        match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment { terminated: true } | TokenKind::Eof => return,
            TokenKind::Whitespace if piece.is_ascii() => return,
            // A space of another script is none to the server.
            TokenKind::Whitespace => self.is_broken = true,
            kind => self.is_broken |= is_cut_off(kind),
        }
        self.tokens += 1;
        self.span = Some(self.span.take().map_or(span.clone(), |seen| seen.start..span.end));
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket => {
                self.parentheses += 1;
                self.open();
            }
            TokenKind::CloseParen | TokenKind::CloseBracket => {
                self.parentheses = self.parentheses.saturating_sub(1);
                self.close();
            }
            TokenKind::Comma => self.operators = 0,
            TokenKind::Ident => self.word(&piece.to_ascii_lowercase()),
            TokenKind::Literal { .. } | TokenKind::QuotedIdent { .. } | TokenKind::Dot | TokenKind::Colon => {}
            _ => self.operators += 1,
        }
        self.is_broken |= self.depth + self.operators > DEEPEST;
    }

    fn open(&mut self) {
        self.depth += self.operators + 1;
        self.levels.push(self.operators);
        self.operators = 0;
    }

    fn close(&mut self) {
        let Some(operators) = self.levels.pop() else { return };
        self.depth -= operators + 1;
        self.operators = operators;
    }

    fn word(&mut self, word: &str) {
        match word {
            "case" => self.open(),
            "end" => self.close(),
            "and" | "or" | "when" | "then" | "from" | "where" => self.operators = 0,
            "not" | "explain" | "begin" | "with" | "select" => self.operators += 1,
            _ => {}
        }
        let is_copy = self.words.first().is_some_and(|first| first == "copy");
        self.is_followed |= is_copy && word == "stdin" && self.parentheses == 0;
        if self.words.len() < 4 {
            self.words.push(word.to_owned());
        }
        let may_have_body = self.words.first().is_some_and(|first| first == "create")
            && self.words.iter().any(|word| word == "function" || word == "procedure");
        match word {
            "begin" if may_have_body => self.bodies += 1,
            "case" if self.bodies > 0 => self.bodies += 1,
            "end" => self.bodies = self.bodies.saturating_sub(1),
            _ => {}
        }
    }
}

/// Whether a token begins and does not end.
fn is_cut_off(kind: TokenKind) -> bool {
    use LiteralKind as L;
    match kind {
        TokenKind::BlockComment { terminated } | TokenKind::QuotedIdent { terminated, .. } => !terminated,
        TokenKind::Literal { kind } => match kind {
            L::Str { terminated }
            | L::NationalStr { terminated }
            | L::ByteStr { terminated }
            | L::BitStr { terminated }
            | L::DollarQuotedString { terminated }
            | L::UnicodeEscStr { terminated }
            | L::EscStr { terminated } => !terminated,
            L::Int { .. } | L::Numeric { .. } => false,
        },
        _ => false,
    }
}
