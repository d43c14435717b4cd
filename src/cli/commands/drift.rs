//! `omni drift`: compares what runs with what was recorded; for cron, and read-only.
//!
//! It ends well only where there is a record and all is as it says: whatever else it cannot compare with, it says so.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::opened::{self, Opened};
use crate::cli::planning::Ground;
use crate::cli::project::Project;
use crate::plain::plain;
use crate::plan::{Comparison, Uncompared};
use crate::report;

pub(crate) async fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let store = project.store().await?;
    if let Some(opened) = opened::look(&project, &engine, store.as_deref(), global.lock_wait.duration()).await? {
        // What is there is neither before nor after: there is nothing to compare it with.
        if console.json {
            console.print(&document(&project, None, Some(&opened)));
        }
        return opened.end(console);
    }
    let store = store.as_deref();
    let ground = Ground::look(project.scope(), &engine, store).await?;
    let compared = ground.compared(&project);
    let told = compared.told();
    if console.json {
        console.print(&document(&project, Some(&compared), None));
    }
    let Some(found) = told else { return Err(no_record(&compared)) };
    if !console.json {
        console.print(&report::drift_text(&compared, &console.out));
    }
    match compared.silent().next() {
        Some(silent) => Err(unreachable(silent, found.is_empty())),
        None => Ok(if found.is_empty() { Exit::Done } else { Exit::Drift }),
    }
}

/// A database was not looked at that should have answered: whatever was found, it may not be all.
fn unreachable(silent: &Uncompared, is_all_else_well: bool) -> Failure {
    let rest = if is_all_else_well { "; nobody can tell whether its schema was changed" } else { "" };
    let text = format!("{} {}{rest}", silent.address, plain(&silent.why));
    Failure::new(Exit::Unusable, "omni::database::unreachable", text)
        .help("see to it that it answers; then run it again")
}

/// Nothing was found, and nobody can tell whether that is all.
fn no_record(compared: &Comparison) -> Failure {
    let (message, help) = match &compared.base {
        Some(base) => (
            format!(
                "the store has no record of what runs, which is release {} ({}) by the labels on the engine; nobody \
                 can tell whether something was changed or removed by hand",
                base.number, base.tag
            ),
            "put the store back; or read `omni plan`, then `omni apply` writes down what is there",
        ),
        None => (
            "neither the store nor a container on the engine tells of a release: there is nothing to compare with"
                .to_owned(),
            "put the store back; where nothing was ever deployed, run `omni apply`",
        ),
    };
    let failure = Failure::new(Exit::Store, "omni::store::no_record", message);
    let absent = compared.absent.iter().map(|address| format!("{address} is in the spec and has no container"));
    absent.fold(failure, Failure::and).help(help)
}

fn document(project: &Project, compared: Option<&Comparison>, opened: Option<&Opened>) -> String {
    let document = json!({
        "format": "omni.drift/1",
        "scope": project.scope().to_string(),
        "base": compared.and_then(|compared| compared.base.as_ref()),
        "is_by_labels": compared.map(Comparison::is_by_labels),
        "drift": compared.and_then(Comparison::told),
        "absent": compared.map(|compared| &compared.absent),
        "uncompared": compared.map(|compared| &compared.uncompared),
        "open_apply": opened.map(Opened::json),
    });
    format!("{document:#}\n")
}
