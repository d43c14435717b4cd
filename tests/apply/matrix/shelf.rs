//! What lies in the folder of the backups in the end: every backup is whole, nothing else is there, and what an apply has
//! done was backed up before it.

use std::fs;
use std::path::Path;

use omni::lock::Op;
use omni::provider::backup::{Listed, Manifest, Shelf};

async fn listed(folder: &Path) -> Listed {
    Shelf::new(folder, "pos").list().await.expect("the folder can be read")
}

/// What is there and should not be, once the next backup has swept.
pub(super) async fn wrong(folder: &Path) -> Vec<String> {
    let shelf = Shelf::new(folder, "pos");
    let listed = listed(folder).await;
    let mut wrong: Vec<_> = listed.damaged.iter().map(|fault| fault.message.clone()).collect();
    for backup in &listed.whole {
        let content = fs::read(shelf.path(backup)).expect("the file can be read");
        if serde_json::from_slice::<serde_json::Value>(&content).is_err() {
            wrong.push(format!("{} is no dump", backup.name));
        }
    }
    let whole = listed.whole.iter().flat_map(|one| [one.file.clone(), format!("{}.json", one.name)]);
    let whole: Vec<_> = whole.collect();
    // A thread that nobody waits for any more may have a file locked for a moment.
    let mut left = Vec::new();
    for _ in 0..10_000 {
        shelf.sweep().await.expect("it can be swept");
        left = names(folder);
        left.retain(|name| !whole.contains(name));
        if left.is_empty() {
            break;
        }
    }
    wrong.extend(left.into_iter().map(|name| format!("backups/{name}")));
    wrong
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned()).collect()
}

/// What has to be there beside a backup that was tried.
pub(super) struct Kept {
    /// One that this apply has made, and tried.
    pub(super) own: bool,
    /// One with what was written before the database was replaced.
    pub(super) late: bool,
}

/// How many rows are written into the first table before the database is replaced.
pub(super) const LATE: u64 = 5;

/// Whether there is a backup that was restored once.
pub(super) async fn is_any_good(folder: &Path) -> bool {
    listed(folder).await.whole.iter().any(Manifest::is_restorable)
}

/// Whether every backup is there that has to be.
pub(super) async fn keeps(folder: &Path, op: &Op, kept: &Kept) -> Result<(), String> {
    let whole = listed(folder).await.whole;
    let has = |is_it: &dyn Fn(&Manifest) -> bool| whole.iter().any(is_it);
    let is_good = has(&Manifest::is_restorable);
    let is_own = !kept.own || has(&|one| one.made_by == op.as_str() && one.is_restorable());
    let is_late = !kept.late || has(&|one| one.content.rows.get("public.a") == Some(&LATE));
    if is_good && is_own && is_late {
        return Ok(());
    }
    let names: Vec<_> = whole.iter().map(|backup| (&backup.name, &backup.content.rows)).collect();
    Err(format!("a good backup: {is_good}, one before it: {is_own}, one of what was replaced: {is_late}: {names:?}"))
}
