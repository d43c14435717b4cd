//! `omni backup create`: makes a backup of each database, tries it, and removes those that are kept no longer.

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
use crate::provider::Fault;
use crate::provider::backup::{Backups, Manifest, keep};
use crate::report;
use crate::resource::Verify;

/// Whom a backup is made by that somebody asked for.
const MANUAL: &str = "manual";
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
    let mut made = Vec::new();
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
            let manifest = done?;
            warn(console, one, &manifest);
            made.push(facts(one, &manifest));
        }
        Ok(())
    };
    let done = undertaking.under_lock(work).await;
    // Those that were made before one failed are there.
    if done.is_ok() || !made.is_empty() {
        console.print(&if console.json {
            report::backups_json("create", &made, &[], &[])
        } else {
            report::backup_list(&made, &[], &console.out)
        });
    }
    done.map(|()| Exit::Done)
}

async fn create(one: &Backed, backups: &Backups<'_>, open: Option<&str>) -> Result<Manifest, Failure> {
    let work = async {
        let made = backups.make(MANUAL, &one.backup.encrypt_to).await?;
        (backups.progress)("trying it".to_owned());
        let tried = backups.verify(&made, how(one, backups)).await?;
        let listed = one.shelf.list().await?.whole;
        let is_needed = |manifest: &Manifest| Some(manifest.made_by.as_str()) == open;
        for old in keep::superfluous(&listed, &one.backup, tried.at, is_needed) {
            one.shelf.remove(old).await?;
        }
        Ok::<_, Fault>(tried)
    };
    work.await.map_err(failed)
}

/// How a new backup is tried. One that is encrypted cannot be restored by those that have no key to it.
fn how(one: &Backed, backups: &Backups<'_>) -> Verify {
    let is_sealed = backups.keys.is_empty() && !one.backup.encrypt_to.is_empty();
    if is_sealed { Verify::Checksum } else { one.backup.verify }
}

fn warn(console: &Console, one: &Backed, made: &Manifest) {
    if let Some(whose) = &made.tools {
        console.note(&format!("{}: dumped with `pg_dump` {whose}\n", made.name));
    }
    if !made.is_restorable() && one.backup.verify == Verify::Restore {
        console.warn(&format!("warning: {} {UNTRIED}\n", made.name));
    }
}
