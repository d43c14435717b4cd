//! Services: bringing new containers up, ready, and stopping the old ones in the turn that was planned.
//!
//! Old containers are stopped and never removed here, so that taking a change back is starting what is still there.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::journal::Effect;
use crate::plan::{Action, Turn};
use crate::provider::Fault;
use crate::provider::engine::{Engine, LiveContainer};
use crate::provider::host::make::Wanted;
use crate::provider::host::ready::{self, Readiness};
use crate::provider::host::{Doing, names};
use crate::resource::{Container, Resource, Restart, Service, Strategy};

/// One container that is to serve.
pub(super) enum Coming<'c> {
    /// A stopped one that was kept.
    Retained(&'c str),
    /// A new one, by replica.
    New(u32),
}

/// What serves: its id, and how it is known to be ready.
pub(super) struct Up {
    pub(super) id: String,
    pub(super) note: &'static str,
}

impl<E: Engine> Doing<'_, E> {
    pub(super) async fn bring_service(&self, service: &Service) -> Result<Effect, Fault> {
        match self.order.change.action {
            Action::Update => self.update_service(service).await,
            Action::Replace(turn) => self.take_over(service, turn).await,
            _ => self.take_over(service, Turn::NewFirst).await,
        }
    }

    /// Stops the service; its containers are kept.
    pub(super) async fn stop_service(&self) -> Result<Effect, Fault> {
        self.stop_old(&self.before()).await?;
        Ok(Effect { objects: Vec::new(), note: "stopped".to_owned() })
    }

    async fn take_over(&self, service: &Service, turn: Turn) -> Result<Effect, Fault> {
        let replaced = matches!(self.order.change.action, Action::Replace(_));
        let side = self.order.change.before.as_ref().filter(|_| replaced);
        let old = side.map(|side| side.up.as_slice()).unwrap_or_default();
        let coming = self.coming(service);
        let rolling = service.update.strategy == Strategy::Rolling;
        let at_once = if rolling { service.update.parallelism.max(1) as usize } else { coming.len().max(1) };
        let mut olds = old.chunks(if rolling { at_once } else { old.len().max(1) });
        let mut up = Vec::new();
        for (at, batch) in coming.chunks(at_once).enumerate() {
            if at > 0 {
                tokio::select! {
                    biased;
                    () = self.order.unwanted() => return Err(ready::stopped()),
                    () = sleep(service.update.delay.duration()) => {}
                }
            }
            let leaving = olds.next().unwrap_or_default();
            if turn == Turn::OldFirst {
                self.stop_old(leaving).await?;
            }
            up.extend(self.bring_all(service, batch).await?);
            if turn == Turn::NewFirst {
                self.stop_old(leaving).await?;
            }
        }
        for leaving in olds {
            self.stop_old(leaving).await?;
        }
        Ok(effect(up))
    }

    fn coming(&self, service: &Service) -> Vec<Coming<'_>> {
        let retained = self.order.change.reuse.iter().map(|id| Coming::Retained(id.as_str()));
        let reused = u32::try_from(self.order.change.reuse.len()).unwrap_or(u32::MAX);
        retained.chain((reused.saturating_add(1)..=service.replicas).map(Coming::New)).collect()
    }

    /// Brings all of these up and ready at once. Every one is waited for even if another failed: a call that is
    /// dropped would go on unseen.
    pub(super) async fn bring_all(&self, service: &Service, coming: &[Coming<'_>]) -> Result<Vec<Up>, Fault> {
        join_all(coming.iter().map(|one| self.bring(service, one))).await.into_iter().collect()
    }

    async fn bring(&self, service: &Service, coming: &Coming<'_>) -> Result<Up, Fault> {
        let (live, restarts) = match coming {
            Coming::Retained(id) => {
                let live = self.existing(id).await?;
                self.set(&live, &service.container).await?;
                let restarts = live.restarts;
                (live, restarts)
            }
            Coming::New(replica) => {
                let wanted = Wanted {
                    name: names::container(self.order.scope, self.order.address(), self.order.fence, *replica),
                    replica: *replica,
                    resource: &Resource::Service(Box::new(service.clone())),
                    container: &service.container,
                    command: None,
                };
                (self.make(&wanted).await?, 0)
            }
        };
        self.start(&live, &service.container).await?;
        let note = self.ready(&live.id, restarts, service, Readiness::New).await?;
        Ok(Up { id: live.id, note })
    }

    /// Stops old containers, all at once, each with the grace that it was made with.
    pub(super) async fn stop_old(&self, ids: &[String]) -> Result<(), Fault> {
        let side = self.order.change.before.as_ref();
        let container = side.and_then(|side| side.resource.container());
        let grace = container.map(|container| container.stop_grace_period.duration()).unwrap_or_default();
        let always = container.is_some_and(|container| container.restart == Restart::Always);
        join_all(ids.iter().map(|id| self.lay_down(id, grace, always))).await.into_iter().collect()
    }

    /// Stops a container that is kept. One that the engine `always` starts would run again after the engine's next
    /// start, beside what serves by then.
    pub(super) async fn lay_down(&self, id: &str, grace: Duration, always: bool) -> Result<(), Fault> {
        self.calls.stop(id, grace).await?;
        if always && let Some(live) = self.calls.container(id).await? {
            self.set_restart(&live, Restart::UnlessStopped).await?;
        }
        Ok(())
    }

    /// Changes nothing of a container but when the engine starts it.
    pub(super) async fn set_restart(&self, live: &LiveContainer, restart: Restart) -> Result<(), Fault> {
        let wanted = Container { restart, ..live.seen.container.clone() };
        self.set(live, &wanted).await
    }
}

/// What serves now, with one word on how it is known.
pub(super) fn effect(up: Vec<Up>) -> Effect {
    let note = up.first().map(|up| up.note).unwrap_or_default().to_owned();
    Effect { objects: up.into_iter().map(|up| up.id).collect(), note }
}
