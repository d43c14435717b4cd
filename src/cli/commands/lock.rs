//! `omni lock`: who has the lock, and taking it away from a holder that is gone.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::{Global, LockCommand};
use crate::cli::console::Console;
use crate::cli::failure::{Failure, UNTOUCHED};
use crate::cli::holding;
use crate::cli::project::{Engine, Project, holder};
use crate::lock::{Held, LONGEST_CALL, Standing, UNSEEN};
use crate::provider::Anchor;
use crate::report;
use crate::store::{Store, StoreError};

pub(crate) async fn run(global: &Global, command: &LockCommand, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let store = project.store().await?;
    match command {
        LockCommand::Status => status(&project, &engine, store.as_deref(), console).await,
        LockCommand::Break { fence, yes } => take_away(&project, &engine, store, *fence, *yes, console).await,
    }
}

async fn status(
    project: &Project,
    engine: &Engine,
    store: Option<&dyn Store>,
    console: &Console,
) -> Result<Exit, Failure> {
    let held = holding::look(project, engine, store).await?;
    let last = match store {
        Some(store) => store.last_fence().await?,
        None => 0,
    };
    let held = held.as_ref().map(|(held, standing)| (held, *standing));
    console.print(&if console.json {
        let (lock, standing) = held.unzip();
        format!("{:#}\n", json!({ "format": "omni.lock/1", "held": lock, "holder": standing, "last_fence": last }))
    } else {
        report::lock(held, last, &console.out)
    });
    Ok(Exit::Done)
}

/// Takes the lock with this fence away, on the engine and in the store, wherever it is.
async fn take_away(
    project: &Project,
    engine: &Engine,
    mut store: Option<Box<dyn Store>>,
    fence: u64,
    yes: bool,
    console: &Console,
) -> Result<Exit, Failure> {
    let anchor = engine.anchor(project.scope()).await?.filter(|held| held.fence == fence);
    let in_store = match &store {
        Some(store) => store.lock().await?.filter(|held| held.fence == fence),
        None => None,
    };
    // Two that do not know of each other can have one fence: each of them is looked at.
    let holders: Vec<_> =
        [&anchor, &in_store].into_iter().flatten().map(|held| (held, holding::standing(held))).collect();
    if holders.is_empty() {
        return Err(other_fence(fence));
    }
    for (held, standing) in &holders {
        agreed(held, *standing, yes, console)?;
    }
    let sends = holders.iter().map(|(held, standing)| after(held, *standing)).next_back().unwrap_or_default();
    let mut broken = false;
    if let Some(anchor) = &anchor {
        engine.drop_anchor(anchor).await?;
        broken = true;
    }
    if let Some(store) = &mut store {
        let me = holder("lock break", &**store);
        match store.break_lock(fence, &me).await {
            Ok(()) => broken = true,
            Err(StoreError::Absent(_) | StoreError::FenceLost(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if !broken {
        return Err(other_fence(fence));
    }
    console.print(&if console.json {
        let whose = |(held, standing): &(&Held, Standing)| json!({ "holder": held.holder, "standing": standing });
        let holders: Vec<_> = holders.iter().map(whose).collect();
        let document = json!({ "format": "omni.lock_break/1", "fence": fence, "holders": holders, "note": sends });
        format!("{document:#}\n")
    } else {
        format!("The lock with the fence {fence} is broken: {sends}.\nnext: omni status\n")
    });
    Ok(Exit::Done)
}

/// Checks that the lock of this holder may be broken: not where it lives, and only with consent where nobody knows.
fn agreed(held: &Held, standing: Standing, yes: bool, console: &Console) -> Result<(), Failure> {
    match standing {
        Standing::Alive => Err(Failure::new(
            Exit::Locked,
            "omni::lock::alive",
            format!(
                "the holder of the lock is alive: {} since {}; {UNTOUCHED}",
                held.holder,
                report::moment(held.since)
            ),
        )
        .help(format!(
            "wait for it, or end it with `kill {}`, which lets it undo what it did; the lock of a dead holder is taken \
             over by itself",
            held.holder.pid
        ))),
        Standing::Leased if !yes => {
            let what = format!(
                "{} cannot be seen from here, and its lease has {} s left: {}",
                held.holder,
                held.until.duration_since(held.now).as_secs(),
                after(held, standing)
            );
            if console.may_ask() {
                return console.ask(&format!("{what}."), "yes", "--yes");
            }
            Err(Failure::new(Exit::Consent, "omni::consent::missing", format!("{what}; {UNTOUCHED}")).help(
                "if you know that it is gone, give `--yes`; else wait: the lock is taken over once its lease is over",
            ))
        }
        Standing::Leased | Standing::Dead | Standing::Silent | Standing::Abandoned => Ok(()),
    }
}

/// What a holder whose lock is broken may still do.
fn after(held: &Held, standing: Standing) -> String {
    match standing {
        Standing::Dead => "its holder is dead".to_owned(),
        Standing::Abandoned => "the lease of its holder is long over".to_owned(),
        Standing::Silent => {
            let over = u64::try_from(held.now.duration_since(held.until).as_secs()).unwrap_or(0);
            let left = (2 * LONGEST_CALL).as_secs().saturating_sub(over);
            format!("the lease of its holder is over; a call that it sent may still take effect within {left} s")
        }
        Standing::Alive | Standing::Leased => format!(
            "if its holder lives it may send calls until it next looks at its lease, for up to {} s, and the last one \
             may take effect up to {} s later",
            UNSEEN.as_secs(),
            LONGEST_CALL.as_secs()
        ),
    }
}

fn other_fence(fence: u64) -> Failure {
    Failure::new(Exit::Refused, "omni::lock::other_fence", format!("no lock has the fence {fence}"))
        .help("`omni lock status` prints the fence of the lock that is held")
}
