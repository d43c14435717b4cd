//! `omni backup create`: makes a backup of each database, tries it, and removes those that are kept no longer.

use std::path::Path;

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::{BackedArgs, DoArgs, Global};
use crate::cli::backed::Backed;
use crate::cli::commands::backup::{facts, hear};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::histories::failed;
use crate::cli::lasting::lasting;
use crate::cli::project::Project;
use crate::cli::undertaking::{Under, Undertaking};
use crate::plain::plain;
use crate::provider::Fault;
use crate::provider::backup::{Backups, Manifest};
use crate::report;
use crate::resource::Verify;

/// Whom a backup is made by that somebody asked for.
const MANUAL: &str = "manual";
/// What is said of one in which there is nothing.
const EMPTY: &str = "has no row, beside the ledger: it pushes out no other backup, whatever `keep` says";
/// What is said of one that could not be restored for want of a key.
const UNTRIED: &str = "is encrypted and was only read back: OMNI_AGE_KEYS names no key to it";

pub(crate) async fn run(
    project: &Project,
    global: &Global,
    args: &BackedArgs,
    console: &Console,
) -> Result<Exit, Failure> {
    let found = Backed::among(project, &args.databases)?;
    let doing = DoArgs { yes: true, allow_loss: Vec::new(), parallel: 1 };
    let undertaking = Undertaking::new(project, global, console, &doing, "backup")?;
    let (mut made, mut removed) = (Vec::new(), Vec::new());
    let work = async |under: &mut Under<'_>| {
        // An apply that is open may need the backup it made: whatever is removed, that one is not.
        let open = under.store.open_apply().await?.map(|apply| apply.op.to_string());
        for one in &found {
            let reached = one.reached(project, "backup").await?;
            let (tools, hear) = (reached.tools().await?, hear(console, one));
            let backups = one.backups(&reached, &*tools, &hear);
            let done =
                lasting(under, &undertaking.engine, async { create(one, &backups, open.as_deref()).await }).await;
            console.step("");
            if done.is_err() {
                // What cannot be removed now is by the next one.
                let _ = backups.given_up().await;
            }
            let (manifest, old) = done?;
            warn(console, one, &manifest, &old);
            removed.extend(old.into_iter().map(|old| old.name));
            made.push(facts(one, &manifest));
        }
        Ok(())
    };
    let done = undertaking.under_lock(work).await;
    // Those that were made before one failed are there.
    if done.is_ok() || !made.is_empty() {
        console.print(&if console.json {
            report::backups_json("create", &made, &[], &[("removed", json!(removed))])
        } else {
            report::backup_list(&made, &[], &console.out)
        });
    }
    done.map(|()| Exit::Done)
}

/// A new backup, and those that were removed for it.
async fn create(one: &Backed, backups: &Backups<'_>, open: Option<&str>) -> Result<(Manifest, Vec<Manifest>), Failure> {
    // A URL may say that a file is made where there is none: nothing is lost with a backup of that, and nothing saved.
    if let Some(path) = backups.file().filter(|path| !path.exists()) {
        return Err(absent(one, &path));
    }
    let work = async {
        let made = backups.make(MANUAL, &one.backup.encrypt_to).await?;
        (backups.progress)("trying it".to_owned());
        let tried = backups.verify(&made, how(one, backups)).await?;
        let is_needed = |manifest: &Manifest| Some(manifest.made_by.as_str()) == open;
        let old = one.shelf.prune(&one.backup, &tried, is_needed).await?;
        Ok::<_, Fault>((tried, old))
    };
    work.await.map_err(failed)
}

fn absent(one: &Backed, path: &Path) -> Failure {
    let (name, path) = (plain(&one.known.name), plain(&path.display().to_string()));
    let message = format!("database.{name} is not there: there is no file `{path}`");
    Failure::new(Exit::Unusable, "omni::backup::absent", message)
        .help("put it back, restore a backup with `omni backup restore`, or have `omni apply` make it anew")
}

/// How a new backup is tried. One that is encrypted cannot be restored by those that have no key to it.
fn how(one: &Backed, backups: &Backups<'_>) -> Verify {
    let is_sealed = backups.keys.is_empty() && !one.backup.encrypt_to.is_empty();
    if is_sealed { Verify::Checksum } else { one.backup.verify }
}

fn warn(console: &Console, one: &Backed, made: &Manifest, removed: &[Manifest]) {
    if let Some(whose) = &made.tools {
        console.note(&format!("{}: dumped with `pg_dump` {whose}\n", made.name));
    }
    if !made.is_restorable() && one.backup.verify == Verify::Restore {
        console.warn(&format!("warning: {} {UNTRIED}\n", made.name));
    }
    if made.is_empty {
        console.warn(&format!("warning: {} {EMPTY}\n", made.name));
    }
    for old in removed.iter().filter(|_| !console.json) {
        console.note(&format!("removed {}, which `keep` does not ask for\n", old.name));
    }
}
