//! `omni prune`: removes what no kept release needs, and what proofs that were cut off left behind.

use serde_json::json;

use crate::address::Scope;
use crate::cli::Exit;
use crate::cli::args::{DoArgs, Global, PruneArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::opened;
use crate::cli::project::Project;
use crate::cli::tidying::{self, Found, Whose};
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::{resolved_if_possible, retention};
use crate::fingerprint::Key;
use crate::plain::plain;
use crate::plan::{Retained, Retention};

/// What is said above a list that no release was asked for.
const UNRECORDED: &str = "warning: the store is new or lost and has no release, so all that does not serve is listed: \
                          what is removed cannot be gone back to\n";

pub(crate) async fn run(global: &Global, args: &PruneArgs, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let spec = resolved_if_possible(&project, &Key::unset()).0;
    let mut retention = retention(spec.as_ref());
    if let Some(keep) = args.keep {
        retention = Retention { releases: keep, window: None };
    }
    let doing = DoArgs { yes: args.yes, allow_loss: Vec::new(), parallel: 1 };
    let undertaking = Undertaking::new(&project, global, console, &doing, "prune")?;
    let store = project.store().await?;
    let engine = &undertaking.engine;
    if let Some(opened) = opened::look(&project, engine, store.as_deref(), global.lock_wait.duration()).await? {
        return opened.end(console);
    }
    let found = tidying::find(engine, project.scope(), store.as_deref(), retention, Whose::All).await?;
    let left = engine.host().left_scratch(project.scope()).await?;
    let is_clean = found.objects.is_empty() && found.forgotten.is_empty() && left.is_empty();
    let nothing = nothing(&found, project.scope());
    if !found.has_releases && !found.objects.is_empty() && !console.json {
        console.warn(UNRECORDED);
    }
    if args.dry_run || is_clean {
        let dry = args.dry_run;
        console.print(&told(console, (&found.objects, &left), dry, "would remove", &nothing));
        return Ok(Exit::Done);
    }
    if !found.objects.is_empty() && !args.yes {
        if !console.json {
            console.warn(&listed(&found.objects, &left, "to remove:", &nothing));
        }
        console.ask("Remove these? No rollback can start them again.", "yes", "--yes")?;
    }
    drop(store);
    // No release needs it, and whoever made it is dead: no lock keeps it.
    let swept = undertaking.engine.host().sweep_scratch(project.scope()).await?;
    let removed = undertaking
        .under_lock(async |under| {
            if under.store.open_apply().await?.is_some() {
                return Err(open());
            }
            let (engine, scope, store) = (&undertaking.engine, project.scope(), Some(&*under.store));
            let mut now = tidying::find(engine, scope, store, retention, Whose::All).await?;
            // What came to it since the list was made is in no list that anybody has agreed to.
            now.objects.retain(|one| found.objects.contains(one));
            tidying::remove(&undertaking, now, under).await
        })
        .await?;
    for left in found.objects.iter().filter(|one| !console.json && !removed.contains(one)) {
        console.note(&format!("{} {} is in use, and stays\n", left.address, plain(&left.name)));
    }
    console.print(&told(console, (&removed, &swept), false, "removed", "Nothing was removed.\n"));
    Ok(Exit::Done)
}

fn open() -> Failure {
    Failure::new(Exit::Stuck, "omni::apply::open", "an apply is open: what it needs is not known")
        .help("run `omni recover` first")
}

/// What to say where nothing can be removed.
fn nothing(found: &Found, scope: &Scope) -> String {
    match (found.is_any, found.has_releases) {
        (false, _) => format!("Nothing to remove: no container, network or image of {scope} is on the engine.\n"),
        (true, false) => {
            "Nothing to remove: the store has no release, and there is nothing older than what serves.\n".to_owned()
        }
        (true, true) => "Nothing to remove: a kept release needs all that is there.\n".to_owned(),
    }
}

fn told(
    console: &Console,
    (found, left): (&[Retained], &[String]),
    dry_run: bool,
    verb: &str,
    nothing: &str,
) -> String {
    if console.json { json(found, left, dry_run) } else { listed(found, left, verb, nothing) }
}

fn listed(found: &[Retained], left: &[String], verb: &str, nothing: &str) -> String {
    if found.is_empty() && left.is_empty() {
        return nothing.to_owned();
    }
    let line = |one: &Retained| format!("  - {}   {}   of {}", one.address, plain(&one.name), plain(&one.tag));
    let mut lines: Vec<_> = found.iter().map(line).collect();
    lines.extend(left.iter().map(|name| format!("  - scratch server   {}   of a proof that was cut off", plain(name))));
    lines.push(format!("{verb} {}\n", tidying::counted(lines.len())));
    lines.join("\n")
}

/// What is or would be removed, for programs.
fn json(found: &[Retained], left: &[String], dry_run: bool) -> String {
    let one = |one: &Retained| {
        let (name, tag) = (plain(&one.name), plain(&one.tag));
        json!({ "address": one.address, "name": name, "id": one.id, "tag": tag })
    };
    let objects: Vec<_> = found.iter().map(one).collect();
    let left: Vec<_> = left.iter().map(|name| plain(name)).collect();
    format!("{:#}\n", json!({ "format": "omni.prune/1", "dry_run": dry_run, "objects": objects, "scratch": left }))
}
