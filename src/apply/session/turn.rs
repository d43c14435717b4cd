//! What turns or halts an apply from outside: signals, the lease, the budget.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::apply::aborted::Aborted;
use crate::apply::lease::{BROKEN, Lost, renew_both};
use crate::apply::limits::{OnInterrupt, Stop};
use crate::apply::session::{Run, Session};
use crate::failpoint::hastened;
use crate::journal::{Cause, Event, FaultReport, NodeStatus, Record};
use crate::lock::{Held, LEASE, LEASE_MARGIN, LONGEST_CALL, RENEWAL};
use crate::provider::{Anchor, Fault, FaultKind};
use crate::store::StoreError;

/// How long steps under way are given to end once the apply turns.
const SETTLE: Duration = Duration::from_secs(5);

/// How long an engine that did not renew the lock is left alone.
const PAUSE: Duration = Duration::from_secs(1);

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
    pub(super) fn renewal_answered(&mut self, answer: Result<Instant, Fault>) -> Result<(), Aborted> {
        match answer {
            Ok(sent) => self.renewed = sent,
            Err(fault) if fault.kind == FaultKind::NotFound => {
                return Err(Aborted::LeaseLost(BROKEN.to_owned()));
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
            match self.store.renew_lock(self.fence).await {
                Err(error @ StoreError::FenceLost(_)) => return Err(Aborted::lease_lost(&error)),
                // The next tick tries again.
                Err(_) => {}
                Ok(()) => run.renewing = Some(renewal(self.anchor, self.held)),
            }
        }
        Ok(())
    }

    /// Makes sure of a lock that should have been renewed long ago: the process was stopped, or the engine slow. While
    /// this waits nothing else is polled, so no call is sent. An anchor that is still there by its id is still ours, so
    /// an engine that stalls is waited for as long as nobody may take it over; whoever slept longer asks once.
    async fn assure(&mut self, run: &mut Run<'_, '_>) -> Result<(), Aborted> {
        run.renewing = None;
        loop {
            let sent = Instant::now();
            let why = tokio::select! {
                answer = renew_both(self.store, self.fence, self.anchor, self.held) => match answer {
                    Ok(()) => {
                        run.renewed = sent;
                        return Ok(());
                    }
                    Err(Lost::ToSomebody(why)) => return Err(Aborted::LeaseLost(why)),
                    Err(Lost::Perhaps(why)) => why,
                },
                Some(_) = self.stops.recv() => {
                    return Err(Aborted::LeaseLost("it was not renewed before the signal to stop".to_owned()));
                }
            };
            if run.renewed.elapsed() + hastened(LEASE_MARGIN) > hastened(LEASE + LONGEST_CALL) {
                return Err(Aborted::LeaseLost(why));
            }
            self.reporter.tick(self.clock.now());
            tokio::time::sleep(hastened(PAUSE)).await;
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

/// Renews the anchor; answers when that was sent, from which on the lease counts.
fn renewal<'a>(anchor: &'a dyn Anchor, held: &'a Held) -> BoxFuture<'a, Result<Instant, Fault>> {
    let sent = Instant::now();
    Box::pin(async move { anchor.renew_anchor(held).await.map(|()| sent) })
}
