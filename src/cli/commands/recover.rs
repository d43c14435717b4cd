//! `omni recover`: finishes an apply that was cut off, or undoes it.

use serde_json::json;

use crate::apply::best_way;
use crate::cli::Exit;
use crate::cli::args::{DoArgs, Global, RecoverArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::cli::recovering;
use crate::cli::system_clock::SystemClock;
use crate::cli::tidying::{self, Whose};
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::{resolved_if_possible, retention};
use crate::clock::Clock;
use crate::journal::Direction;
use crate::provider::Anchor;
use crate::report;

pub(crate) async fn run(global: &Global, args: &RecoverArgs, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let asked = match (args.forward, args.back) {
        (true, _) => Some(Direction::Forward),
        (_, true) => Some(Direction::Back),
        _ => None,
    };
    let Some(store) = project.store().await? else { return Ok(nothing(console)) };
    let open = store.open_apply().await?;
    let engine = project.engine()?;
    // A process that died before it opened an apply, or after it closed one, left its lock, and what was to be tidied.
    if open.is_none() && (args.dry_run || engine.anchor(project.scope()).await?.is_none()) {
        return Ok(nothing(console));
    }
    if let Some(open) = open.filter(|_| args.dry_run) {
        let records = store.journal(&open.op).await?;
        let way = match asked {
            Some(way) => way,
            None => best_way(&open.plan, &recovering::replay(&open.plan, &records)?),
        };
        let verb = if way == Direction::Forward { "finish" } else { "undo" };
        if console.json {
            let apply = json!({ "op": open.op, "tag": open.plan.tag, "opened": open.opened, "by": open.by });
            console.print(&document(&apply, Some(verb)));
            return Ok(Exit::Done);
        }
        console.print(&report::open_apply(&open, &records, SystemClock.now(), &console.out));
        console.print(&format!("omni recover would {verb} it\n"));
        return Ok(Exit::Done);
    }
    drop(store);
    let doing = DoArgs { yes: true, allow_loss: Vec::new(), parallel: args.parallel };
    let undertaking = Undertaking::new(&project, global, console, &doing, "recover")?;
    undertaking
        .under_lock(async |under| {
            if let Some(open) = under.store.open_apply().await? {
                return if args.accept {
                    recovering::accept(&undertaking, &open, under).await
                } else {
                    recovering::finish(&undertaking, &open, asked, under).await
                };
            }
            // A store without a release does not know what is needed.
            if under.store.head().await?.is_some() {
                let spec = resolved_if_possible(&project, under.store.key()).0;
                tidying::sweep(&undertaking, retention(spec.as_ref()), Whose::Own, under).await?;
            }
            Ok(nothing(console))
        })
        .await
}

fn nothing(console: &Console) -> Exit {
    console.print(&if console.json {
        document(&serde_json::Value::Null, None)
    } else {
        "No apply is open: there is nothing to recover.\n".to_owned()
    });
    Exit::Done
}

/// Which apply is open and what would be done about it, for programs.
fn document(open: &serde_json::Value, would: Option<&str>) -> String {
    format!("{:#}\n", json!({ "format": "omni.recover/1", "open_apply": open, "would": would }))
}
