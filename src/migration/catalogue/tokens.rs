//! The tokens of SQL as `SQLite` keeps it in its schema, each written in one way only.
//!
//! `SQLite` keeps the text that made a thing, comments and all, and rewrites parts of it where a thing is renamed. Two
//! texts with the same tokens say the same. What the tokens make up is left to `sqlite`.

use std::iter::Peekable;
use std::str::CharIndices;

/// The words that have to be quoted where they are names.
const KEYWORDS: &str = " abort action add after all alter always analyze and as asc attach autoincrement before begin \
    between by cascade case cast check collate column commit conflict constraint create cross current current_date \
    current_time current_timestamp database default deferrable deferred delete desc detach distinct do drop each else \
    end escape except exclude exclusive exists explain fail filter first following for foreign from full generated \
    glob group groups having if ignore immediate in index indexed initially inner insert instead intersect into is \
    isnull join key last left like limit match materialized natural no not nothing notnull null nulls of offset on or \
    order others outer over partition plan pragma preceding primary query raise range recursive references regexp \
    reindex release rename replace restrict returning right rollback row rows savepoint select set table temp \
    temporary then ties to transaction trigger unbounded union unique update using vacuum values view virtual when \
    where window with without true false ";

/// Operators of more than one character, the longer ones first.
const OPERATORS: [&str; 10] = ["->>", "||", "<<", ">>", "<=", ">=", "<>", "!=", "==", "->"];

/// The tokens of a text, without comments, white space and semicolons at its end. Words and names are in lower case,
/// and a name is in double quotes only where it has to be; strings and numbers are as they are written.
#[must_use]
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = token(rest, first);
        found.extend(token);
        rest = &rest[length..];
    }
    while found.last().is_some_and(|token| token == ";") {
        found.pop();
    }
    found
}

/// The first token of a text that begins with a character, and how long it is there; none for what says nothing.
fn token(text: &str, first: char) -> (Option<String>, usize) {
    let second = text[first.len_utf8()..].chars().next();
    let span = |end: Option<usize>| end.unwrap_or(text.len());
    match first {
        c if c.is_whitespace() => (None, first.len_utf8()),
        '-' if second == Some('-') => (None, span(text.find('\n'))),
        '/' if second == Some('*') => (None, span(text[2..].find("*/").map(|at| at + 4))),
        'x' | 'X' if second == Some('\'') => {
            let length = 1 + quoted(&text[1..], '\'');
            (Some(text[..length].to_lowercase()), length)
        }
        '\'' => {
            let length = quoted(text, '\'');
            (Some(text[..length].to_owned()), length)
        }
        '"' | '`' | '[' => {
            let length = if first == '[' { span(text.find(']').map(|at| at + 1)) } else { quoted(text, first) };
            (Some(name(&text[..length], first)), length)
        }
        c if c.is_ascii_digit() || (c == '.' && second.is_some_and(|c| c.is_ascii_digit())) => {
            let length = number(text);
            (Some(text[..length].to_owned()), length)
        }
        c if begins_word(c) => {
            let length = span(text.find(|c| !continues_word(c)));
            (Some(text[..length].to_lowercase()), length)
        }
        c => {
            let operator = OPERATORS.into_iter().find(|operator| text.starts_with(operator));
            let operator = operator.map_or_else(|| c.to_string(), str::to_owned);
            let length = operator.len();
            (Some(operator), length)
        }
    }
}

