//! `omni plan`: what apply would do. It changes nothing: it is handed only what can read.

use crate::cli::Exit;
use crate::cli::args::{Global, PlanArgs};
use crate::cli::console::Console;
use crate::cli::evidence::Evidence;
use crate::cli::failure::Failure;
use crate::cli::foreseeing::foresee;
use crate::cli::opened;
use crate::cli::planning::{self, Ground};
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::cli::wish::Wish;
use crate::cli::{disk, problems, proofs, tag};
use crate::clock::Clock;
use crate::plan::{Plan, PlanFile};
use crate::report::{self, PullRequest, Style};

pub(crate) async fn run(global: &Global, args: &PlanArgs, console: &Console) -> Result<Exit, Failure> {
    tag::check(args.pick.tag.as_deref())?;
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let store = project.store().await?;
    if let Some(opened) = opened::look(&project, &engine, store.as_deref(), global.lock_wait.duration()).await? {
        return opened.end(console);
    }
    let store = store.as_deref();
    let ground = Ground::look(project.scope(), &engine, store).await?;
    let wish = Wish::Spec(args.pick.clone());
    let met = wish.meet(&project, &engine, &ground.key, store).await?;
    if let Some(warnings) = met.warnings() {
        console.note(&problems::drawn(warnings, console));
    }
    let evidence = Evidence { vault: &met.vault, proofs: &proofs::kept(&project.root) };
    let mut plan = planning::plan(&met.goal, &ground, &engine, &evidence).await?;
    plan.afterwards = foresee(&plan, &ground, met.retention, &engine).await?;
    let plan = match (&args.out, met.written().cloned()) {
        (Some(path), Some(written)) => {
            let file = PlanFile::new(plan, SystemClock.now(), &args.pick.target, &args.pick.replace, written);
            disk::write(path, &file.to_text())?;
            file.plan
        }
        _ => plan,
    };
    if let Some(path) = &args.md {
        disk::write(path, &report::plan_markdown(&plan, &PullRequest { valid: Some("24 h"), ..about(args) }))?;
    }
    let named = args.out.as_ref().map(|path| path.display().to_string());
    let style = Style { full: args.full, context: args.unified, ..console.out };
    console.print(&if console.json {
        report::plan_json(&plan)
    } else {
        report::plan_text(&plan, named.as_deref(), &style)
    });
    Ok(exit(&plan, args.exit_code))
}

fn about(args: &PlanArgs) -> PullRequest<'_> {
    PullRequest { context: args.unified, ..PullRequest::default() }
}

fn exit(plan: &Plan, asked: bool) -> Exit {
    match (asked, plan.is_empty(), plan.needing_consent().next().is_some()) {
        (false, ..) | (true, true, _) => Exit::Done,
        (true, false, true) => Exit::LossyChanges,
        (true, false, false) => Exit::Changes,
    }
}
