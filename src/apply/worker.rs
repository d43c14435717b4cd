//! The worker: one step, from the provider's first call to its answer, within a deadline.
//!
//! It knows neither graph nor journal. A step may be repeated at any time, so a passing fault is tried again here, with
//! back-off, before it counts. Forward, a refusal turns the apply. An undo has nothing to turn to, so there a refusal
//! is tried again too, while the undo is young.

use std::time::Duration;

use tokio::time::Instant;

use crate::journal::Effect;
use crate::plan::{Action, Change};
use crate::provider::{Fault, FaultKind, Order, Perform};
use crate::resource::{Resource, Service};

const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long an undo counts as young. One that took longer has waited for something by itself.
const YOUNG: Duration = Duration::from_secs(10);

/// Which way a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Do,
    Undo,
}

/// Does one step, or takes it back.
pub(super) async fn work(provider: &dyn Perform, order: &Order<'_>, way: Way) -> Result<Effect, Fault> {
    let deadline = deadline(order.change, way);
    match tokio::time::timeout(deadline, tries(provider, order, way)).await {
        Ok(answer) => answer,
        Err(_) => Err(Fault::new(
            FaultKind::Unknown,
            format!("no end after {} s, which is this step's deadline", deadline.as_secs()),
        )),
    }
}

async fn tries(provider: &dyn Perform, order: &Order<'_>, way: Way) -> Result<Effect, Fault> {
    let begun = Instant::now();
    let call = || match way {
        Way::Do => provider.perform(order),
        Way::Undo => provider.undo(order),
    };
    let is_worth_it = |fault: &Fault| {
        let is_young = way == Way::Undo && begun.elapsed() < YOUNG;
        let is_worth_it = fault.kind.is_passing() || is_young && may_end(fault.kind);
        if is_worth_it {
            (order.progress)(format!("{}; trying again", fault.message));
        }
        is_worth_it
    };
    again(call, is_worth_it).await
}

/// Starts containers again that something else has stopped, and waits for them. `is_new` tells whether they are those
/// of the change, or those of before it.
pub(super) async fn raise(
    provider: &dyn Perform,
    order: &Order<'_>,
    ids: &[String],
    is_new: bool,
) -> Result<(), Fault> {
    again(|| provider.raise(order, ids, is_new), |fault| fault.kind.is_passing()).await
}

/// The answer to a call, tried a few times while that is worth it.
async fn again<T, F, C>(call: F, is_worth_it: impl Fn(&Fault) -> bool) -> Result<T, Fault>
where
    F: Fn() -> C,
    C: Future<Output = Result<T, Fault>>,
{
    let (mut pause, mut is_lost) = (FIRST_PAUSE, false);
    for tried in 1.. {
        let answer = call().await;
        is_lost |= answer.as_ref().is_err_and(|fault| fault.kind == FaultKind::Unknown);
        match answer {
            Err(fault) if tried < TRIES && is_worth_it(&fault) => {
                tokio::time::sleep(pause).await;
                pause *= 4;
            }
            // Whatever is said of the last try, one before it may still be under way.
            Err(fault) if is_lost => return Err(Fault { kind: FaultKind::Unknown, ..fault }),
            answer => return answer,
        }
    }
    unreachable!("the last try returns")
}

/// Whether what an undo was refused for may end by itself: a conflict with what is just being removed, an engine that
/// failed once.
const fn may_end(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Failed | FaultKind::Conflict | FaultKind::Exhausted)
}

/// How long a step may take in all: what its resource allows, and room for the calls around it.
fn deadline(change: &Change, way: Way) -> Duration {
    let room = Duration::from_mins(2);
    let sides = [change.before.as_ref().map(|side| &side.resource), change.after.as_ref()];
    let longest = sides.into_iter().flatten().map(|resource| allowance(resource, change.action, way)).max();
    room + longest.unwrap_or_default()
}

fn allowance(resource: &Resource, action: Action, way: Way) -> Duration {
    match resource {
        Resource::Image(_) if way == Way::Do => Duration::from_hours(1),
        Resource::Job(job) if action == Action::Run => {
            job.timeout.duration() + job.container.stop_grace_period.duration()
        }
        Resource::Service(service) => service_allowance(service),
        // How long a script or a copy takes, nobody can say: each of its statements has the deadlines of the spec.
        Resource::Migration(_) | Resource::Backup(_) | Resource::Proof(_) => Duration::from_hours(24 * 7),
        Resource::Database(database) => database.connect_timeout.duration(),
        Resource::Image(_) | Resource::Network(_) | Resource::Volume(_) | Resource::Job(_) => Duration::ZERO,
    }
}

fn service_allowance(service: &Service) -> Duration {
    let update = &service.update;
    let batch = update.progress_deadline.duration()
        + update.monitor.duration()
        + update.delay.duration()
        + service.container.stop_grace_period.duration();
    let batches = service.replicas.div_ceil(update.parallelism.max(1)).max(1);
    batch * batches
}
