//! dbmate: `VERSION_NAME.sql` with both ways behind markers, in the byte-wise order of the file names.
//!
//! The version is text: every digit that the name starts with, zeros too. A block begins with its marker, which is
//! a comment to the database and is sent to it.

use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Piece, Script, Way};

/// A marker in a file: its line from 1, where that begins, which way it is, and whether it says `transaction:false`.
struct Marker {
    line: usize,
    start: usize,
    way: Way,
    is_bare: bool,
}

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let mut scripts = Vec::new();
    for path in reading.flat() {
        if let Some(version) = version(path) {
            scripts.extend(script(&mut reading, path, version));
        }
    }
    reading.finish_with_checks(scripts)
}

/// The version of a file; none where it is no migration: `^(\d+).*\.sql$`.
pub(super) fn version(path: &str) -> Option<&str> {
    let stem = path.strip_suffix(".sql")?;
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    Some(&stem[..digits]).filter(|digits| !digits.is_empty())
}

fn script(reading: &mut Reading<'_>, path: &str, version: &str) -> Option<Script> {
    let stem = path.strip_suffix(".sql").unwrap_or(path);
    let verify = reading.check(stem);
    let text = reading.text(path)?;
    let markers: Vec<_> = markers(text).collect();
    if let Some((line, message, help)) = fault(text, &markers) {
        reading.problem(path, line, message, help);
        return None;
    }
    let [up, down] = markers.as_slice() else { return None };
    let piece = |marker: &Marker, end: usize| Piece {
        path: path.to_owned(),
        line: marker.line,
        text: text[marker.start..end].to_owned(),
        is_bare: marker.is_bare,
    };
    Some(Script {
        name: stem.to_owned(),
        version: version.to_owned(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: piece(up, down.start),
        down: Some(piece(down, text.len())),
        verify,
    })
}

/// The line to blame, what is wrong, and what to do.
type Fault = (Option<usize>, &'static str, &'static str);

/// What dbmate would refuse.
fn fault(text: &str, markers: &[Marker]) -> Option<Fault> {
    let first = |way| markers.iter().position(|marker| marker.way == way);
    let Some(up) = first(Way::Up) else {
        return Some((None, "it has no `-- migrate:up`", "put the line before the way forward"));
    };
    let Some(down) = first(Way::Down) else {
        return Some((
            None,
            "it has no `-- migrate:down`",
            "put the line before the way back, also where that is empty",
        ));
    };
    if down < up {
        let message = "`-- migrate:down` stands before `-- migrate:up`";
        return Some((Some(markers[down].line), message, "put the way forward first"));
    }
    if let Some(third) = markers.get(2) {
        let message = "a second block of the same way, which dbmate cannot apply";
        return Some((Some(third.line), message, "put it in a file of its own"));
    }
    let before = text[..markers[up].start].lines().position(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with("--")
    });
    let message = "a statement stands before `-- migrate:up`, which dbmate refuses";
    before.map(|at| (Some(at + 1), message, "put it behind the marker"))
}

pub(super) fn has_markers(text: &str) -> bool {
    markers(text).next().is_some()
}

fn markers(text: &str) -> impl Iterator<Item = Marker> {
    let lines = text.split_inclusive('\n').scan(0, |end, line| {
        *end += line.len();
        Some((*end - line.len(), line))
    });
    lines.enumerate().filter_map(|(at, (start, line))| {
        let word = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
        let (way, rest) = match (word.strip_prefix("up"), word.strip_prefix("down")) {
            (Some(rest), _) => (Way::Up, rest),
            (_, Some(rest)) => (Way::Down, rest),
            _ => return None,
        };
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            return None;
        }
        let is_bare = rest.split_whitespace().any(|option| option == "transaction:false");
        Some(Marker { line: at + 1, start, way, is_bare })
    })
}
