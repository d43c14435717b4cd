//! `omni migrate status`: what each database says of each migration. It changes nothing.

use std::collections::BTreeMap;

use crate::cli::Exit;
use crate::cli::args::DatabaseArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::histories::{History, connect, failed};
use crate::cli::project::Project;
use crate::migration::ledger::Entry;
use crate::migration::{Mark, Script};
use crate::observed::SeenDatabase;
use crate::provider::database::Target;
use crate::provider::site;
use crate::report::{self, HistoryStatus, MigrationStatus, Progress};

pub(crate) async fn run(project: &Project, args: &DatabaseArgs, console: &Console) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for history in History::among(project, args.db.as_deref())? {
        let seen = look(project, &history).await;
        found.push(status(&history, seen));
    }
    console.print(&if console.json {
        report::migrate_status_json(&found)
    } else {
        report::migrate_status(&found, &console.out)
    });
    let is_silent = found.iter().any(|one| one.silent.is_some());
    Ok(if is_silent { Exit::Unusable } else { Exit::Done })
}

async fn look(project: &Project, history: &History) -> Result<(SeenDatabase, String), Failure> {
    let target = Target { is_look: true, ..history.target(project, "status").await? };
    let mut session = connect().connect(&target).await.map_err(failed)?;
    let schema = session.facts().schema.clone();
    let seen = site::told(&mut *session, Some(&history.ledger), &history.scripts).await.map_err(failed)?;
    Ok((seen, history.ledger.tables(&schema).concat()))
}

fn status(history: &History, seen: Result<(SeenDatabase, String), Failure>) -> HistoryStatus {
    let (seen, table, silent) = match seen {
        Ok((seen, table)) => (Some(seen), Some(table), None),
        Err(failure) => (None, None, Some(failure.words())),
    };
    let migrations = seen.as_ref().map(|seen| migrations(&history.scripts, seen)).unwrap_or_default();
    HistoryStatus {
        database: history.name.clone(),
        version: seen.as_ref().map(|seen| seen.version.clone()),
        layout: history.ledger.layout,
        table,
        has_ledger: seen.as_ref().is_some_and(|seen| seen.ledger.is_some()),
        is_empty: seen.as_ref().is_some_and(|seen| seen.is_empty),
        migrations,
        silent,
    }
}

/// Each migration in the order of its tool; one without a script stands where its ledger has it.
fn migrations(scripts: &[Script], seen: &SeenDatabase) -> Vec<MigrationStatus> {
    let marks: BTreeMap<&str, &Mark> = seen.marks.iter().map(|mark| (mark.migration.as_str(), mark)).collect();
    let last = scripts.iter().rposition(|script| seen.entry(&script.version).is_some());
    let mut found: Vec<_> = scripts
        .iter()
        .enumerate()
        .map(|(at, script)| {
            let entry = seen.entry(&script.version);
            let mark = marks.get(script.name.as_str()).copied();
            let progress = progress(script, entry.as_ref(), mark, last.is_some_and(|last| at < last));
            MigrationStatus {
                name: script.name.clone(),
                version: script.version.clone(),
                progress,
                op: mark.map(|mark| mark.op.clone()),
                has_down: script.down.is_some(),
            }
        })
        .collect();
    let entries = seen.ledger.iter().flatten();
    let orphans = entries.filter(|entry| scripts.iter().all(|script| script.version != entry.version));
    found.extend(orphans.map(|entry| MigrationStatus {
        name: entry.version.clone(),
        version: entry.version.clone(),
        progress: Progress::Missing,
        op: None,
        has_down: false,
    }));
    found
}

fn progress(script: &Script, entry: Option<&Entry>, mark: Option<&Mark>, is_early: bool) -> Progress {
    let half = entry.and_then(|entry| entry.half.clone());
    let cut = mark.filter(|mark| !mark.whole).map(|mark| {
        let begun = if mark.begun { ", the next one was begun" } else { "" };
        format!("omni was cut off after {} of its parts{begun}", mark.done)
    });
    match (entry, half.or(cut)) {
        (_, Some(why)) => Progress::Half(why),
        (Some(entry), None) => match (&entry.checksum, &script.checksum) {
            (Some(applied), Some(now)) if applied != now && !script.equal.contains(applied) => Progress::Edited,
            _ => Progress::Applied,
        },
        (None, None) if is_early => Progress::OutOfOrder,
        (None, None) => Progress::Pending,
    }
}
