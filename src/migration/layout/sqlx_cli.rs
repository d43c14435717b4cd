//! sqlx: `VERSION_NAME.sql`, or `VERSION_NAME.up.sql` and `.down.sql`, in the order of the numbers.
//!
//! Other files are ignored, except a `.sql` whose name has a `_` but no number before it: sqlx refuses it.

use super::pairs::{Pair, Pairs};
use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Piece, Script, Way, checksum};

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let mut pairs = Pairs::new();
    for path in reading.flat() {
        let Some((number, rest)) = path.split_once('_').filter(|(_, rest)| is_sql(rest)) else { continue };
        let Ok(version) = number.parse::<i64>() else {
            let help = "call it `VERSION_NAME.sql`, with a number for its version";
            reading.problem(path, None, "its name starts with no version, which sqlx refuses", help);
            continue;
        };
        let way = if rest.ends_with(".down.sql") { Way::Down } else { Way::Up };
        pairs.add(&mut reading, version.into(), way, path);
    }
    let pairs = pairs.in_order(&mut reading);
    let scripts = pairs.iter().filter_map(|pair| script(&mut reading, pair)).collect();
    reading.finish_with_checks(scripts)
}

fn script(reading: &mut Reading<'_>, pair: &Pair<'_>) -> Option<Script> {
    let suffix = if pair.up.ends_with(".up.sql") { ".up.sql" } else { ".sql" };
    let name = pair.up.strip_suffix(suffix).unwrap_or(pair.up);
    let up = reading.piece(pair.up);
    let down = pair.down.and_then(|down| reading.piece(down));
    let verify = reading.check(name);
    let up = up?;
    let description = pair.up.split_once('_').map_or("", |(_, rest)| rest);
    Some(Script {
        name: name.to_owned(),
        version: pair.version.clone(),
        description: description.trim_end_matches(suffix).replace('_', " "),
        checksum: Some(checksum::sha384(up.text.as_bytes())),
        equal: Vec::new(),
        up: marked(up),
        down: down.map(marked),
        verify,
    })
}

/// A piece with sqlx's marker, which counts at the very start of a file only.
fn marked(piece: Piece) -> Piece {
    Piece { is_bare: piece.text.starts_with("-- no-transaction"), ..piece }
}

#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "sqlx compares it so")]
fn is_sql(name: &str) -> bool {
    name.ends_with(".sql")
}
