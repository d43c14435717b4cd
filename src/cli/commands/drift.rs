//! `omni drift`: compares what runs with what was recorded; for cron, and read-only.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::opened::{self, Opened};
use crate::cli::planning::Ground;
use crate::cli::project::Project;
use crate::plan::drift;
use crate::report;

pub(crate) async fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let store = project.store().await?;
    if let Some(opened) = opened::look(&project, &engine, store.as_deref(), global.lock_wait.duration()).await? {
        // What is there is neither before nor after: there is nothing to compare it with.
        if console.json {
            console.print(&document(&project, None, Some(&opened)));
            return Err(opened.failure());
        }
        console.warn(&opened.text(&console.err));
        return Ok(opened.exit());
    }
    let store = store.as_deref();
    let ground = Ground::look(project.scope(), &engine, store).await?;
    let found = drift(ground.head(), &ground.lineage, &ground.observed);
    console.print(&if console.json {
        document(&project, Some(&found), None)
    } else {
        report::drift_text(&found, &console.out)
    });
    Ok(if found.is_empty() { Exit::Done } else { Exit::Drift })
}

fn document(project: &Project, found: Option<&[crate::plan::Drift]>, opened: Option<&Opened>) -> String {
    let document = json!({
        "format": "omni.drift/1",
        "scope": project.scope().to_string(),
        "drift": found,
        "open_apply": opened.map(Opened::json),
    });
    format!("{document:#}\n")
}
