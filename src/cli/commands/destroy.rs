//! `omni destroy`: removes everything the project owns; volumes only on request.

use crate::cli::Exit;
use crate::cli::args::{DestroyArgs, Global};
use crate::cli::consent::Reviewed;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::Wish;

pub(crate) async fn run(global: &Global, args: &DestroyArgs, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let undertaking = Undertaking {
        engine: project.engine()?,
        project: &project,
        console,
        doing: &args.doing,
        lock_wait: global.lock_wait.duration(),
        budget: global.timeout.map(Into::into),
        pause_on_failure: false,
        name: "destroy",
    };
    if args.volumes && !args.doing.yes {
        let name = project.scope().to_string();
        console.ask(&format!("This removes the volumes of {name} and all that is in them."), &name, "--yes")?;
    }
    undertaking.run(&Wish::Nothing { volumes: args.volumes }, Reviewed::default()).await
}