/// How long the text in quotes is with which this text begins; a quote is doubled within.
fn quoted(text: &str, quote: char) -> usize {
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if c == quote && rest.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// How long the number is with which a text begins.
fn number(text: &str) -> usize {
    let mut rest = text.char_indices().peekable();
    if text.starts_with("0x") || text.starts_with("0X") {
        rest.nth(1);
        return skip(&mut rest, text, |c| c.is_ascii_hexdigit() || c == '_');
    }
    let digits = |c: char| c.is_ascii_digit() || c == '_';
    skip(&mut rest, text, digits);
    if rest.next_if(|(_, c)| *c == '.').is_some() {
        skip(&mut rest, text, digits);
    }
    let end = skip(&mut rest, text, |_| false);
    let power = text[end..].strip_prefix(['e', 'E']).map(|power| power.trim_start_matches(['+', '-']));
    if power.is_some_and(|power| power.starts_with(|c: char| c.is_ascii_digit())) {
        rest.next();
        rest.next_if(|(_, c)| matches!(c, '+' | '-'));
        return skip(&mut rest, text, digits);
    }
    end
}

/// Goes on while it holds; answers where it ends.
fn skip(rest: &mut Peekable<CharIndices<'_>>, text: &str, holds: impl Fn(char) -> bool) -> usize {
    while rest.next_if(|(_, c)| holds(*c)).is_some() {}
    rest.peek().map_or(text.len(), |(at, _)| *at)
}

/// A name that was written in these quotes.
fn name(text: &str, quote: char) -> String {
    let last = if quote == '[' { ']' } else { quote };
    let inner = text.strip_prefix(quote).unwrap_or(text);
    let inner = inner.strip_suffix(last).unwrap_or(inner);
    let inner = match quote {
        '[' => inner.to_lowercase(),
        quote => inner.replace(&format!("{quote}{quote}"), &quote.to_string()).to_lowercase(),
    };
    let is_plain = inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    if is_plain && !KEYWORDS.contains(&format!(" {inner} ")) {
        return inner;
    }
    format!("\"{}\"", inner.replace('"', "\"\""))
}

const fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

const fn continues_word(c: char) -> bool {
    begins_word(c) || c.is_ascii_digit() || c == '$'
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn a_text_has_the_same_tokens_however_it_is_written() {
        for (text, same) in [
            ("create table t (a int)", "CREATE  TABLE\n\"T\"(\ta INT -- the a\n);;"),
            ("create index i on t (a desc)", "create index [I] on `t` /* ( */ (\"a\" DESC) /* never ended"),
            ("check (a<>'z' and b>=1.5e-3)", "CHECK(a <> 'z' AND b >= 1.5e-3)"),
            ("x'00ff'", "X'00FF'"),
            ("a->>'$.b' || c", "a ->> '$.b'||c"),
        ] {
            assert_eq!(tokens(text), tokens(same), "{text}");
        }
    }

    #[test]
    fn what_differs_in_meaning_differs() {
        for (text, other) in [
            ("'z'", "'Z'"),
            ("'a'", "a"),
            ("\"order\"", "order"),
            ("\"a b\"", "a b"),
            ("\"a\"\"b\"", "\"ab\""),
            ("a - - b", "a -- b"),
            ("1.5", "1 .5"),
            ("'it''s'", "'it' 's'"),
            ("a || b", "a | | b"),
        ] {
            assert_ne!(tokens(text), tokens(other), "{text}");
        }
    }

    #[test]
    fn each_kind_is_one_token() {
        let text = "0xFFz .5 1e5 1e 12_000 'a''b' \"a\"\"b\" \"Order\" `d``d` [e e] Grüße <<1";
        let found = tokens(text);
        let whole = [
            "0xFF",
            "z",
            ".5",
            "1e5",
            "1",
            "e",
            "12_000",
            "'a''b'",
            "\"a\"\"b\"",
            "\"order\"",
            "\"d`d\"",
            "\"e e\"",
            "grüße",
            "<<",
            "1",
        ];
        assert_eq!(found, whole);
    }

    #[test]
    fn what_was_cut_off_is_read_to_its_end() {
        for text in ["'a", "\"a", "[a", "`a", "/* a", "-- a", "x'0", "0x", "1.", "é", "'ü"] {
            let found = tokens(text);
            assert!(found.len() <= 2, "{text}: {found:?}");
        }
    }
}
