//! `omni doctor`: checks the engine, the store, the lock and the clock, and says what to do about each.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::disk;
use crate::cli::failure::Failure;
use crate::cli::project::{Engine, Project};
use crate::cli::store_place::StorePlace;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::plain::plain;
use crate::provider::engine::Engine as _;
use crate::provider::{Anchor, Observe};
use crate::report;

/// How far this machine's clock and the engine's may differ, in seconds, before leases and times mislead.
const CLOCK_SKEW: i64 = 5;

/// What was found at one place.
struct Finding {
    place: &'static str,
    is_good: bool,
    text: String,
}

pub(crate) async fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    let project = match Project::open(global) {
        Ok(project) => {
            found.push(good("spec", format!("{} ({})", project.name, project.scope())));
            Some(project)
        }
        Err(failure) => {
            found.push(bad("spec", &failure));
            None
        }
    };
    if let Some(project) = project {
        match project.engine() {
            Ok(engine) => look_at_engine(&project, &engine, &mut found).await,
            Err(failure) => found.push(bad("engine", &failure)),
        }
        look_at_store(&project, &mut found).await;
    }
    if console.json {
        let one = |one: &Finding| json!({ "place": one.place, "is_good": one.is_good, "text": plain(&one.text) });
        let findings: Vec<_> = found.iter().map(one).collect();
        console.print(&format!("{:#}\n", json!({ "format": "omni.doctor/1", "findings": findings })));
    }
    for finding in found.iter().filter(|_| !console.json) {
        let mark = if finding.is_good { "ok " } else { "BAD" };
        let line = format!("  {mark}  {:<8}  {}\n", finding.place, plain(&finding.text));
        console.print(&report::fitted(&line, &console.out));
    }
    Ok(if found.iter().all(|finding| finding.is_good) { Exit::Done } else { Exit::Unusable })
}

async fn look_at_engine(project: &Project, engine: &Engine, found: &mut Vec<Finding>) {
    match engine.facts().await {
        Ok(facts) => {
            let memory = facts.memory >> 20;
            found.push(good(
                "engine",
                format!("{} at {}, {} CPUs, {memory} MiB, {}", facts.version, facts.host, facts.cpus, facts.platform),
            ));
        }
        Err(fault) => return found.push(bad("engine", &fault.into())),
    }
    match engine.engine().now().await {
        Ok(theirs) => {
            let skew = SystemClock.now().duration_since(theirs).as_secs();
            let text = format!("{skew} s from the engine's");
            found.push(Finding { place: "clock", is_good: skew.abs() <= CLOCK_SKEW, text });
        }
        Err(fault) => found.push(bad("clock", &fault.into())),
    }
    match engine.anchor(project.scope()).await {
        Ok(None) => found.push(good("lock", "free".to_owned())),
        Ok(Some(held)) => {
            let is_good = !held.is_abandoned();
            let text = format!("held by {} (fence {})", held.holder, held.fence);
            found.push(Finding { place: "lock", is_good, text });
        }
        Err(fault) => found.push(bad("lock", &fault.into())),
    }
}

async fn look_at_store(project: &Project, found: &mut Vec<Finding>) {
    let store = match project.store().await {
        Ok(Some(store)) => store,
        Ok(None) => return found.push(absent_store(project)),
        Err(failure) => return found.push(bad("store", &failure)),
    };
    match store.releases().await {
        Ok(releases) => {
            let at = project.store_name().ok().flatten().map(|name| format!("{name}, ")).unwrap_or_default();
            found.push(good("store", format!("{at}releases: {}, lineage {}", releases.len(), store.lineage())));
        }
        Err(error) => return found.push(bad("store", &error.into())),
    }
    match store.open_apply().await {
        Ok(None) => found.push(good("journal", "no apply is open".to_owned())),
        Ok(Some(open)) => {
            let text = format!("the apply of {} is open: run `omni recover`", open.plan.tag);
            found.push(Finding { place: "journal", is_good: false, text });
        }
        Err(error) => found.push(bad("journal", &error.into())),
    }
}

/// What the first apply will find where the store is to be.
fn absent_store(project: &Project) -> Finding {
    let named = project.store_name();
    let tried = match project.store_place() {
        Ok(StorePlace::File(path)) => disk::try_folder_of(&path),
        Ok(StorePlace::Server(_)) => Ok(()),
        Err(failure) => Err(failure),
    };
    match tried.and(named) {
        Ok(None) => good("store", "none yet: the first apply makes it".to_owned()),
        Ok(Some(name)) => good("store", format!("{name}, none yet: the first apply makes it")),
        Err(failure) => bad("store", &failure),
    }
}

const fn good(place: &'static str, text: String) -> Finding {
    Finding { place, is_good: true, text }
}

fn bad(place: &'static str, failure: &Failure) -> Finding {
    let text = match failure {
        Failure::Spec(problems) => format!("{} errors: run `omni validate`", problems.errors()),
        Failure::Told(told) => match &told.help {
            Some(help) => format!("{}; {help}", told.messages.join("; ")),
            None => told.messages.join("; "),
        },
    };
    Finding { place, is_good: false, text }
}
