//! `omni prune`: removes what no kept release needs.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::{DoArgs, Global, PruneArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::opened;
use crate::cli::project::Project;
use crate::cli::tidying::{self, Whose};
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::{resolved_if_possible, retention};
use crate::fingerprint::Key;
use crate::plain::plain;
use crate::plan::{Retained, Retention};

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
    if args.dry_run
        && let Some(opened) =
            opened::look(&project, &undertaking.engine, store.as_deref(), global.lock_wait.duration()).await?
    {
        return opened.end(console);
    }
    let found = match store {
        Some(store) => {
            tidying::find(&undertaking.engine, project.scope(), &*store, retention, Whose::All).await?.objects
        }
        None => Vec::new(),
    };
    if args.dry_run {
        console.print(&if console.json { json(&found, true) } else { listed(&found, "would remove") });
        return Ok(Exit::Done);
    }
    if !found.is_empty() && !args.yes {
        console.note(&listed(&found, "to remove:"));
        console.ask("Remove these? No rollback can start them again.", "yes", "--yes")?;
    }
    let removed = undertaking
        .under_lock(async |under| {
            if under.store.open_apply().await?.is_some() {
                return Err(Failure::new(
                    Exit::Stuck,
                    "omni::apply::open",
                    "an apply is open: what it needs is not known",
                )
                .help("run `omni recover` first"));
            }
            tidying::sweep(&undertaking, retention, Whose::All, under).await
        })
        .await?;
    console.print(&if console.json { json(&removed, false) } else { listed(&removed, "removed") });
    Ok(Exit::Done)
}

fn listed(found: &[Retained], verb: &str) -> String {
    if found.is_empty() {
        return "Nothing to remove: a kept release needs all that is there.\n".to_owned();
    }
    let line = |one: &Retained| format!("  - {}   {}   of {}", one.address, plain(&one.name), plain(&one.tag));
    let mut lines: Vec<_> = found.iter().map(line).collect();
    lines.push(format!("{verb} {}\n", tidying::counted(found.len())));
    lines.join("\n")
}

/// What is or would be removed, for programs.
fn json(found: &[Retained], dry_run: bool) -> String {
    let one = |one: &Retained| {
        let (name, tag) = (plain(&one.name), plain(&one.tag));
        json!({ "address": one.address, "name": name, "id": one.id, "tag": tag })
    };
    let objects: Vec<_> = found.iter().map(one).collect();
    format!("{:#}\n", json!({ "format": "omni.prune/1", "dry_run": dry_run, "objects": objects }))
}
