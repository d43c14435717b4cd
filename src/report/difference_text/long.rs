//! A long text as a unified diff: line by line, or word by word where it is a list.

use similar::{ChangeTag, TextDiff};

use super::value;
use crate::plain::plain;

/// From how many characters on a value has lines of its own.
const LONG: usize = 48;

/// Whether a value is too long to stand beside another.
pub(super) fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().count() > LONG
}

/// The lines of a change, each with its sign; unchanged ones around it have a blank.
pub(super) fn changed(path: &str, before: &str, after: &str, context: usize) -> Vec<(char, String)> {
    match (pieces(before), pieces(after)) {
        (Some(before), Some(after)) => unified(&before, &after, context),
        _ => vec![('-', format!("- {}", value(path, before))), ('+', format!("+ {}", value(path, after)))],
    }
}

/// The lines of a text, or the words of a list; none where it is one line.
fn pieces(text: &str) -> Option<Vec<String>> {
    let words = || serde_json::from_str::<Vec<String>>(text).ok().filter(|words| words.len() > 1);
    if text.contains('\n') {
        Some(text.split('\n').map(plain).collect())
    } else {
        words().map(|words| words.iter().map(|word| format!("\"{}\"", plain(word))).collect())
    }
}

fn unified(before: &[String], after: &[String], context: usize) -> Vec<(char, String)> {
    let before: Vec<_> = before.iter().map(String::as_str).collect();
    let after: Vec<_> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&before, &after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(context) {
        if let (Some(first), Some(last)) = (group.first(), group.last()) {
            let (old, new) =
                (first.old_range().start..last.old_range().end, first.new_range().start..last.new_range().end);
            let part = |range: std::ops::Range<usize>| format!("{},{}", range.start + 1, range.len());
            lines.push((' ', format!("@@ -{} +{} @@", part(old), part(new))));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push((sign, format!("{sign} {}", change.value())));
        }
    }
    lines
}
