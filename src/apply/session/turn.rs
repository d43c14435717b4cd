//! What turns or halts an apply from outside: signals, the lease, the budget.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::apply::aborted::Aborted;
use crate::apply::limits::{OnInterrupt, Stop};
use crate::apply::session::{Run, Session};
use crate::failpoint::hastened;
use crate::journal::{Cause, Event, FaultReport, NodeStatus, Record};
use crate::lock::{Held, LEASE, LEASE_MARGIN, RENEWAL};
use crate::provider::{Anchor, Fault, FaultKind};

/// How long steps under way are given to end once the apply turns.
const SETTLE: Duration = Duration::from_secs(5);

/// The answer of what is under way; never, where nothing is.
pub(super) async fn settled<T>(under_way: &mut Option<BoxFuture<'_, T>>) -> T {
    match under_way {
        Some(answering) => {
            let answer = answering.await;
            *under_way = None;
            answer
        }
        None => std::future::pending().await,
    }
}

impl Run<'_, '_> {
    /// Stops the apply where it stands: nothing begins any more, and the journal stays open.
    pub(super) fn halt(&mut self) {
        self.halted = true;
        self.looking = None;
        self.cut_at.get_or_insert_with(|| Instant::now() + SETTLE);
    }

    /// Takes the answer of a renewal in.
    pub(super) fn renewal_answered(&mut self, answer: Result<(), Fault>) -> Result<(), Aborted> {
        match answer {
            Ok(()) => self.renewed = Instant::now(),
            Err(fault) if fault.kind == FaultKind::NotFound => {
                return Err(Aborted::LeaseLost("somebody broke the lock on the engine".to_owned()));
            }
            // The engine may be back before the lease is over; the next tick tries again.
            Err(_) => {}
        }
        Ok(())
    }
}

impl<'s> Session<'s> {
    /// Turns the apply: nothing new is done, what is under way gets a moment, then everything is taken back.
    pub(super) async fn turn(&mut self, run: &mut Run<'_, '_>, cause: Cause) {
        if run.frontier.unwinding().is_none() {
            self.keep(run, Record::Unwinding { cause }, None).await;
            run.looking = None;
            run.cut_at.get_or_insert_with(|| Instant::now() + SETTLE);
            run.turned.send_replace(true);
        }
    }

    /// Hears a signal.
    pub(super) async fn stop(&mut self, run: &mut Run<'_, '_>, stop: Stop) {
        match stop {
            Stop::Now => {
                run.halted = true;
                run.looking = None;
                run.doing.clear();
                run.undoing.clear();
            }
            Stop::Asked(signal) => {
                let undo = self.limits.on_interrupt == OnInterrupt::Undo || run.frontier.unwinding().is_some();
                self.tell(&Event::Stopping { signal: signal.clone(), undo });
                match self.limits.on_interrupt {
                    OnInterrupt::Undo => self.turn(run, Cause::Interrupted(signal)).await,
                    OnInterrupt::Pause => run.halt(),
                }
            }
        }
    }

    /// Looks at the clock: cuts steps that were given a moment and did not end, renews the lease, minds the budget.
    pub(super) async fn ticked<'a>(&mut self, run: &mut Run<'_, 'a>) -> Result<(), Aborted>
    where
        's: 'a,
    {
        self.reporter.tick(self.clock.now());
        let now = Instant::now();
        if run.cut_at.is_some_and(|at| now >= at) {
            run.cut_at = None;
            self.cut(run).await;
        }
        if self.limits.budget.is_some_and(|budget| run.began.elapsed() > budget) {
            self.turn(run, Cause::Deadline("the apply took longer than --timeout allows".to_owned())).await;
        }
        if run.renewed.elapsed() + self.limits.call + hastened(LEASE_MARGIN) > hastened(LEASE) {
            return self.assure(run).await;
        }
        if run.renewed.elapsed() >= hastened(RENEWAL) && run.renewing.is_none() {
            self.store.renew_lock(self.fence).await.map_err(|error| Aborted::lease_lost(&error))?;
            run.renewing = Some(renewal(self.anchor, self.held));
        }
        Ok(())
    }

    /// Makes sure of a lock that should have been renewed long ago: the process was stopped, or the engine slow. While
    /// this waits nothing else is polled, so no call is sent. An anchor that is still there by its id is still ours.
    async fn assure(&mut self, run: &mut Run<'_, '_>) -> Result<(), Aborted> {
        run.renewing = None;
        self.store.renew_lock(self.fence).await.map_err(|error| Aborted::lease_lost(&error))?;
        match tokio::time::timeout(hastened(LEASE_MARGIN), self.anchor.renew_anchor(self.held)).await {
            Ok(answer @ Ok(())) => run.renewal_answered(answer),
            Ok(Err(fault)) => Err(Aborted::LeaseLost(fault.to_string())),
            Err(_) => Err(Aborted::LeaseLost("it could not be renewed in time".to_owned())),
        }
    }

    /// Gives up the steps forward that were under way when the apply turned: nobody knows how far they came.
    async fn cut(&mut self, run: &mut Run<'_, '_>) {
        let doing: Vec<_> = run.frontier.steps_in(|status| status == NodeStatus::Doing).cloned().collect();
        if doing.is_empty() && !run.halted {
            return;
        }
        run.doing.clear();
        for node in doing {
            let message = "stopped by omni before it ended".to_owned();
            let fault = FaultReport { message, help: None, log: Vec::new() };
            self.keep(run, Record::Unknown { node, fault }, None).await;
        }
    }
}

fn renewal<'a>(anchor: &'a dyn Anchor, held: &'a Held) -> BoxFuture<'a, Result<(), Fault>> {
    Box::pin(anchor.renew_anchor(held))
}
