//! `plain`: foreign text made safe to print.
//!
//! Names, labels, log lines and error texts of others may hold escape sequences that rewrite a terminal, or characters
//! that reorder what is read. All of it passes through here before it is kept or shown.

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
            c if c.is_control() || reorders(c) => {}
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

const fn reorders(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

#[cfg(test)]
mod tests {
    use super::plain;

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
}
