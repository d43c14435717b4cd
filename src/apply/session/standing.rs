//! The last look: whether all that is to serve now runs, before the apply is called done or undone.
//!
//! A step is read back when it is done, but the engine may stop what ran while later steps were under way: one that was
//! killed stops, when it starts again, what it finds running, and starts none of it. So what is to run and does not is
//! started once more. What the change of this apply brought, and what does not come up again, turns it.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, sleep};

use crate::address::{Address, Kind, Scope};
use crate::apply::aborted::Aborted;
use crate::apply::session::{Begin, Run, Session, TICK, turn};
use crate::failpoint::hastened;
use crate::fingerprint::Fingerprint;
use crate::journal::{Cause, Event, Outcome, Progress};
use crate::observed::Observed;
use crate::plan::Action;
use crate::provider::{Fault, Perform};

/// How long an engine is asked again that does not answer: one that is started again needs a few seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// The wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts containers of the change at a position again, and waits for them.
pub(super) type Raise<'r, 'a> = dyn Fn(usize, Vec<String>) -> BoxFuture<'a, Result<(), Fault>> + 'r;

/// The containers at one address that are to run now.
struct Standing<'p> {
    at: usize,
    address: &'p Address,
    ids: Vec<String>,
    /// Whether this apply has brought them, and still wants them.
    is_brought: bool,
}

/// What the last look found.
struct Seen<'p> {
    /// What serves; none where the engine does not answer.
    world: Option<Fingerprint>,
    /// What this apply has brought and does not come up again.
    fallen: Option<(&'p Address, Fault)>,
}

impl<'p> Run<'p, '_> {
    /// What a step has brought, or what ran before where nothing was changed or all of it is undone.
    fn standing(&self) -> Vec<Standing<'p>> {
        let is_undone = self.frontier.unwinding().is_some();
        let changes = self.apply.plan.changes.iter().enumerate();
        let services = changes.filter(|(_, change)| change.address.kind() == Kind::Service);
        let all = services.map(|(at, change)| {
            let is_brought = !is_undone && change.action != Action::Keep;
            let before = || change.before.as_ref().map(|side| side.up.clone()).unwrap_or_default();
            let ids = if is_brought { self.frontier.effect(at).objects.clone() } else { before() };
            Standing { at, address: &change.address, ids, is_brought }
        });
        all.filter(|standing| !standing.ids.is_empty()).collect()
    }
}

/// Looks at everything once, starts what should run and does not, and looks again.
async fn look<'p>(
    provider: &dyn Perform,
    scope: &Scope,
    mut standing: Vec<Standing<'p>>,
    raise: &Raise<'_, '_>,
) -> Seen<'p> {
    let Some(found) = observed(provider, scope).await else { return Seen { world: None, fallen: None } };
    for one in &mut standing {
        let seen = found.at(one.address);
        one.ids.retain(|id| !seen.iter().any(|object| object.id == *id && object.status.is_up()));
    }
    standing.retain(|one| !one.ids.is_empty());
    if standing.is_empty() {
        return Seen { world: Some(found.fingerprint()), fallen: None };
    }
    let raised = join_all(standing.into_iter().map(async |one| {
        let fault = raise(one.at, one.ids).await.err()?;
        one.is_brought.then_some((one.address, fault))
    }));
    let fallen = raised.await.into_iter().flatten().next();
    let world = observed(provider, scope).await.map(|observed| observed.fingerprint());
    Seen { world, fallen }
}

/// What is there, asked for a while: an engine that is just being started again answers soon.
async fn observed(provider: &dyn Perform, scope: &Scope) -> Option<Observed> {
    let until = Instant::now() + hastened(PATIENCE);
    loop {
        match provider.observe(scope).await {
            Ok(observed) => return Some(observed),
            Err(fault) if !fault.kind.is_passing() || Instant::now() >= until => return None,
            Err(_) => sleep(PAUSE).await,
        }
    }
}

impl<'s> Session<'s> {
    /// Runs all steps, and looks once more at what they have come to. Returns how it ended and what serves then.
    pub(super) async fn turn_and_look<'a>(
        &mut self,
        run: &mut Run<'_, 'a>,
        begin: &Begin<'_, 'a>,
        raise: &Raise<'_, 'a>,
        said: &mut mpsc::UnboundedReceiver<Progress>,
    ) -> Result<(Outcome, Option<Fingerprint>), Aborted>
    where
        's: 'a,
    {
        loop {
            let outcome = self.turn_until_done(run, begin, said).await?;
            if !matches!(outcome, Outcome::Applied | Outcome::Unwound(_)) {
                return Ok((outcome, None));
            }
            match self.looked(run, raise, said).await? {
                Some(Seen { world, fallen: None }) => return Ok((outcome, world)),
                Some(Seen { fallen: Some((node, fault)), .. }) => {
                    let why = format!("{node} was ready and did not stay up: {}", fault.message);
                    self.turn(run, Cause::Deadline(why)).await;
                }
                None => {}
            }
        }
    }

    /// The last look, while signals are heard and the lease is kept; none where it was turned or halted meanwhile.
    async fn looked<'p, 'a>(
        &mut self,
        run: &mut Run<'p, 'a>,
        raise: &Raise<'_, 'a>,
        said: &mut mpsc::UnboundedReceiver<Progress>,
    ) -> Result<Option<Seen<'p>>, Aborted>
    where
        's: 'a,
    {
        let was_turned = run.frontier.unwinding().is_some();
        let mut looking = pin!(look(self.provider, &run.apply.plan.scope, run.standing(), raise));
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                // First, so that a process that was stopped for a while looks at its lease before it sends anything.
                _ = tick.tick() => self.ticked(run).await?,
                Some(stop) = self.stops.recv() => self.stop(run, stop).await,
                Some(progress) = said.recv() => self.tell(&Event::Progress(progress)),
                answer = turn::settled(&mut run.renewing) => run.renewal_answered(answer)?,
                seen = &mut looking => return Ok(Some(seen)),
            }
            if let Some(end) = run.fenced_out.take() {
                return Err(end);
            }
            if run.halted || run.frontier.unwinding().is_some() != was_turned {
                return Ok(None);
            }
        }
    }
}
