//! `omni apply`: does a plan; undoes everything where a step fails.

use std::path::Path;

use crate::cli::Exit;
use crate::cli::args::{ApplyArgs, Global, OnFailure};
use crate::cli::consent::Reviewed;
use crate::cli::console::Console;
use crate::cli::disk;
use crate::cli::failure::Failure;
use crate::cli::fulfilling::fulfil;
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::cli::tag;
use crate::cli::undertaking::Undertaking;
use crate::cli::wish::Wish;
use crate::clock::Clock;
use crate::plan::{PlanFile, Purpose};

/// The most bytes of a plan file: thousands of services, each as it is and as it will be.
const LARGEST: u64 = 256 << 20;

pub(crate) async fn run(global: &Global, args: &ApplyArgs, console: &Console) -> Result<Exit, Failure> {
    tag::check(args.pick.tag.as_deref())?;
    let project = Project::open(global)?;
    let mut pick = args.pick.clone();
    let mut reviewed = Reviewed { id: args.plan_id.clone(), ..Reviewed::default() };
    if let Some(path) = &args.plan {
        let file = read(path)?;
        file.check_age(SystemClock.now())?;
        if file.plan.scope != *project.scope() {
            let message = format!("the plan is for `{}` and not for `{}`", file.plan.scope, project.scope());
            return Err(Failure::new(Exit::Refused, "omni::plan::other_deployment", message)
                .help("choose the environment with `--env`, or the spec with `-f`"));
        }
        if file.plan.purpose != Purpose::Apply {
            return Err(Failure::new(Exit::Usage, "omni::plan::other_purpose", "the plan is none of `omni plan`"));
        }
        if pick.tag.is_some() || !pick.target.is_empty() || !pick.replace.is_empty() || pick.skip_backup {
            let message =
                "the plan file decides; `--tag`, `--target`, `--replace` and `--skip-backup` cannot change it";
            return Err(
                Failure::new(Exit::Usage, "omni::plan_file::decides", message).help("give them to `omni plan -o FILE`")
            );
        }
        // What was picked is part of what was reviewed.
        pick.target.clone_from(&file.target);
        pick.replace.clone_from(&file.replace);
        pick.skip_backup = !file.plan.without_backup.is_empty();
        reviewed.written = Some(file.written);
        reviewed.plan = Some(file.plan);
    }
    let mut undertaking = Undertaking::new(&project, global, console, &args.doing, "apply")?;
    undertaking.pause_on_failure = args.on_failure == OnFailure::Pause;
    Box::pin(fulfil(&undertaking, &Wish::Spec(pick), reviewed)).await
}

/// The plan file at a path.
pub(super) fn read(path: &Path) -> Result<PlanFile, Failure> {
    Ok(PlanFile::read(&path.display().to_string(), &disk::text(path, LARGEST)?)?)
}
