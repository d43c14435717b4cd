//! Differences as lines: one per field, two for an image, a unified diff for a long text.
//!
//! A value with a secret in it is never drawn, nor is the other side of it: a password that moves from a text to a
//! secret is still a password. Which differences there are is left to `resource`.

mod image;
mod long;

use crate::plain::plain;
use crate::plan::Drift;
use crate::report::style::{Style, Tone};
use crate::report::table::{padded, width};
use crate::resource::{Difference, Shown};

/// What the two sides of a difference are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sides {
    /// Before and after a change.
    Change,
    /// Recorded and observed.
    Drift,
}

/// One field and its values, with further lines where one is not enough.
#[derive(Debug)]
struct Entry {
    sign: char,
    label: String,
    /// In one line; an image has two.
    value: String,
    /// The same, each side in a line of its own, where it does not fit beside the label.
    apart: Vec<(char, String)>,
    more: Vec<(char, String)>,
}

impl Entry {
    /// Its lines, where labels are aligned to so many columns.
    fn lines(self, aligned: usize, style: &Style) -> Vec<String> {
        let Self { sign, label, value, apart, more } = self;
        let room = usize::from(style.width);
        let widest = value.lines().map(width).max().unwrap_or(0);
        let label = if aligned + 4 + widest <= room { padded(&label, aligned) } else { label };
        let (value, more) = if width(&label) + 4 + widest <= room { (value, more) } else { (String::new(), apart) };
        let (first, second) = value.split_once('\n').map_or((value.as_str(), None), |(one, two)| (one, Some(two)));
        let mut lines = vec![style.paint(tone(sign), format!("{sign} {label}  {first}").trim_end())];
        let under = |second| style.paint(tone(sign), &format!("  {}  {second}", " ".repeat(width(&label))));
        lines.extend(second.map(under));
        lines.extend(more.iter().map(|(sign, line)| style.paint(tone(*sign), format!("    {line}").trim_end())));
        lines
    }
}

/// The widest label that others are aligned with.
const WIDEST_LABEL: usize = 36;

/// The lines of these differences, painted, without indent. Each starts with its sign, further lines with a blank.
pub(super) fn lines(differences: &[Difference], sides: Sides, style: &Style) -> Vec<String> {
    let (images, others): (Vec<_>, Vec<_>) = differences.iter().partition(|difference| image::is_image(difference));
    let mut entries: Vec<_> = image::entry(&images).into_iter().collect();
    entries.extend(others.into_iter().map(|difference| entry(difference, sides, style.context)));
    let aligned = entries.iter().map(|entry| width(&entry.label)).filter(|wide| *wide <= WIDEST_LABEL).max();
    entries.into_iter().flat_map(|entry| entry.lines(aligned.unwrap_or(0), style)).collect()
}

/// The lines of fields that stay as they are.
pub(super) fn unchanged_lines(fields: &[(String, Shown)], style: &Style) -> Vec<String> {
    let aligned = fields.iter().map(|(path, _)| width(&plain(path))).filter(|wide| *wide <= WIDEST_LABEL).max();
    let drawn = |(path, shown): &(String, Shown)| {
        let value = match shown {
            Shown::Text(text) => value(path, text),
            Shown::Secret => "(secret)".to_owned(),
        };
        let line = format!("  {}  {value}", padded(&plain(path), aligned.unwrap_or(0)));
        let lines = if width(&line) <= usize::from(style.width) {
            vec![line]
        } else {
            vec![format!("  {}", plain(path)), format!("    {value}")]
        };
        lines.into_iter().map(|line| style.paint(Tone::Dim, line.trim_end())).collect::<Vec<_>>()
    };
    fields.iter().flat_map(drawn).collect()
}

/// A drift in one line: its only difference with both values, or its summary.
pub(super) fn in_one_line(drift: &Drift) -> String {
    match drift.differences.as_slice() {
        [difference] => {
            let Entry { label, value, more, .. } = entry(difference, Sides::Drift, 0);
            if more.is_empty() { format!("{label}: {value}") } else { plain(&drift.summary) }
        }
        _ => plain(&drift.summary),
    }
}

