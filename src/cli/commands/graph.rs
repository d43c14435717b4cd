//! `omni graph`: who requires whom, and why.

use crate::cli::Exit;
use crate::cli::args::{Global, GraphArgs, GraphFormat};
use crate::cli::commands::apply;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::fingerprint::Key;
use crate::graph::Graph;
use crate::plan::PlanFile;
use crate::report::{self, Format};

pub(crate) fn run(global: &Global, args: &GraphArgs, console: &Console) -> Result<Exit, Failure> {
    let file = args.plan.as_deref().map(apply::read).transpose()?;
    let resources = match &file {
        Some(file) => file.plan.after().into_iter().map(|(a, resource)| (a.clone(), resource.clone())).collect(),
        None => Project::open(global)?.resolve(&Key::unset())?.0.resources,
    };
    let graph = Graph::build(&resources)
        .map_err(|ring| Failure::new(Exit::Usage, "omni::spec::cycle", format!("a circle: {ring}")))?;
    let format = match args.format {
        GraphFormat::Json => Format::Json,
        _ if console.json => Format::Json,
        GraphFormat::Mermaid => Format::Mermaid,
        GraphFormat::Dot => Format::Dot,
    };
    console.print(&report::graph_text(&graph, format, file.as_ref().map(|file: &PlanFile| &file.plan)));
    Ok(Exit::Done)
}
