//! `omni destroy`: removes everything the project owns; volumes only on request.

use crate::cli::Exit;
use crate::cli::args::{DestroyArgs, Global};
use crate::cli::consent::Reviewed;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::fulfilling::fulfil;
use crate::cli::project::Project;
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::Wish;

pub(crate) async fn run(global: &Global, args: &DestroyArgs, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let undertaking = Undertaking::new(&project, global, console, &args.doing, "destroy")?;
    if args.volumes && !args.doing.yes {
        let name = project.scope().to_string();
        console.ask(&format!("This removes the volumes of {name} and all that is in them."), &name, "--yes")?;
    }
    fulfil(&undertaking, &Wish::Nothing { volumes: args.volumes }, Reviewed::default()).await
}
