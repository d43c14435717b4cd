//! Flyway: `V1.2__name.sql` in the order of the versions, and `U1.2__name.sql` as the way back, in any directory.
//!
//! A file whose name fits no rule is ignored, as Flyway does. Its open edition runs no `U` at all, so that a way back
//! is omni's alone. Repeatable and baseline migrations, callbacks and placeholders are refused: a repeatable one runs
//! again whenever its text changes and has no way back, which no `Script` says.

mod settings;
mod version;

use std::collections::BTreeMap;

use settings::Settings;
pub(in crate::migration) use version::Version;

use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Piece, Script, checksum};
use crate::plain::plain;

/// What a file's name makes of it.
enum Role<'a> {
    Up(Version<'a>),
    Down(Version<'a>),
    /// What omni cannot run, in a word.
    Refused(&'static str),
}

type Files<'a> = BTreeMap<Version<'a>, &'a str>;

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let (mut ups, mut downs) = (Files::new(), Files::new());
    for path in reading.paths() {
        let (files, version) = match role(path) {
            Some(Role::Up(version)) => (&mut ups, version),
            Some(Role::Down(version)) => (&mut downs, version),
            Some(Role::Refused(what)) => {
                let help = "migrate by versioned scripts alone, or leave this folder to Flyway";
                reading.problem(path, None, format!("omni runs no {what} of Flyway yet"), help);
                continue;
            }
            None => continue,
        };
        let text = version.to_string();
        if let Some(first) = files.insert(version, path) {
            let message = format!("it has the version `{text}`, as `{}` has", plain(first));
            reading.problem(path, None, message, "give one of them a version of its own");
        }
    }
    let mut scripts = Vec::new();
    for (version, path) in ups {
        let down = downs.remove(&version).and_then(|down| piece(&mut reading, down));
        scripts.extend(script(&mut reading, &version, path, down));
    }
    for (version, path) in downs {
        let message = format!("version `{version}` has a way back and no way forward");
        reading.problem(path, None, message, "add the `V` of this version, or remove this file");
    }
    reading.finish_with_checks(scripts)
}

fn script(reading: &mut Reading<'_>, version: &Version<'_>, path: &str, down: Option<Piece>) -> Option<Script> {
    let stem = &path[..path.len() - ".sql".len()];
    let verify = reading.check(stem);
    let name = stem.rsplit('/').next().unwrap_or(stem);
    let description = name.split_once("__").map_or("", |(_, description)| description).replace('_', " ");
    // Flyway takes its checksum before it drops a byte order mark.
    let checksum = reading.text(path).map(checksum::crc32_of_lines);
    Some(Script {
        name: name.to_owned(),
        version: version.to_string(),
        description: shortened(description),
        checksum,
        equal: Vec::new(),
        up: piece(reading, path)?,
        down,
        verify,
    })
}

fn piece(reading: &mut Reading<'_>, path: &str) -> Option<Piece> {
    let settings = Settings::beside(reading, path);
    let mut piece = reading.piece(path)?;
    if let Some(text) = piece.text.strip_prefix('\u{feff}') {
        piece.text = text.to_owned();
    }
    if settings.has_placeholders
        && let Some((at, name)) = placeholder(&piece.text)
    {
        let line = piece.text[..at].matches('\n').count() + 1;
        let message = format!("`{}` is a placeholder, which omni does not fill in yet", plain(name));
        let help = format!("write its value, or `placeholderReplacement=false` into `{}.conf`", plain(path));
        reading.problem(path, Some(line), message, help);
    }
    piece.is_bare = settings.is_bare;
    Some(piece)
}

/// The first `${…}` of a text, and where it stands.
fn placeholder(text: &str) -> Option<(usize, &str)> {
    let at = text.find("${")?;
    let end = text[at..].find('}')?;
    Some((at, &text[at..=at + end]))
}

/// A description as the ledger has room for it.
fn shortened(description: String) -> String {
    if description.chars().count() <= 200 {
        return description;
    }
    description.chars().take(197).chain("...".chars()).collect()
}

/// Whether a path is that of a versioned migration.
pub(super) fn is_versioned(path: &str) -> bool {
    matches!(role(path), Some(Role::Up(_)))
}

fn role(path: &str) -> Option<Role<'_>> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_apart = folders == "verify" || folders.ends_with("/verify") || name.ends_with(".verify.sql");
    if is_apart || folders.split('/').any(|folder| folder.starts_with('.')) {
        return None;
    }
    let (stem, suffix) = name.rsplit_once('.')?;
    let programs = ["cmd", "bat", "ps1", "py", "sh", "bash"];
    if programs.contains(&suffix) && stem.strip_prefix('V').is_some_and(|rest| versioned(rest).is_some()) {
        return Some(Role::Refused("program"));
    }
    if !suffix.eq_ignore_ascii_case("sql") {
        return None;
    }
    if ["before", "after"].iter().any(|when| stem.strip_prefix(when).is_some_and(starts_upper))
        || stem.starts_with("createSchema")
    {
        return Some(Role::Refused("callback"));
    }
    if stem.starts_with("R__") {
        return Some(Role::Refused("repeatable migration"));
    }
    let mut rest = stem.chars();
    let prefix = rest.next()?;
    let version = versioned(rest.as_str())?;
    match prefix {
        'V' => Some(Role::Up(version)),
        'U' => Some(Role::Down(version)),
        'B' => Some(Role::Refused("baseline migration")),
        _ => None,
    }
}

fn starts_upper(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
}

/// The version of a name without its prefix.
fn versioned(rest: &str) -> Option<Version<'_>> {
    Version::read(rest.split_once("__").map_or(rest, |(version, _)| version))
}
