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
    let wish = Wish::Nothing { volumes: args.volumes };
    if args.dry_run {
        return undertaking.only_plan(&wish).await;
    }
    fulfil(&undertaking, &wish, Reviewed::default()).await
}
