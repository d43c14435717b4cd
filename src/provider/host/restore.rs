//! Bringing back what was there before a change: settings, what ran, and what did not.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::observed::Status;
use crate::plan::{Action, Side};
use crate::provider::engine::{Engine, LiveContainer};
use crate::provider::host::ready::Readiness;
use crate::provider::host::{Doing, make};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Resource, Restart, Service};

/// How often a container is looked at that may be about to stop.
const PAUSE: Duration = Duration::from_millis(250);
/// How long an engine may take to end a container once its grace is over.
const AFTER_GRACE: Duration = Duration::from_secs(1);

impl<E: Engine> Doing<'_, E> {
    /// Makes the containers of before run and stop as they did, and waits until those that run are ready.
    pub(super) async fn restore(&self) -> Result<(), Fault> {
        let Some(side) = &self.order.change.before else { return Ok(()) };
        let Resource::Service(service) = &side.resource else { return Ok(()) };
        join_all(side.objects.iter().map(|id| self.restore_one(id, side, service)))
            .await
            .into_iter()
            .collect::<Result<(), _>>()?;
        if matches!(self.order.change.action, Action::Replace(_) | Action::Delete) {
            self.run_handler(side, service).await?;
        }
        Ok(())
    }

    async fn restore_one(&self, id: &str, side: &Side, service: &Service) -> Result<(), Fault> {
        if !side.up.contains(&id.to_owned()) {
            let running = self
                .calls
                .container(id)
                .await?
                .filter(|live| matches!(live.status, Status::Running { .. } | Status::Restarting));
            return match running {
                Some(live) => {
                    let container = &service.container;
                    let always = container.restart == Restart::Always;
                    self.lay_down(&live.id, container.stop_grace_period.duration(), always).await
                }
                None => Ok(()),
            };
        }
        let live = self.outlast_stop(id, service).await?;
        let always = service.container.restart == Restart::Always;
        if self.order.change.action == Action::Update {
            self.set(&live, &service.container).await?;
        } else if always && live.seen.container.restart == Restart::UnlessStopped {
            self.set_restart(&live, Restart::Always).await?;
        }
        if !live.status.is_up() {
            (self.order.progress)("starting the old one".to_owned());
            self.start(&live, &service.container).await?;
        }
        if side.unwell.iter().any(|unwell| unwell == id) {
            // It was no better before: that it runs again is all there is to bring back.
            return self.runs(id).await;
        }
        self.ready(id, live.restarts, service, Readiness::Again).await.map(drop).map_err(|fault| Fault {
            message: format!("the old container is back but not ready: {}", fault.message),
            ..fault
        })
    }

    /// Starts containers again that something else has stopped, and waits until they are ready.
    pub(super) async fn raise(&self, ids: &[String], is_new: bool) -> Result<(), Fault> {
        join_all(ids.iter().map(|id| self.raise_one(id, is_new))).await.into_iter().collect()
    }

    async fn raise_one(&self, id: &str, is_new: bool) -> Result<(), Fault> {
        let of_before = self.order.change.before.as_ref().filter(|_| !is_new);
        let resource = of_before.map(|side| &side.resource).or(self.order.change.after.as_ref());
        let Some(Resource::Service(service)) = resource else { return Ok(()) };
        let live = self.existing(id).await?;
        if !live.status.is_up() {
            (self.order.progress)("something stopped it meanwhile: starting it again".to_owned());
            self.start(&live, &service.container).await?;
        }
        if of_before.is_some_and(|side| side.unwell.iter().any(|unwell| unwell == id)) {
            return self.runs(id).await;
        }
        self.ready(id, live.restarts, service, Readiness::Again).await.map(drop)
    }

    /// The old container, once no stop of it can be under way any more. A stop whose answer nobody waited for goes on
    /// for as long as the container may take to end, and until then it looks as if nothing had been asked of it.
    async fn outlast_stop(&self, id: &str, service: &Service) -> Result<LiveContainer, Fault> {
        let may_stop = self.order.is_lost && matches!(self.order.change.action, Action::Replace(_) | Action::Delete);
        let until = Instant::now() + service.container.stop_grace_period.duration() + AFTER_GRACE;
        loop {
            let live = self.existing(id).await?;
            if !may_stop || !live.status.is_up() || Instant::now() >= until {
                return Ok(live);
            }
            (self.order.progress)("watching whether the old one still stops".to_owned());
            sleep(PAUSE).await;
        }
    }

    /// Runs the declared rollback command in the first old container, besides the built-in inverse.
    async fn run_handler(&self, side: &Side, service: &Service) -> Result<(), Fault> {
        let Some(command) = &service.rollback else { return Ok(()) };
        let words = make::words(command, self.order.vault)?;
        if let Some(id) = side.up.first() {
            let deadline = service.update.progress_deadline.duration();
            let run = self.calls.engine.run(id, &words, deadline);
            let ran = super::calls::within(deadline + self.calls.deadline, run).await?;
            if ran.code != 0 {
                let text = format!("the rollback command of {} exited with code {}", self.order.address(), ran.code);
                return Err(Fault::new(FaultKind::Failed, text).log(self.log_of(id).await));
            }
        }
        Ok(())
    }
}
