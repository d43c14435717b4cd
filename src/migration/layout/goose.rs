//! goose: `VERSION_NAME.sql` with both ways behind annotations, in the order of the numbers.
//!
//! goose's command refuses a folder in which any `.sql` is no migration. What it calls a statement does not matter
//! here: its annotations are comments to a database. Where its parser is in a file is left to `annotations`.

mod annotations;

use annotations::Sections;

use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Piece, Script};

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let mut scripts = Vec::new();
    for path in reading.flat() {
        if let Some(stem) = path.strip_suffix(".sql") {
            scripts.extend(script(&mut reading, path, stem));
        } else if let Some(stem) = path.strip_suffix(".go")
            && !stem.ends_with("_test")
            && version(stem).is_some()
        {
            let help = "write it in SQL, or leave this folder to goose";
            reading.problem(path, None, "it is a migration in Go, which omni cannot run", help);
        }
    }
    scripts.sort_by_key(|(version, _)| *version);
    reading.finish_with_checks(scripts.into_iter().map(|(_, script)| script).collect())
}

fn script(reading: &mut Reading<'_>, path: &str, stem: &str) -> Option<(i64, Script)> {
    let Some(version) = version(stem) else {
        let help = "call it `VERSION_NAME.sql`, with a number from 1 on for its version, or move it elsewhere";
        reading.problem(path, None, "its name starts with no version, which goose refuses", help);
        return None;
    };
    let verify = reading.check(stem);
    let sections = match Sections::of(reading.text(path)?) {
        Ok(sections) => sections,
        Err(fault) => {
            reading.problem(path, fault.line, fault.message, fault.help);
            return None;
        }
    };
    let piece = |(line, text): (usize, &str)| Piece {
        path: path.to_owned(),
        line,
        text: text.to_owned(),
        is_bare: sections.is_bare,
    };
    let script = Script {
        name: stem.to_owned(),
        version: version.to_string(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: piece(sections.up),
        down: sections.down.map(piece),
        verify,
    };
    Some((version, script))
}

/// The version that a name starts with.
fn version(stem: &str) -> Option<i64> {
    stem.split_once('_')?.0.parse().ok().filter(|version| *version >= 1)
}

/// Whether a text has goose's annotations.
pub(super) fn has_markers(text: &str) -> bool {
    annotations::annotations(text).next().is_some()
}
