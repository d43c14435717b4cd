//! `omni rollback`: lists releases, or goes back to one with the same engine as apply.

use crate::cli::Exit;
use crate::cli::args::{Global, RollbackArgs};
use crate::cli::called::release_called;
use crate::cli::consent::Reviewed;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::fulfilling::fulfil;
use crate::cli::project::Project;
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::Wish;
use crate::report;

pub(crate) async fn run(global: &Global, args: &RollbackArgs, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let store = project.store().await?;
    let Some(name) = &args.to else {
        let releases = match &store {
            Some(store) => store.releases().await?,
            None => Vec::new(),
        };
        console.print(&if console.json {
            report::releases_json(&releases)
        } else {
            report::releases(&releases, &console.out)
        });
        return Ok(Exit::Done);
    };
    let release = release_called(&project, store.as_deref(), name).await?;
    drop(store);
    let wish = Wish::Release { release: Box::new(release), skip_backup: args.skip_backup };
    let undertaking = Undertaking::new(&project, global, console, &args.doing, "rollback")?;
    if args.dry_run {
        return undertaking.only_plan(&wish).await;
    }
    fulfil(&undertaking, &wish, Reviewed::default()).await
}