const fn tone(sign: char) -> Tone {
    match sign {
        '+' => Tone::Good,
        '-' => Tone::Bad,
        '~' => Tone::Warn,
        _ => Tone::Normal,
    }
}

const fn sign(added: bool, removed: bool) -> char {
    match (added, removed) {
        (true, _) => '+',
        (false, true) => '-',
        (false, false) => '~',
    }
}

fn entry(difference: &Difference, sides: Sides, context: usize) -> Entry {
    let path = difference.path.as_str();
    let (before, after) = (&difference.before, &difference.after);
    let sign = sign(before.is_none(), after.is_none());
    let (value, more) = match (before, after) {
        (Some(Shown::Secret), Some(_)) | (Some(_), Some(Shown::Secret)) => ("(secret, changed)".to_owned(), Vec::new()),
        (Some(Shown::Secret), None) | (None, Some(Shown::Secret)) => ("(secret)".to_owned(), Vec::new()),
        (Some(Shown::Text(before)), Some(Shown::Text(after))) => both(path, before, after, sides, context),
        (Some(Shown::Text(only)), None) | (None, Some(Shown::Text(only))) => one(path, only, sign),
        (None, None) => (String::new(), Vec::new()),
    };
    let value = match (sides, sign) {
        (Sides::Drift, '+') => format!("absent recorded, {value} observed"),
        (Sides::Drift, '-') => format!("{value} recorded, absent observed"),
        _ => value,
    };
    let apart = match (sides, before, after) {
        (_, Some(Shown::Text(before)), Some(Shown::Text(after))) if more.is_empty() => {
            let (before, after) = (self::value(path, before), self::value(path, after));
            match sides {
                Sides::Change => vec![('-', format!("- {before}")), ('+', format!("+ {after}"))],
                Sides::Drift => vec![('-', format!("{before} recorded")), ('+', format!("{after} observed"))],
            }
        }
        _ if more.is_empty() => vec![(sign, value.clone())],
        _ => more.clone(),
    };
    Entry { sign, label: plain(path), value, apart, more }
}

fn both(path: &str, before: &str, after: &str, sides: Sides, context: usize) -> (String, Vec<(char, String)>) {
    if long::is_long(before) || long::is_long(after) {
        return (String::new(), long::changed(path, before, after, context));
    }
    let (before, after) = (value(path, before), value(path, after));
    match sides {
        Sides::Change => (format!("{before} -> {after}"), Vec::new()),
        Sides::Drift => (format!("{before} recorded, {after} observed"), Vec::new()),
    }
}

fn one(path: &str, only: &str, sign: char) -> (String, Vec<(char, String)>) {
    if only.contains('\n') {
        (String::new(), only.lines().map(|line| (sign, format!("{sign} {}", plain(line)))).collect())
    } else {
        (value(path, only), Vec::new())
    }
}

/// A value as people write it: texts in quotes, numbers, switches and lists as they are.
fn value(path: &str, text: &str) -> String {
    const TEXTS: [&str; 8] = ["environment", "labels", "options", "sysctls", "args", "tmpfs", "extra_hosts", "logging"];
    let is_text = TEXTS.iter().any(|field| path.split('.').any(|part| part == *field));
    let bare = !is_text && (text.parse::<i64>().is_ok() || matches!(text, "true" | "false") || text.starts_with('['));
    match (bare, is_text) {
        (true, _) => plain(text),
        (false, true) => format!("\"{}\"", plain(text)),
        (false, false) => format!("\"{}\"", short(text)),
    }
}

/// A digest or a fingerprint cut to its first 12 digits; anything else as it is, safe to print.
fn short(text: &str) -> String {
    let (kind, digits) = text.rsplit_once(':').map_or((None, text), |(kind, digits)| (Some(kind), digits));
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return plain(text);
    }
    match kind {
        Some(kind) => format!("{}:{}", plain(kind), &digits[..12]),
        None => digits[..12].to_owned(),
    }
}
