//! Consent: what the user has to have agreed to before a plan is applied.

use crate::cli::args::DoArgs;
use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, UNTOUCHED};
use crate::cli::opened::Opened;
use crate::cli::wish::Met;
use crate::journal::Direction;
use crate::plain::plain;
use crate::plan::{Change, Class, Moved, Plan};
use crate::report;
use crate::spec::{Written, near};

/// What the user has agreed to before the command started.
#[derive(Debug, Default)]
pub(crate) struct Reviewed {
    /// The plan of a file: the plan made under the lock has to do the same.
    pub(crate) plan: Option<Plan>,
    /// What the spec of that plan was read from.
    pub(crate) written: Option<Written>,
    /// The id that the plan has to have.
    pub(crate) id: Option<String>,
    /// Whether the user agreed to that plan on the terminal a moment ago.
    pub(crate) is_agreed: bool,
}

impl Reviewed {
    /// What has changed since the review, where `plan` is what comes out now; empty where it does the same.
    pub(crate) fn moved(&self, plan: &Plan, met: &Met) -> Vec<Moved> {
        let moved = self.plan.as_ref().map(|seen| seen.moved(plan)).unwrap_or_default();
        match (&self.written, met.written()) {
            (Some(before), Some(now)) => moved.into_iter().flat_map(|one| one.explained(before, now)).collect(),
            _ => moved,
        }
    }

    const fn is_any(&self) -> bool {
        self.plan.is_some() || self.id.is_some()
    }
}

/// Checks that the user has agreed to this plan, and asks where that is left to a word on the terminal.
///
/// # Errors
/// `Refused` when another plan was reviewed, `Consent` when agreement is missing.
pub(crate) fn check(
    plan: &Plan,
    reviewed: &Reviewed,
    met: &Met,
    doing: &DoArgs,
    console: &Console,
) -> Result<(), Failure> {
    let id = plan.id();
    if let Some(wanted) = &reviewed.id
        && *wanted != id.spoken()
        && *wanted != id.to_string()
    {
        let message = format!("the plan is {} and not `{wanted}`, which was reviewed", id.spoken());
        return Err(Failure::new(Exit::Refused, "omni::plan::other_id", message)
            .help(format!("run `omni plan` again and have the new plan reviewed; {UNTOUCHED}")));
    }
    check_losses(plan, doing)?;
    if reviewed.is_any() {
        return Ok(());
    }
    if doing.yes && !met.approval {
        return Ok(());
    }
    remind(plan, console);
    if met.approval {
        let name = plan.scope.to_string();
        return console.ask(&format!("{name} needs approval."), &name, &format!("--plan-id {}", id.spoken()));
    }
    if plan.steps().any(Change::removes_volume) {
        let name = plan.scope.to_string();
        return console.ask(&format!("This removes {name} and all that is in its volumes."), &name, "--yes");
    }
    console.ask("Apply this plan?", "yes", "--yes")
}

/// Checks that the user agrees to an open apply being ended this way first, and asks where there is somebody to ask.
///
/// # Errors
/// `Consent` when agreement is missing.
pub(crate) fn to_recover(opened: &Opened, way: Direction, doing: &DoArgs, console: &Console) -> Result<(), Failure> {
    if doing.yes {
        return Ok(());
    }
    let apply = &opened.apply;
    let open = format!(
        "an apply is open ({}, release {}, opened {} by {})",
        apply.plan.tag,
        apply.release,
        report::moment(apply.opened),
        apply.by
    );
    let act = match way {
        Direction::Forward => "finish it first",
        Direction::Back => "take it back first",
    };
    if console.may_ask() {
        return console.ask(&plain(&format!("{open}: {act}?")), "yes", "--yes");
    }
    let message = format!("{open}, and there is nobody to ask whether to {act}; {UNTOUCHED}");
    Err(Failure::new(Exit::Consent, "omni::consent::recovery", message)
        .help("run `omni recover` and then this again, or give `--yes` to do both"))
}

/// Draws the steps once more, right above the question, where the plan has pushed them out of view.
fn remind(plan: &Plan, console: &Console) {
    let columns = usize::from(console.out.width).max(1);
    let shown = report::plan_at_work(plan, &console.out);
    // Colours make a line longer than it looks, at worst one that is repeated without need.
    let rows: usize = shown.lines().map(|line| line.chars().count().div_ceil(columns).max(1)).sum();
    if console.may_ask() && rows >= console.rows() {
        console.warn(&format!("\n{}\n", report::plan_steps(plan, &console.err)));
    }
}

fn check_losses(plan: &Plan, doing: &DoArgs) -> Result<(), Failure> {
    // Volumes are removed only where `--volumes` was given, which is the consent.
    let unnamed = plan.needing_consent().filter(|change| !change.removes_volume());
    let missing = unnamed.filter(|change| !doing.allow_loss.contains(&change.address));
    let (messages, flags): (Vec<_>, Vec<_>) = missing
        .map(|change| {
            let what = match change.class {
                Class::OneWay => "cannot be taken back",
                Class::Lossy => "loses data if it is taken back",
                Class::Reversible => "is empty, though a release has migrated it: what it had is in backups only",
            };
            let text = format!("{} {what}{}{}", change.address, when_it_runs(change), not_back(change));
            (text, format!("--allow-loss {}", change.address))
        })
        .unzip();
    // A flag that names nothing of the plan was meant to name something else.
    let mut stray = doing.allow_loss.iter().filter(|address| plan.change(address).is_none()).map(|stray| {
        let stray = stray.to_string();
        let names: Vec<_> = plan.needing_consent().map(|change| change.address.to_string()).collect();
        let near = near(&stray, names.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("`--allow-loss {}` names no step of this plan{near}", plain(&stray))
    });
    let failure = match (messages.is_empty(), stray.next()) {
        (true, None) => return Ok(()),
        (true, Some(text)) => {
            let failure = Failure::new(Exit::Usage, "omni::consent::unknown_step", text);
            return Err(stray
                .fold(failure, Failure::and)
                .help("leave it out, or name a step that the plan marks with `!`"));
        }
        (false, first) => {
            let failure = Failure::new(Exit::Consent, "omni::consent::loss", messages.join("; "));
            first.into_iter().chain(stray).fold(failure, Failure::and)
        }
    };
    Err(failure.help(format!("if that is right, add `{}`", flags.join(" "))))
}

/// What a step loses as soon as it runs, as the end of a sentence; empty where nothing.
pub(crate) fn when_it_runs(change: &Change) -> String {
    let lost: Vec<_> = change.losses().collect();
    if lost.is_empty() { String::new() } else { format!("; when it runs: {}", lost.join(", ")) }
}

/// What a step does not bring back, as the end of a sentence; empty where all comes back.
fn not_back(change: &Change) -> String {
    change.not_back().map(|what| format!("; it does NOT bring back {what}")).unwrap_or_default()
}
