//! Taking an order back, however far it had come: what its op made is removed, what was before is put back.
//!
//! A create whose client died may still take effect, so a container that is not found is not yet proven absent. Its
//! name is: whoever makes something under that name first wins, so omni makes a stand-in there and removes that.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::address::Kind;
use crate::journal::Effect;
use crate::observed::Status;
use crate::plan::{Action, Turn};
use crate::provider::Fault;
use crate::provider::engine::{Engine, Labels, NewContainer};
use crate::provider::host::calls::{APPEARS, LINGERS};
use crate::provider::host::{Doing, labels, names};
use crate::resource::{Container, ImageUse, Resource, Restart};
use crate::template::Template;

impl<E: Engine> Doing<'_, E> {
    pub(super) async fn undo(&self) -> Result<Effect, Fault> {
        let done = Effect { objects: self.before(), note: String::new() };
        let kind = self.order.address().kind();
        // Only a service does anything when it is deleted.
        let is_idle = match self.order.change.action {
            Action::Keep => true,
            Action::Delete => kind != Kind::Service,
            Action::Create | Action::Update | Action::Replace(_) | Action::Run => false,
        };
        if is_idle {
            return Ok(done);
        }
        match kind {
            Kind::Image => self.drop_image().await?,
            Kind::Network => self.drop_networks().await?,
            Kind::Volume => self.drop_volume().await?,
            Kind::Job => {
                self.roll_job_back().await?;
                self.drop_containers().await?;
            }
            Kind::Service => self.undo_service().await?,
            Kind::Database | Kind::Backup | Kind::Proof | Kind::Migration => return Err(self.none_of_the_engines()),
        }
        Ok(done)
    }

    /// For how long something that this order made may still appear.
    pub(super) const fn late(&self) -> Duration {
        if self.order.is_lost { APPEARS } else { LINGERS }
    }

    async fn undo_service(&self) -> Result<(), Fault> {
        if self.order.change.action == Action::Replace(Turn::NewFirst) {
            // Both can run at once, so the new one goes on serving until the old one is back. If the old one cannot
            // come back beside it, it is tried again without.
            let early = self.restore().await;
            self.drop_containers().await?;
            return if early.is_err() { self.restore().await } else { Ok(()) };
        }
        self.drop_containers().await?;
        self.restore().await
    }

    /// Removes every container that this order made, and proves that none can appear any more. Retained ones that it
    /// started again are stopped.
    async fn drop_containers(&self) -> Result<(), Fault> {
        self.drop_found().await?;
        let before = self.before();
        for id in self.order.change.reuse.iter().filter(|id| !before.contains(*id)) {
            if let Some(live) = self
                .calls
                .container(id)
                .await?
                .filter(|live| matches!(live.status, Status::Running { .. } | Status::Restarting))
            {
                let grace = live.seen.container.stop_grace_period.duration();
                let always = live.seen.container.restart == Restart::Always;
                self.lay_down(&live.id, grace, always).await?;
            }
        }
        Ok(())
    }

    async fn drop_found(&self) -> Result<(), Fault> {
        let wanted = labels::made(&self.order);
        let mut settled = BTreeSet::new();
        for live in self.calls.containers(&wanted).await? {
            self.calls.remove(&live.id).await?;
            settled.insert(live.name);
        }
        for name in self.names().into_iter().filter(|name| !settled.contains(name)) {
            self.settle(name).await?;
        }
        for live in self.calls.containers(&wanted).await? {
            self.calls.remove(&live.id).await?;
        }
        Ok(())
    }

    /// Every name under which this order may have made a container.
    fn names(&self) -> Vec<String> {
        let (scope, address, fence) = (self.order.scope, self.order.address(), self.order.fence);
        match (&self.order.change.after, self.order.change.action) {
            (_, Action::Delete | Action::Keep) => Vec::new(),
            (Some(Resource::Service(service)), _) => {
                (1..=service.replicas).map(|replica| names::container(scope, address, fence, replica)).collect()
            }
            (Some(Resource::Job(job)), _) => {
                let back = job.rollback.as_ref().map(|_| names::rollback(scope, address, fence));
                std::iter::once(names::container(scope, address, fence, 1)).chain(back).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Takes the name, or what has it by now if that is ours, and removes it.
    async fn settle(&self, name: String) -> Result<(), Fault> {
        self.calls.change(|| self.calls.engine.import_empty(names::EMPTY_IMAGE)).await?;
        let labels = labels::made(&self.order);
        match self.calls.create(&stand_in(name, labels)).await {
            Ok(id) => self.calls.remove(&id).await,
            // Somebody else's container: nothing of ours can appear there.
            Err(fault) if fault.kind == crate::provider::FaultKind::Conflict => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

/// A container that is never started and only has a name and labels.
pub(super) fn stand_in(name: String, labels: Labels) -> NewContainer {
    let image = ImageUse { node: String::new(), reference: names::EMPTY_IMAGE.to_owned(), pin: None };
    NewContainer {
        name,
        labels,
        image: names::EMPTY_IMAGE.to_owned(),
        ports: BTreeSet::new(),
        expose: BTreeSet::new(),
        health: None,
        networks: Vec::new(),
        volumes: Labels::new(),
        container: Container {
            // An engine refuses to make a container without a command.
            command: Some(vec![Template::plain("/omni")]),
            ..Container::bare(image)
        },
    }
}
