//! `omni backup prune`: removes the backups that `keep` of the spec does not ask for.

use crate::cli::Exit;
use crate::cli::args::{DoArgs, Global, PruneBackupsArgs};
use crate::cli::backed::Backed;
use crate::cli::commands::backup::facts;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::histories::failed;
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::cli::undertaking::Undertaking;
use crate::clock::Clock;
use crate::plain::plain;
use crate::provider::backup::{Manifest, size};
use crate::report;
use serde_json::json;

pub(crate) async fn run(
    project: &Project,
    global: &Global,
    args: &PruneBackupsArgs,
    console: &Console,
) -> Result<Exit, Failure> {
    let found = Backed::among(project, &args.of.databases)?;
    let seen = superfluous(&found).await?;
    if args.dry_run || seen.is_empty() {
        console.print(&told(console, &seen, args.dry_run, "would remove"));
        return Ok(Exit::Done);
    }
    if !args.yes {
        if !console.json {
            console.warn(&told(console, &seen, true, "to remove:"));
        }
        console.ask("Remove these? Nobody can restore them then.", "yes", "--yes")?;
    }
    let doing = DoArgs { yes: args.yes, allow_loss: Vec::new(), parallel: 1 };
    let undertaking = Undertaking::new(project, global, console, &doing, "backup prune")?;
    let removed = undertaking
        .under_lock(async |under| {
            if under.store.open_apply().await?.is_some() {
                return Err(open());
            }
            let mut removed = Vec::new();
            for (one, made) in superfluous(&found).await? {
                // What came to it since the list was made is in no list that anybody has agreed to.
                if seen.iter().any(|(_, known)| *known == made) {
                    one.shelf.remove(&made).await.map_err(failed)?;
                    removed.push((one, made));
                }
            }
            for one in &found {
                one.shelf.sweep().await.map_err(failed)?;
            }
            Ok(removed)
        })
        .await?;
    console.print(&told(console, &removed, false, "removed"));
    Ok(Exit::Done)
}

/// The backups that nothing asks to be kept. Those that an open apply may need are not known here, and so none is
/// removed while there is one.
async fn superfluous(found: &[Backed]) -> Result<Vec<(&Backed, Manifest)>, Failure> {
    let now = SystemClock.now();
    let mut all = Vec::new();
    for one in found {
        let old = one.shelf.superfluous(&one.backup, now, |_| false).await.map_err(failed)?;
        all.extend(old.into_iter().map(|made| (one, made)));
    }
    Ok(all)
}

fn open() -> Failure {
    Failure::new(Exit::Stuck, "omni::apply::open", "an apply is open: which backup it needs is not known")
        .help("run `omni recover` first")
}

fn told(console: &Console, found: &[(&Backed, Manifest)], dry_run: bool, verb: &str) -> String {
    if console.json {
        let backups: Vec<_> = found.iter().map(|(one, made)| facts(one, made)).collect();
        let removed: Vec<_> = found.iter().filter(|_| !dry_run).map(|(_, made)| &made.name).collect();
        let more = [("dry_run", json!(dry_run)), ("removed", json!(removed))];
        return report::backups_json("prune", &backups, &[], &more);
    }
    if found.is_empty() {
        return "Nothing to remove: `keep` of the spec asks for all backups that there are.\n".to_owned();
    }
    let line = |(_, made): &(&Backed, Manifest)| {
        format!("  - {}   {}   {}\n", plain(&made.name), report::moment(made.at), size(made.size))
    };
    let lines: String = found.iter().map(line).collect();
    let count = found.len();
    format!("{lines}{verb} {count} {}\n", if count == 1 { "backup" } else { "backups" })
}
