//! Recovering: finishing an apply that another process left open, or taking it back.

use crate::apply::Frontier;
use crate::cli::applying::Applying;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::planning;
use crate::cli::system_clock::SystemClock;
use crate::cli::tidying::{self, retained_by};
use crate::cli::undertaking::{Under, Undertaking};
use crate::cli::wish::resolved_if_possible;
use crate::journal::{Apply, Direction, NodeStatus, Outcome, Record};
use crate::plan::{Class, Purpose};
use crate::spec::OnFailure;
use crate::store::Store;

/// Which way an open apply is best finished: forward where all of it is done, or something that cannot be taken back
/// is; else back.
///
/// # Errors
/// When the journal does not fit the plan.
pub(crate) fn best_way(apply: &Apply, records: &[Record]) -> Result<Direction, Failure> {
    let frontier = Frontier::replay(&apply.plan, records).map_err(crate::apply::Aborted::from)?;
    if frontier.outcome() == Some(Outcome::Applied) {
        return Ok(Direction::Forward);
    }
    if frontier.unwinding().is_some() {
        return Ok(Direction::Back);
    }
    let one_way = apply.plan.steps().filter(|change| change.class == Class::OneWay);
    let is_past = one_way.into_iter().any(|change| frontier.status(&change.address) == Some(NodeStatus::Done));
    Ok(if is_past { Direction::Forward } else { Direction::Back })
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
    let best = best_way(apply, &records)?;
    let frontier = Frontier::replay(&apply.plan, &records).map_err(crate::apply::Aborted::from)?;
    if asked == Some(Direction::Forward) && frontier.unwinding().is_some() {
        return Err(Failure::new(
            Exit::Refused,
            "omni::recover::already_back",
            "the apply has begun to be undone, and can only be undone",
        )
        .help("run `omni recover --back`"));
    }
    let direction = asked.unwrap_or(best);
    let way = if direction == Direction::Forward { "finishing" } else { "undoing" };
    let console = undertaking.console;
    console.note(&format!("{way} the open apply of {} ({})\n", apply.plan.tag, apply.op));
    let (spec, mut vault, _) = resolved_if_possible(undertaking.project, under.store.key());
    let after = apply.plan.after().into_iter().map(|(address, resource)| (address.clone(), resource.clone())).collect();
    for fingerprint in planning::files(&after) {
        vault.keep_file(under.store.file(&fingerprint).await?);
    }
    let mut reporter = console.reporter(&apply.plan);
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
        limits: undertaking.limits(OnFailure::Pause),
    };
    let applied = applying.take_up(apply, direction).await?;
    drop(reporter);
    undertaking.tell_ending(&apply.plan, &applied);
    if applied.release.is_some() {
        let retain = if apply.plan.purpose == Purpose::Destroy { 1 } else { retained_by(spec.as_ref()) };
        tidying::sweep(undertaking, retain, under).await?;
    }
    Ok(match Exit::of(&applied.outcome) {
        Exit::Stuck => Exit::Stuck,
        // What was asked for is done, whichever way it went.
        _ => Exit::Done,
    })
}
