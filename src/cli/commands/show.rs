//! `omni show`: draws a plan file, a release, or in what two releases differ.

use std::path::Path;

use crate::cli::Exit;
use crate::cli::args::{Global, ShowArgs};
use crate::cli::commands::apply;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::cli::wish::release_called;
use crate::report::{self, PullRequest};
use crate::store::Store;

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
    let releases = match project.store().await? {
        Some(store) => store.releases().await?,
        None => Vec::new(),
    };
    let release = match &args.what {
        Some(name) => release_called(&releases, name)?,
        None => releases.first().ok_or_else(|| {
            Failure::new(Exit::Usage, "omni::release::unknown", "nothing was applied yet").help("run `omni plan`")
        })?,
    };
    if let Some(name) = &args.to {
        let to = release_called(&releases, name)?;
        console.print(&if console.json {
            report::release_differences_json(release, to)
        } else {
            report::release_differences(release, to, &console.out)
        });
        return Ok(Exit::Done);
    }
    console.print(&if console.json { report::release_json(release) } else { report::release(release, &console.out) });
    Ok(Exit::Done)
}
