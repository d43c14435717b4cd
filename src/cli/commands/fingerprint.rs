//! `omni fingerprint`: what serves, and the fingerprint of it; for comparing one moment with another.

use crate::cli::Exit;
use crate::cli::args::Global;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::provider::Observe;
use crate::report;

pub(crate) async fn run(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    // Neither the store nor an open apply matters here: it is about what serves at this moment, whatever it should be.
    let observed = project.engine()?.observe(project.scope()).await?;
    console.print(&if console.json {
        report::world_json(project.scope(), &observed)
    } else {
        report::world(&observed, &console.out)
    });
    Ok(Exit::Done)
}
