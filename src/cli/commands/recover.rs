//! `omni recover`: finishes an apply that was cut off, or undoes it.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::{DoArgs, Global, RecoverArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::opened::{self, Opened};
use crate::cli::project::{Engine, Project};
use crate::cli::system_clock::SystemClock;
use crate::cli::tidying::{self, Whose};
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::{resolved_if_possible, retention};
use crate::cli::{holding, locking, recovering};
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
    let engine = project.engine()?;
    if args.dry_run {
        let opened = opened::look(&project, &engine, Some(&*store), global.lock_wait.duration()).await?;
        return match opened {
            Some(opened) => foretell(&opened, &engine, asked, console).await,
            None => foretell_tidying(&project, &engine, console).await,
        };
    }
    // A process that died before it opened an apply, or after it closed one, left its lock, and what was to be tidied.
    if store.open_apply().await?.is_none() && engine.anchor(project.scope()).await?.is_none() {
        return Ok(nothing(console));
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

/// Says what this very command would do about an apply that is open, and refuses what it would refuse.
async fn foretell(
    opened: &Opened,
    engine: &Engine,
    asked: Option<Direction>,
    console: &Console,
) -> Result<Exit, Failure> {
    if let Some(held) = &opened.worker {
        return Err(locking::refused(held));
    }
    let (apply, records) = (&opened.apply, opened.records.as_slice());
    let (verb, words) = match recovering::direction(engine, apply, records, asked).await? {
        Direction::Forward => ("finish", if asked.is_some() { "omni recover --forward" } else { "omni recover" }),
        Direction::Back => ("undo", if asked.is_some() { "omni recover --back" } else { "omni recover" }),
    };
    if console.json {
        let apply = json!({ "op": apply.op, "tag": apply.plan.tag, "opened": apply.opened, "by": apply.by });
        console.print(&document(&apply, Some(verb)));
    } else {
        console.print(&report::what_is_open(apply, records, SystemClock.now(), &console.out));
        console.print(&format!("{words} would {verb} it\n"));
    }
    Ok(Exit::Done)
}

/// Says what this very command would do where no apply is open.
async fn foretell_tidying(project: &Project, engine: &Engine, console: &Console) -> Result<Exit, Failure> {
    let Some(held) = engine.anchor(project.scope()).await? else { return Ok(nothing(console)) };
    if holding::standing(&held).is_at_work() {
        return Err(locking::refused(&held));
    }
    console.print(&if console.json {
        document(&serde_json::Value::Null, Some("tidy"))
    } else {
        let fence = held.fence;
        format!(
            "No apply is open, but the lock with fence {fence} was left behind.\n\
             omni recover would take it over, and remove what no kept release needs\n"
        )
    });
    Ok(Exit::Done)
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
