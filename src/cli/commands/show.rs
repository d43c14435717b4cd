//! `omni show`: draws a plan file, a release, or in what two releases differ.

use std::path::Path;

use crate::cli::Exit;
use crate::cli::args::{Global, ShowArgs};
use crate::cli::called::release_called;
use crate::cli::commands::apply;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::report::{self, PullRequest};

pub(crate) async fn run(global: &Global, args: &ShowArgs, console: &Console) -> Result<Exit, Failure> {
    let file = args.what.as_ref().filter(|what| args.to.is_none() && Path::new(what).is_file());
    if let Some(path) = file {
        let plan = apply::read(Path::new(path))?.plan;
        console.print(&match (console.json, args.md) {
            (true, _) => report::plan_json(&plan),
            (_, true) => report::plan_markdown(&plan, &PullRequest::default()),
            _ => report::plan_text(&plan, Some(path), &console.out),
        });
        return Ok(Exit::Done);
    }
    let project = Project::open(global)?;
    let store = project.store().await?;
    let store = store.as_deref();
    let release = match (&args.what, store) {
        (Some(name), _) => Some(release_called(&project, store, name).await?),
        (None, Some(store)) => store.head().await?,
        (None, None) => None,
    };
    let release = release.ok_or_else(|| {
        Failure::new(Exit::Usage, "omni::release::unknown", "nothing was applied yet").help("run `omni plan`")
    })?;
    if let Some(name) = &args.to {
        let to = release_called(&project, store, name).await?;
        console.print(&if console.json {
            report::release_differences_json(&release, &to)
        } else {
            report::release_differences(&release, &to, &console.out)
        });
        return Ok(Exit::Done);
    }
    console.print(&if console.json { report::release_json(&release) } else { report::release(&release, &console.out) });
    Ok(Exit::Done)
}
