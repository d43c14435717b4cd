//! Recovering: finishing an apply that another process left open, or taking it back.

use serde_json::json;

use crate::apply::{self, Aborted, Frontier, best_way};
use crate::cli::applying::Applying;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning;
use crate::cli::system_clock::SystemClock;
use crate::cli::tidying;
use crate::cli::undertaking::{Under, Undertaking};
use crate::cli::wish::{resolved_if_possible, retention};
use crate::clock::Clock;
use crate::journal::{Apply, Cause, Direction, LeftBehind, NodeStatus, Outcome, Record};
use crate::plan::Plan;
use crate::provider::Observe;
use crate::release::Release;
use crate::spec::OnFailure;

/// How far an open apply has come.
///
/// # Errors
/// When the journal does not fit the plan.
pub(crate) fn replay<'p>(plan: &'p Plan, records: &[Record]) -> Result<Frontier<'p>, Failure> {
    Ok(Frontier::replay(plan, records).map_err(Aborted::from)?)
}

/// Which way an open apply with these records is best finished.
///
/// # Errors
/// When the journal does not fit the plan.
pub(crate) fn way(plan: &Plan, records: &[Record]) -> Result<Direction, Failure> {
    Ok(best_way(plan, &replay(plan, records)?))
}

/// Makes sure that nobody has applied since this apply was opened.
///
/// # Errors
/// When somebody has, or the engine does not answer.
pub(crate) async fn refuse_outdated(
    engine: &dyn Observe,
    apply: &Apply,
    frontier: &Frontier<'_>,
) -> Result<(), Failure> {
    let observed = engine.observe(&apply.plan.scope).await?;
    let Some(why) = apply::outdated(apply, frontier, &observed) else { return Ok(()) };
    let message =
        format!("the store is older than what is on the engine: it says that {} is open, but {why}", apply.plan.tag);
    Err(Failure::new(Exit::Store, "omni::store::outdated", message).help(
        "nothing was changed; put the newest copy of the store back, or run `omni recover --accept` to go on from what \
         is there",
    ))
}

/// In which direction an open apply with these records goes: the one asked for, or the best one.
///
/// # Errors
/// When the direction is not possible, or somebody has applied since the apply was opened.
pub(crate) async fn direction(
    engine: &dyn Observe,
    apply: &Apply,
    records: &[Record],
    asked: Option<Direction>,
) -> Result<Direction, Failure> {
    let frontier = replay(&apply.plan, records)?;
    if asked == Some(Direction::Forward) && frontier.unwinding().is_some() {
        return Err(Failure::new(
            Exit::Refused,
            "omni::recover::already_back",
            "the apply has begun to be undone, and can only be undone",
        )
        .help("run `omni recover --back`"));
    }
    refuse_outdated(engine, apply, &frontier).await?;
    Ok(asked.unwrap_or_else(|| best_way(&apply.plan, &frontier)))
}

/// Finishes an open apply, in the direction asked for or the best one.
///
/// # Errors
/// When the direction is not possible, or the apply had to stop where it stood.
pub(crate) async fn finish(
    undertaking: &Undertaking<'_>,
    apply: &Apply,
    asked: Option<Direction>,
    under: &mut Under<'_>,
) -> Result<Exit, Failure> {
    let records = under.store.journal(&apply.op).await?;
    let direction = direction(&undertaking.engine, apply, &records, asked).await?;
    let way = if direction == Direction::Forward { "finishing" } else { "undoing" };
    let console = undertaking.console;
    // Programs are told by the events.
    if !console.json {
        console.note(&format!("{way} the open apply of {} ({})\n", apply.plan.tag, apply.op));
    }
    let (spec, mut vault, _) = resolved_if_possible(undertaking.project, under.store.key());
    planning::recall(&mut vault, apply.plan.things(), under.store).await?;
    let is_base = |head: &Release| apply.plan.base.as_ref().is_some_and(|base| base.number == head.number);
    let before = under.store.head().await?.filter(is_base).map(|head| head.world);
    let mut reporter = console.reporter(&apply.plan, &records);
    let applying = Applying {
        provider: &undertaking.engine,
        anchor: &undertaking.engine,
        store: &mut *under.store,
        reporter: &mut *reporter,
        vault: &vault,
        root: &undertaking.project.root,
        clock: &SystemClock,
        locked: under.locked,
        signals: &mut *under.signals,
        limits: undertaking.limits(OnFailure::Undo, OnFailure::Pause),
    };
    let mut applied = applying.take_up(apply, direction).await?;
    if direction == Direction::Back && matches!(applied.outcome, Outcome::Unwound(_)) {
        // Why the apply had turned was told then. Now it was to be taken back, and is.
        applied.outcome = Outcome::Unwound(Cause::Recovered);
    }
    drop(reporter);
    undertaking.tell_ending(&apply.plan, &applied, before, &|_| None);
    if applied.release.is_some() {
        let kept = retention(spec.as_ref()).after(&apply.plan.purpose);
        tidying::tidy_after(undertaking, kept, &apply.plan, under).await?;
    }
    Ok(match (applied.exit(None), asked) {
        (Exit::Stuck, _) => {
            undertaking.tell_failure(&apply.plan, &applied, None, Exit::Stuck);
            Exit::Stuck
        }
        // It was to be finished, and was undone instead.
        (exit, Some(Direction::Forward)) => exit,
        // What was asked for is done, whichever way it went.
        _ => Exit::Done,
    })
}

/// Closes an open apply as it stands. What it left behind is named; the next plan starts from what is there.
///
/// # Errors
/// When the journal does not fit the plan, or the store cannot be written.
pub(crate) async fn accept(
    undertaking: &Undertaking<'_>,
    apply: &Apply,
    under: &mut Under<'_>,
) -> Result<Exit, Failure> {
    under.store.take_over(&apply.op, under.locked.fence).await?;
    let records = under.store.journal(&apply.op).await?;
    let frontier = replay(&apply.plan, &records)?;
    let cause = frontier.unwinding().cloned().unwrap_or(Cause::Recovered);
    let touched = frontier.steps_in(|status| !matches!(status, NodeStatus::Waiting | NodeStatus::Undone));
    let left: Vec<_> = touched.map(|node| LeftBehind { node: node.clone(), fault: None }).collect();
    let names: Vec<_> = left.iter().map(|left| left.node.to_string()).collect();
    let outcome = Outcome::Stuck { cause, left };
    under.store.close(&apply.op, under.locked.fence, &outcome, None, SystemClock.now()).await?;
    let (tag, console) = (&apply.plan.tag, undertaking.console);
    console.print(&if console.json {
        let closed = json!({ "op": apply.op, "tag": tag, "opened": apply.opened, "by": apply.by, "left": names });
        let document = json!({ "format": "omni.recover/1", "open_apply": null, "would": null, "closed": closed });
        format!("{document:#}\n")
    } else {
        let left = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        format!("The apply of {tag} is closed as it stands; it left: {left}.\nnext: omni plan\n")
    });
    Ok(Exit::Done)
}
