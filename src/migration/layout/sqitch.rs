//! Sqitch: `deploy/NAME.sql`, `revert/NAME.sql`, `verify/NAME.sql`, in the order of `sqitch.plan`; byte-wise by path
//! where there is none.
//!
//! The ledger of such a folder is omni's own, so the checksum is omni's too: SHA-256 of the way forward. Scripts that
//! are no SQL but commands of psql are refused. What a plan says is left to `plan`.

mod plan;

use plan::Change;

use super::reading::Reading;
use super::{Folder, Unreadable};
use crate::migration::{Script, checksum};
use crate::plain::plain;

pub(super) const PLAN: &str = "sqitch.plan";

pub(super) fn scripts(folder: &Folder) -> Result<Vec<Script>, Vec<Unreadable>> {
    let mut reading = Reading::new(folder);
    let changes = if reading.has(PLAN) { plan::changes(&mut reading) } else { deployed(&reading) };
    let mut scripts = Vec::new();
    for change in changes {
        scripts.extend(script(&mut reading, &change));
    }
    reading.finish(scripts)
}

fn deployed(reading: &Reading<'_>) -> Vec<Change> {
    let names = reading.paths().filter_map(|path| path.strip_prefix("deploy/")?.strip_suffix(".sql"));
    names.map(|name| Change { id: name.to_owned(), name: name.to_owned(), tags: Vec::new() }).collect()
}

fn script(reading: &mut Reading<'_>, change: &Change) -> Option<Script> {
    let tagged = change.tags.iter().map(|tag| format!("{}@{tag}", change.name));
    let candidates: Vec<_> = tagged.chain(change.tags.is_empty().then(|| change.name.clone())).collect();
    let there = candidates.iter().find(|name| reading.has(&format!("deploy/{name}.sql")));
    let file = there.or(candidates.first())?;
    let up = reading.needed(&format!("deploy/{file}.sql"), PLAN);
    let down = reading.piece(&format!("revert/{file}.sql"));
    let verify = reading.piece(&format!("verify/{file}.sql"));
    for piece in [&up, &down, &verify].into_iter().flatten() {
        if let Some((at, command)) = command_of_psql(&piece.text) {
            let message = format!("`{}` is a command of psql, which no database takes", plain(command));
            let help = "write it in SQL; omni sends scripts to the database itself";
            reading.problem(&piece.path, Some(at + 1), message, help);
        }
    }
    let up = up?;
    Some(Script {
        name: change.id.clone(),
        version: change.id.clone(),
        description: String::new(),
        checksum: Some(checksum::sha256(up.text.as_bytes())),
        equal: Vec::new(),
        up,
        down,
        verify,
    })
}

fn command_of_psql(text: &str) -> Option<(usize, &str)> {
    let is_command = |line: &str| {
        line.trim_start().strip_prefix('\\').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    };
    text.lines().enumerate().find(|(_, line)| is_command(line)).map(|(at, line)| (at, line.trim()))
}
