//! `omni doctor`: checks the spec, the engine, the store, the lock and the clock, and says what to do about each.
//!
//! It ends as the command would that meets what is bad: of several things, as for the one that is in the way first.

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
use crate::fingerprint::Key;
use crate::plain::plain;
use crate::plan::Comparison;
use crate::provider::engine::Engine as _;
use crate::provider::{Anchor, Observe};
use crate::report;

/// How far this machine's clock and the engine's may differ, in seconds, before leases and times mislead.
const CLOCK_SKEW: i64 = 5;

/// What can be in the way of a command, first that which it meets first.
const IN_THE_WAY: [&str; 6] = ["spec", "engine", "store", "journal", "lock", "clock"];

/// What was found at one place.
struct Finding {
    place: &'static str,
    /// How a command ends that meets it; none where all is well.
    bad: Option<Exit>,
    text: String,
}

pub(crate) async fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    let project = match Project::open(global) {
        Ok(project) => {
            // What `omni validate` says.
            found.push(match project.resolve(&Key::unset()) {
                Ok(_) => good("spec", format!("{} ({})", project.name, project.scope())),
                Err(failure) => bad("spec", &failure),
            });
            Some(project)
        }
        Err(failure) => {
            found.push(bad("spec", &failure));
            None
        }
    };
    if let Some(project) = project {
        let engine = project.engine();
        match &engine {
            Ok(engine) => look_at_engine(&project, engine, &mut found).await,
            Err(failure) => found.push(bad("engine", failure)),
        }
        look_at_store(&project, engine.ok().as_ref(), &mut found).await;
    }
    if console.json {
        let one = |one: &Finding| {
            let exit = one.bad.map(Exit::number);
            json!({ "place": one.place, "is_good": one.bad.is_none(), "exit": exit, "text": plain(&one.text) })
        };
        let findings: Vec<_> = found.iter().map(one).collect();
        console.print(&format!("{:#}\n", json!({ "format": "omni.doctor/1", "findings": findings })));
    }
    for finding in found.iter().filter(|_| !console.json) {
        let mark = if finding.bad.is_none() { "ok " } else { "BAD" };
        let line = format!("  {mark}  {:<8}  {}\n", finding.place, plain(&finding.text));
        console.print(&report::fitted(&line, &console.out));
    }
    Ok(worst(&found))
}

fn worst(found: &[Finding]) -> Exit {
    let at = |finding: &&Finding| IN_THE_WAY.iter().position(|place| *place == finding.place);
    let bad = found.iter().filter(|finding| finding.bad.is_some());
    bad.min_by_key(at).and_then(|finding| finding.bad).unwrap_or(Exit::Done)
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
            let bad = (skew.abs() > CLOCK_SKEW).then_some(Exit::Unusable);
            found.push(Finding { place: "clock", bad, text });
        }
        Err(fault) => found.push(bad("clock", &fault.into())),
    }
    match engine.anchor(project.scope()).await {
        Ok(None) => found.push(good("lock", "free".to_owned())),
        Ok(Some(held)) => {
            let bad = held.is_abandoned().then_some(Exit::Locked);
            let text = format!("held by {} (fence {})", held.holder, held.fence);
            found.push(Finding { place: "lock", bad, text });
        }
        Err(fault) => found.push(bad("lock", &fault.into())),
    }
}

async fn look_at_store(project: &Project, engine: Option<&Engine>, found: &mut Vec<Finding>) {
    let store = match project.store().await {
        Ok(Some(store)) => store,
        Ok(None) => return found.push(lost_store(project, engine).await.unwrap_or_else(|| absent_store(project))),
        Err(failure) => return found.push(bad("store", &failure)),
    };
    let open = store.open_apply().await;
    match store.releases().await {
        Ok(releases) => {
            let is_lost = releases.is_empty() && matches!(open, Ok(None));
            let lost = if is_lost { lost_store(project, engine).await } else { None };
            let at = project.store_name().ok().flatten().map(|name| format!("{name}, ")).unwrap_or_default();
            let text = format!("{at}releases: {}, lineage {}", releases.len(), store.lineage());
            found.push(lost.unwrap_or_else(|| good("store", text)));
        }
        Err(error) => return found.push(bad("store", &error.into())),
    }
    match open {
        Ok(None) => found.push(good("journal", "no apply is open".to_owned())),
        Ok(Some(open)) => {
            let text = format!("the apply of {} is open: run `omni recover`", open.plan.tag);
            found.push(Finding { place: "journal", bad: Some(Exit::Stuck), text });
        }
        Err(error) => found.push(bad("journal", &error.into())),
    }
}

/// Where something runs though the store has no release, the store was lost.
async fn lost_store(project: &Project, engine: Option<&Engine>) -> Option<Finding> {
    let observed = engine?.observe(project.scope()).await.ok()?;
    let base = Comparison::new(None, "", &observed).base?;
    let (number, tag) = (base.number, base.tag);
    let text = format!(
        "it has no record of release {number} ({tag}), which is on the engine by its labels: put the \
         store back, or read `omni plan` and run `omni apply`, which writes down what is there"
    );
    Some(Finding { place: "store", bad: Some(Exit::Store), text })
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
    Finding { place, bad: None, text }
}

fn bad(place: &'static str, failure: &Failure) -> Finding {
    let text = match failure {
        Failure::Spec(problems) => match problems.errors() {
            1 => "1 error: run `omni validate`".to_owned(),
            errors => format!("{errors} errors: run `omni validate`"),
        },
        Failure::Told(told) => match &told.help {
            Some(help) => format!("{}; {help}", told.messages.join("; ")),
            None => told.messages.join("; "),
        },
    };
    Finding { place, bad: Some(failure.exit()), text }
}
