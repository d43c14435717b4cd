//! `omni rollback`: lists releases, or goes back to one with the same engine as apply.

use crate::cli::Exit;
use crate::cli::args::{Global, RollbackArgs};
use crate::cli::consent::Reviewed;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::fulfilling::fulfil;
use crate::cli::project::Project;
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::{Wish, release_called};
use crate::report;
use crate::store::Store;

pub(crate) async fn run(global: &Global, args: &RollbackArgs, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let releases = match project.store().await? {
        Some(store) => store.releases().await?,
        None => Vec::new(),
    };
    let Some(name) = &args.to else {
        console.print(&if console.json {
            report::releases_json(&releases)
        } else {
            report::releases(&releases, &console.out)
        });
        return Ok(Exit::Done);
    };
    let wish = Wish::Release(Box::new(release_called(&releases, name)?.clone()));
    let undertaking = Undertaking::new(&project, global, console, &args.doing, "rollback")?;
    if args.dry_run {
        let store = project.store().await?;
        let ground = undertaking.look(store.as_ref()).await?;
        let (_, plan) = undertaking.prepare(&wish, &ground, &ground.key, store.as_ref()).await?;
        console.print(&if console.json {
            report::plan_json(&plan)
        } else {
            report::plan_text(&plan, None, &console.out)
        });
        return Ok(Exit::Done);
    }
    fulfil(&undertaking, &wish, Reviewed::default()).await
}
