//! `omni status`: what runs, drift, the lock and an open apply.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::holding;
use crate::cli::opened::{self, Opened};
use crate::cli::planning::Ground;
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::observed::{Observed, SeenDatabase, Unasked};
use crate::plan::Comparison;
use crate::report::{self, Now};

pub(crate) async fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let store = project.store().await?;
    let opened = opened::look(&project, &engine, store.as_deref(), Duration::ZERO).await?;
    let held = match opened.as_ref().and_then(|opened| opened.worker.clone()) {
        Some(held) => Some((held.clone(), holding::standing(&held))),
        None => holding::look(&project, &engine, store.as_deref()).await?,
    };
    let store = store.as_deref();
    let ground = Ground::look(project.scope(), &engine, store).await?;
    let compared = match &opened {
        Some(_) => Comparison::not_looked(ground.head(), &ground.lineage),
        None => ground.compared(&project),
    };
    let last_fence = match store {
        Some(store) => store.last_fence().await?,
        None => 0,
    };
    let name = project.store_name()?;
    let now = Now {
        scope: project.scope(),
        head: ground.head(),
        observed: &ground.observed,
        compared: &compared,
        lock: held.as_ref().map(|(held, standing)| (held, *standing)),
        last_fence,
        open: opened.as_ref().map(|opened| (&opened.apply, opened.records.as_slice())),
        store: name.as_deref(),
        at: SystemClock.now(),
    };
    if console.json {
        let document = json!({
            "format": "omni.status/1",
            "scope": project.scope().to_string(),
            "release": release(&now),
            "is_by_labels": compared.is_by_labels(),
            "objects": now.observed.objects,
            "databases": databases(now.observed),
            "fingerprint": now.observed.fingerprint(),
            "drift": now.told(),
            "absent": compared.absent,
            "uncompared": compared.uncompared,
            "store": now.store,
            "lock": now.lock.map(|(held, _)| held),
            "holder": now.lock.map(|(_, standing)| standing),
            "open_apply": opened.as_ref().map(Opened::json),
        });
        console.print(&format!("{document:#}\n"));
    } else {
        console.print(&report::status(&now, &console.out));
    }
    // One that somebody works on is as it should be.
    Ok(if opened.is_some() && !now.is_at_work() { Exit::Stuck } else { Exit::Done })
}

/// What each database answers, or why it does not.
fn databases(observed: &Observed) -> BTreeMap<&String, Value> {
    let told = |seen: &Result<SeenDatabase, Unasked>| match seen {
        Ok(seen) => json!({ "version": seen.version, "standing": seen.standing() }),
        Err(unasked) => json!({ "silent": unasked.why }),
    };
    observed.databases.iter().map(|(name, seen)| (name, told(seen))).collect()
}

/// The release that serves. By labels, nobody knows when it was applied and by whom.
fn release(now: &Now<'_>) -> Value {
    match (now.recorded(), &now.compared.base) {
        (Some(head), _) => json!({ "number": head.number, "tag": head.tag, "at": head.at, "by": head.by }),
        (None, Some(base)) => json!({ "number": base.number, "tag": base.tag, "at": null, "by": null }),
        (None, None) => Value::Null,
    }
}
