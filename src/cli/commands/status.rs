//! `omni status`: what runs, drift, the lock and an open apply.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::planning::Ground;
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::journal::Apply;
use crate::plan::drift;
use crate::provider::Anchor;
use crate::release::Release;
use crate::report::{self, Now};
use crate::store::Store;

pub(crate) async fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let store = project.store().await?;
    let store = store.as_ref().map(|store| store as &dyn Store);
    let ground = Ground::look(project.scope(), &engine, store).await?;
    let drift = drift(ground.head(), &ground.lineage, &ground.observed);
    let open = match store {
        Some(store) => store.open_apply().await?,
        None => None,
    };
    let records = match (store, &open) {
        (Some(store), Some(open)) => store.journal(&open.op).await?,
        _ => Vec::new(),
    };
    let held = engine.anchor(project.scope()).await?;
    let last_fence = match store {
        Some(store) => store.last_fence().await?,
        None => 0,
    };
    let now = Now {
        scope: project.scope(),
        head: ground.head(),
        observed: &ground.observed,
        drift: &drift,
        lock: held.as_ref(),
        last_fence,
        open: open.as_ref().map(|open| (open, records.as_slice())),
        at: SystemClock.now(),
    };
    if console.json {
        let release = |head: &Release| json!({ "number": head.number, "tag": head.tag, "at": head.at, "by": head.by });
        let open_apply = |open: &Apply| json!({ "op": open.op, "tag": open.plan.tag, "opened": open.opened });
        let document = json!({
            "format": "omni.status/1",
            "scope": project.scope().to_string(),
            "release": now.head.map(release),
            "objects": now.observed.objects,
            "fingerprint": now.observed.fingerprint(),
            "drift": now.drift,
            "lock": now.lock,
            "open_apply": now.open.map(|(apply, _)| open_apply(apply)),
        });
        console.print(&format!("{document:#}\n"));
    } else {
        console.print(&report::status(&now, &console.out));
    }
    Ok(if open.is_some() { Exit::Stuck } else { Exit::Done })
}
