//! `plain`: foreign text made safe to print.
//!
//! Names, labels, log lines and error texts of others may hold escape sequences that rewrite a terminal, or characters
//! that reorder what is read. All of it passes through here before it is kept or shown. `masked` is for excerpts of
//! a text in which every byte has to keep its place.

use std::borrow::Cow;
use std::fmt::Write;

/// The text in one line, without escape sequences, control characters and characters that reorder text.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            '\t' | '\n' | '\r' => clean.push(' '),
            c if is_hidden(c) => {}
            c => clean.push(c),
        }
    }
    clean.truncate(clean.trim_end().len());
    clean
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_escape(rest: &mut Chars<'_>) {
    match rest.next() {
        Some('[') => skip_control_sequence(rest),
        // Operating system commands and their kin end with BEL or with ESC and a backslash.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && rest.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        // The other escapes are two characters long, or three where the second picks a character set.
        Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => {
            rest.next();
        }
        Some(_) | None => {}
    }
}

fn skip_control_sequence(rest: &mut Chars<'_>) {
    for c in rest.by_ref() {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            break;
        }
    }
}

/// Whether a character does something else than show: it moves the cursor, hides, or reorders what is read.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with each hidden character but the newline and the tab replaced by one that shows and has as many bytes.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !matches!(c, '\n' | '\t');
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match (hidden(c), c.len_utf8()) {
        (false, _) => c,
        (true, 1) => '?',
        (true, 2) => '\u{bf}',
        (true, 3) => '\u{fffd}',
        (true, _) => '\u{1f6ab}',
    };
    // The end of a line of Windows shows nothing, and nothing is hidden by it.
    Cow::Owned(text.replace("\r\n", " \n").chars().map(shown).collect())
}

/// The text with every hidden character masked but newlines, tabs and colours: the last door before a terminal. What
/// draws has used `plain` long before; what slips through there does no harm here.
#[must_use]
pub fn coloured(text: &str) -> Cow<'_, str> {
    let mut pieces = text.split('\u{1b}');
    let first = masked(pieces.next().unwrap_or_default());
    if matches!(first, Cow::Borrowed(first) if first.len() == text.len()) {
        return first;
    }
    let piece = |piece: &str| {
        let sign =
            piece.strip_prefix('[').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        let escape = if sign.is_some_and(|sign| sign.starts_with('m')) { "\u{1b}" } else { "?" };
        format!("{escape}{}", masked(piece))
    };
    Cow::Owned(pieces.fold(first.into_owned(), |safe, rest| safe + &piece(rest)))
}

/// A JSON document with each hidden character but its newlines written as `\u…`: it says the same, and does nothing.
#[must_use]
pub fn escaped(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && c != '\n';
    if !json.contains(hidden) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::{coloured, escaped, is_hidden, masked, plain};

    #[test]
    fn removes_what_could_rewrite_a_terminal() {
        for (foreign, safe) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\u{1b}]8;;http://x\u{1b}\\link", "alink"),
            ("one\r\ntwo\tthree", "one  two three"),
            ("a\u{202e}b\u{200b}c", "abc"),
            ("\u{9b}2Jx", "x"),
            ("nul\0bell\u{7}", "nulbell"),
            ("unfinished \u{1b}]0;never", "unfinished"),
            ("Grüße ✓", "Grüße ✓"),
        ] {
            assert_eq!(plain(foreign), safe, "{foreign:?}");
        }
    }

    #[test]
    fn removes_what_is_read_and_not_seen() {
        for hidden in ['\u{ad}', '\u{180e}', '\u{200d}', '\u{2028}', '\u{2029}', '\u{206f}', '\u{feff}', '\u{e0041}'] {
            assert_eq!(plain(&format!("a{hidden}b")), "ab", "{hidden:?}");
        }
    }

    #[test]
    fn a_mask_shows_and_keeps_every_place() {
        let foreign = "a\u{1b}[31m\tb\u{9b}c\r\u{202e}d\u{e0041}\r\n\u{ad}e";
        let mask = masked(foreign);
        assert_eq!(mask, "a?[31m\tb\u{bf}c?\u{fffd}d\u{1f6ab} \n\u{bf}e");
        assert_eq!(mask.len(), foreign.len());
        assert!(mask.chars().all(|c| !is_hidden(c) || matches!(c, '\n' | '\t')));
        assert!(foreign.char_indices().map(|(at, _)| at).eq(mask.char_indices().map(|(at, _)| at)));
        assert!(matches!(masked("Grüße\n"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn an_escaped_document_says_the_same() {
        let said = "a\u{7f}\u{9b}\u{202e}\u{e0041}\u{1b}b\nü";
        let json = serde_json::to_string_pretty(&[said]).expect("a text");
        let safe = escaped(&json);
        assert!(safe.chars().all(|c| !is_hidden(c) || c == '\n'), "{safe}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&safe).expect("a document"), [said]);
    }

    #[test]
    fn only_colours_pass_the_last_door() {
        for (text, safe) in [
            ("plain\n\tü", "plain\n\tü"),
            ("\u{1b}[1;31mred\u{1b}[0m \u{1b}[2J\u{1b}]0;x\u{7}", "\u{1b}[1;31mred\u{1b}[0m ?[2J?]0;x?"),
            ("\u{1b}[m\u{1b}", "\u{1b}[m?"),
            ("a\u{202e}\rb", "a\u{fffd}?b"),
        ] {
            assert_eq!(coloured(text), safe);
        }
    }
}
