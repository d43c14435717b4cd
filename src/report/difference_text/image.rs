//! The image of a container in two lines: the reference that people know, and exactly which one it is.

use super::{Entry, short, sign};
use crate::resource::{Difference, Shown};

/// Whether a difference is about which image a container runs.
pub(super) fn is_image(difference: &Difference) -> bool {
    difference.path == "image" || difference.path.starts_with("image.")
}

/// Whether a field says exactly which image it is.
fn is_pin(path: &str) -> bool {
    matches!(path, "image.digest" | "image.id" | "image.build")
}

/// All differences about the image as one entry; none where there are none.
pub(super) fn entry(differences: &[&Difference]) -> Option<Entry> {
    if differences.is_empty() {
        return None;
    }
    let sign = sign(differences.iter().all(|d| d.before.is_none()), differences.iter().all(|d| d.after.is_none()));
    let reference = pair(differences, |path| path == "image");
    let pin = pair(differences, is_pin);
    let lines: Vec<_> = [reference, pin].into_iter().flatten().collect();
    // The node's name changes with the reference; alone it is worth a line.
    let value = if lines.is_empty() { pair(differences, |path| path == "image.node") } else { Some(lines.join("\n")) };
    let (label, value) = ("image".to_owned(), value.unwrap_or_default());
    let apart = value.lines().flat_map(|line| match line.split_once(" -> ") {
        Some((before, after)) => vec![('-', format!("- {before}")), ('+', format!("+ {after}"))],
        None => vec![(sign, line.to_owned())],
    });
    Some(Entry { sign, label, apart: apart.collect(), value, more: Vec::new() })
}

fn pair(differences: &[&Difference], wanted: fn(&str) -> bool) -> Option<String> {
    let mut wanted = differences.iter().filter(|difference| wanted(&difference.path)).peekable();
    wanted.peek()?;
    let (mut before, mut after) = (None, None);
    for difference in wanted {
        before = before.or_else(|| side(&difference.path, difference.before.as_ref()));
        after = after.or_else(|| side(&difference.path, difference.after.as_ref()));
    }
    match (before, after) {
        (Some(before), Some(after)) => Some(format!("{before} -> {after}")),
        (only, other) => only.or(other),
    }
}

fn side(path: &str, shown: Option<&Shown>) -> Option<String> {
    let built = if path == "image.build" { "build:" } else { "" };
    match shown? {
        Shown::Text(text) => Some(format!("{built}{}", short(text))),
        Shown::Secret => Some("(secret)".to_owned()),
    }
}
