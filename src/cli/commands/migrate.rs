//! `omni migrate`: what was applied, what is dangerous, what ways back are worth; a history is adopted, or gets longer.

mod baseline;
mod fresh;
mod lint;
mod prove;
mod status;

use crate::cli::Exit;
use crate::cli::args::{Global, MigrateCommand};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;

pub(crate) async fn run(global: &Global, command: &MigrateCommand, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    match command {
        MigrateCommand::Status(args) => status::run(&project, args, console).await,
        MigrateCommand::Lint(args) => lint::run(&project, args, console),
        MigrateCommand::Prove(args) => prove::run(&project, args, console).await,
        MigrateCommand::Baseline(args) => baseline::run(&project, args, console).await,
        MigrateCommand::New(args) => fresh::run(&project, args, console),
    }
}
