//! Fulfilling: from a wish to an ending, for every command that changes something.
//!
//! Where an apply is open, ask, and finish it. Then plan, show, ask; take both locks; plan again and compare; apply;
//! close; tidy; unlock. What is applied is what was seen: the second plan, made under the lock, has to do the same as
//! the first. Nothing is touched before consent to it was given.

use crate::cli::applying::Applying;
use crate::cli::consent::{self, Reviewed};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, UNTOUCHED};
use crate::cli::planning::Ground;
use crate::cli::system_clock::SystemClock;
use crate::cli::undertaking::{Under, Undertaking};
use crate::cli::wish::{Met, Wish};
use crate::cli::{recovering, tidying};
use crate::fingerprint::Key;
use crate::journal::{Apply, Direction};
use crate::plan::{Moved, Plan};
use crate::provider::Observe;

/// Fulfils a wish.
///
/// # Errors
/// When nothing was touched, or the apply had to stop where it stood.
pub(crate) async fn fulfil(work: &Undertaking<'_>, wish: &Wish, reviewed: Reviewed) -> Result<Exit, Failure> {
    // While an apply is open, what is there is neither before nor after: it is finished first.
    match work.opened().await? {
        None => Box::pin(planned(work, wish, reviewed)).await,
        Some(opened) => {
            let way = recovering::way(&opened.apply.plan, &opened.records)?;
            consent::to_recover(&opened, way, work.doing, work.console)?;
            if matches!(wish, Wish::Spec(_)) {
                // A spec that is wrong is told before anything is touched.
                work.project.resolve(&Key::unset())?;
            }
            let exit = work.under_lock(async |under| finish_first(work, &opened.apply, way, under).await).await?;
            if exit != Exit::Done {
                return Ok(exit);
            }
            let done = match way {
                Direction::Forward => "the open apply was finished",
                Direction::Back => "the open apply was taken back",
            };
            Box::pin(planned(work, wish, reviewed)).await.map_err(|failure| failure.after(done))
        }
    }
}

/// Finishes the apply that was open before the lock was taken, unless somebody else has done so meanwhile.
async fn finish_first(
    work: &Undertaking<'_>,
    seen: &Apply,
    way: Direction,
    under: &mut Under<'_>,
) -> Result<Exit, Failure> {
    match under.store.open_apply().await? {
        None => Ok(Exit::Done),
        Some(open) if open.op == seen.op => recovering::finish(work, &open, Some(way), under).await,
        Some(_) => Err(opened_meanwhile()),
    }
}

fn opened_meanwhile() -> Failure {
    let message = format!("another apply was opened meanwhile, and cut off; {UNTOUCHED} here");
    Failure::new(Exit::Stuck, "omni::apply::open", message).help("run it again, or `omni recover` first")
}

async fn planned(work: &Undertaking<'_>, wish: &Wish, mut reviewed: Reviewed) -> Result<Exit, Failure> {
    let store = work.project.store().await?;
    if reviewed.plan.is_none() {
        let ground = work.look(store.as_deref()).await?;
        let (met, plan) = work.prepare(wish, &ground, &ground.key, store.as_deref()).await?;
        work.warn(wish, &met);
        work.show(&plan);
        if has_nothing_to_do(&plan, &ground) {
            if work.is_lock_left_behind().await? {
                // Its holder died after it had closed its apply: what it did not tidy is tidied now.
                work.under_lock(async |under| tidying::tidy(work, met.retention, &plan, under).await).await?;
            }
            return Ok(Exit::Done);
        }
        consent::check(&plan, &reviewed, &met, work.doing, work.console)?;
        reviewed.written = met.written().cloned();
        reviewed.plan = Some(plan);
        reviewed.is_agreed = true;
    } else if let Some(seen) = &reviewed.plan {
        same_engine(work, seen).await?;
    }
    drop(store);
    work.under_lock(async |under| locked(work, wish, &reviewed, under).await).await
}

/// That the engine is the one of the plan. The lock is an object too, and is not to be made on another engine.
async fn same_engine(work: &Undertaking<'_>, seen: &Plan) -> Result<(), Failure> {
    let now = work.engine.facts().await?.id;
    if now == seen.engine.id {
        return Ok(());
    }
    Err(Failure::moved(&[Moved::Engine { planned: seen.engine.id.clone(), now }]))
}

async fn locked(
    work: &Undertaking<'_>,
    wish: &Wish,
    reviewed: &Reviewed,
    under: &mut Under<'_>,
) -> Result<Exit, Failure> {
    if under.store.open_apply().await?.is_some() {
        return Err(opened_meanwhile());
    }
    let ground = work.look(Some(&*under.store)).await?;
    let (met, plan) = work.prepare(wish, &ground, &ground.key, Some(&*under.store)).await?;
    if !reviewed.is_agreed {
        work.warn(wish, &met);
    }
    if reviewed.plan.is_some() {
        let moved = reviewed.moved(&plan, &met);
        if !moved.is_empty() {
            return Err(Failure::moved(&moved));
        }
    }
    if !reviewed.is_agreed {
        consent::check(&plan, reviewed, &met, work.doing, work.console)?;
    }
    let (met, mut plan) = if ground.key.is_unset() {
        // Before a first apply there is no key. Its objects need one, and so do the marks of their secrets.
        let key = under.store.key().clone();
        work.prepare(wish, &ground, &key, Some(&*under.store)).await?
    } else {
        if ground.releases.is_empty() {
            under.store.adopt_key(&ground.key).await?;
        }
        (met, plan)
    };
    if let Some(seen) = &reviewed.plan {
        plan.tag.clone_from(&seen.tag);
    }
    apply(work, &met, plan, &ground, under).await
}

async fn apply(
    work: &Undertaking<'_>,
    met: &Met,
    plan: Plan,
    ground: &Ground,
    under: &mut Under<'_>,
) -> Result<Exit, Failure> {
    let by = work.by(under.store);
    let number = ground.number_of(&plan);
    work.tell_opening(&plan, number, under.locked.fence);
    let mut reporter = work.console.reporter(&plan, &[]);
    let applying = Applying {
        provider: &work.engine,
        anchor: &work.engine,
        store: &mut *under.store,
        reporter: &mut *reporter,
        vault: &met.vault,
        root: &work.project.root,
        clock: &SystemClock,
        locked: under.locked,
        signals: &mut *under.signals,
        limits: work.limits(met.on_failure, met.on_interrupt),
    };
    let applied = applying.start(plan.clone(), number, &by).await?;
    drop(reporter);
    let before = ground.serving();
    work.tell_ending(&plan, &applied, before, &|address| met.place(address));
    if applied.release.is_some() {
        tidying::tidy_after(work, met.retention, &plan, under).await?;
    }
    let exit = applied.exit(before);
    work.tell_failure(&plan, &applied, before, exit);
    Ok(exit)
}

/// Whether there is nothing to do, not even to write down what a lost store no longer says.
fn has_nothing_to_do(plan: &Plan, ground: &Ground) -> bool {
    plan.is_empty() && (ground.head().is_some() || plan.base.is_none())
}
