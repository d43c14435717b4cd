//! Changing a service where it stands: settings of its containers, and how many there are.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::journal::Effect;
use crate::provider::engine::{Engine, LiveContainer};
use crate::provider::host::ready::Readiness;
use crate::provider::host::services::{Coming, Up, effect};
use crate::provider::host::{Doing, labels};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Container, Service};

impl<E: Engine> Doing<'_, E> {
    pub(super) async fn update_service(&self, service: &Service) -> Result<Effect, Fault> {
        let mut kept: BTreeMap<u32, LiveContainer> = BTreeMap::new();
        let mut surplus = Vec::new();
        for id in self.before() {
            // One that somebody removed by hand is made again below.
            let Some(live) = self.calls.container(&id).await? else { continue };
            let replica = labels::replica(&live.labels);
            if replica <= service.replicas && !kept.contains_key(&replica) {
                kept.insert(replica, live);
            } else {
                surplus.push((replica, live.id));
            }
        }
        let mut up: BTreeMap<u32, Up> = BTreeMap::new();
        let changed = join_all(kept.values().map(|live| self.bring_along(live, service))).await;
        for (replica, result) in kept.keys().zip(changed) {
            up.insert(*replica, result?);
        }
        let missing: Vec<u32> = (1..=service.replicas).filter(|replica| !kept.contains_key(replica)).collect();
        let coming: Vec<_> = missing.iter().map(|replica| Coming::New(*replica)).collect();
        up.extend(missing.iter().copied().zip(self.bring_all(service, &coming).await?));
        surplus.sort_by_key(|(replica, _)| std::cmp::Reverse(*replica));
        let surplus: Vec<_> = surplus.into_iter().map(|(_, id)| id).collect();
        self.stop_old(&surplus).await?;
        Ok(effect(up.into_values().collect()))
    }

    async fn bring_along(&self, live: &LiveContainer, service: &Service) -> Result<Up, Fault> {
        self.set(live, &service.container).await?;
        if !live.status.is_up() {
            self.start(live, &service.container).await?;
        }
        let note = self.ready(&live.id, live.restarts, service, Readiness::Again).await?;
        Ok(Up { id: live.id.clone(), note })
    }

    /// Gives a container the settings of `wanted` that can be changed where it stands, if they differ.
    pub(super) async fn set(&self, live: &LiveContainer, wanted: &Container) -> Result<(), Fault> {
        let seen = &live.seen.container;
        if (seen.limits, seen.reservations, seen.restart) == (wanted.limits, wanted.reservations, wanted.restart) {
            return Ok(());
        }
        let call = || self.calls.engine.update_container(&live.id, wanted.limits, wanted.reservations, wanted.restart);
        self.calls.sure(self.calls.deadline, call).await
    }

    /// The container of this id, which has to be there.
    pub(super) async fn existing(&self, id: &str) -> Result<LiveContainer, Fault> {
        self.calls.container(id).await?.ok_or_else(|| {
            let short: String = id.chars().take(12).collect();
            Fault::new(FaultKind::NotFound, format!("container {short} of {} is gone", self.order.address()))
                .help("somebody removed it by hand: run `omni plan` again")
        })
    }
}
