//! Lines that a narrow terminal can hold: broken between words, further lines under the first.
//!
//! What was laid out already stays as it is; what would be broken by the terminal, in the middle of a word, is broken
//! here. Code between backticks stays whole, to be copied. Where there is room as in a log, nothing is broken: logs are
//! searched line by line.

use crate::plain::plain;
use crate::report::style::Style;
use crate::report::table::width;

/// The least room for the text beside what it hangs under.
const NARROWEST: usize = 24;

/// The text with its lines broken where they are wider than the terminal.
#[must_use]
pub fn fitted(text: &str, style: &Style) -> String {
    let columns = usize::from(style.width);
    if style.width >= Style::default().width {
        return text.to_owned();
    }
    let lines =
        text.lines().flat_map(|line| if wide(line) > columns { broken(line, columns) } else { vec![line.into()] });
    lines.map(|line| line + "\n").collect()
}

/// How many columns a text takes, its colours apart.
fn wide(text: &str) -> usize {
    width(&plain(text))
}

fn broken(line: &str, columns: usize) -> Vec<String> {
    let indent = hang(&plain(line), columns);
    let mut lines = vec![String::new()];
    let mut blanks = 0;
    for word in words(line, columns.saturating_sub(indent)) {
        if word.is_empty() {
            blanks += 1;
            continue;
        }
        let last = lines.last_mut().expect("there is always one");
        let is_first = last.trim().is_empty();
        if is_first || wide(last) + blanks + wide(word) <= columns {
            last.push_str(&" ".repeat(blanks));
            last.push_str(word);
        } else {
            lines.push(format!("{}{word}", " ".repeat(indent)));
        }
        blanks = 1;
    }
    lines
}

/// Where further lines begin: under the text, where enough room is left beside its heading; else a little way in.
fn hang(line: &str, columns: usize) -> usize {
    let leading = line.len() - line.trim_start().len();
    if leading == 0 {
        return 4;
    }
    // A heading ends with at least two blanks.
    let starts = line.char_indices().filter(|(at, c)| *c != ' ' && *at > leading && line[..*at].ends_with("  "));
    let under = starts.map(|(at, _)| width(&line[..at])).take_while(|at| *at <= NARROWEST).last();
    let longest = line.split(' ').map(width).max().unwrap_or(0).max(NARROWEST);
    under.filter(|at| at + longest <= columns).unwrap_or(leading + 2)
}

/// The words of a line; one of the two between blanks that follow each other is empty. Code is one word, unless it is
/// wider than there is room.
fn words(line: &str, room: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut in_code) = (0, false);
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        in_code ^= c == '`';
        if at == line.len() || (c == ' ' && !in_code) {
            let word = &line[start..at];
            if wide(word) > room {
                found.extend(word.split(' '));
            } else {
                found.push(word);
            }
            start = at + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Style, fitted};

    fn at(width: u16, text: &str) -> String {
        fitted(text, &Style { width, ..Style::default() })
    }

    #[test]
    fn lines_are_broken_between_words_and_hang() {
        let text =
            "shop   v1   release 1   applied 2026-11-20 14:02 by root@vm (51s old)\n   = opened 2026-11-20 by ci\n";
        let expected = "shop   v1   release 1   applied
    2026-11-20 14:02 by root@vm (51s
    old)
   = opened 2026-11-20 by ci
";
        assert_eq!(at(40, text), expected);
        assert_eq!(at(100, text), text);
    }

    #[test]
    fn what_stands_beside_a_heading_hangs_under_its_start() {
        let text = "  lock       held by somebody who is far away and cannot be seen\n";
        assert_eq!(at(48, text), "  lock       held by somebody who is far away\n             and cannot be seen\n");
        assert_eq!(at(30, text), "  lock       held by somebody\n    who is far away and cannot\n    be seen\n");
    }

    #[test]
    fn code_is_whole_where_it_can_be_and_colour_takes_no_room() {
        let text = "   help: run `omni recover --back` to undo it\n";
        assert_eq!(at(30, text), "   help: run\n     `omni recover --back` to\n     undo it\n");
        let painted = "\u{1b}[31merror[omni::a::b]\u{1b}[39m: a long way to go from here\n";
        assert_eq!(at(48, painted), painted);
        assert_eq!(at(40, "a `b c` `d\n"), "a `b c` `d\n");
    }
}
