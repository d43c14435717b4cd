//! Networks: making one exactly once although names are not unique, finding the one a container joins, removing ours.

use std::cmp::Reverse;

use tokio::time::{Instant, sleep_until};

use crate::address::{Address, Kind};
use crate::journal::Effect;
use crate::plan::Action;
use crate::provider::engine::{Engine, Labels, LiveNetwork};
use crate::provider::host::calls::APPEARS;
use crate::provider::host::{Doing, labels};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Network, Resource};

/// How often a network is made at most, where no answer comes and none is found.
const TRIES: u32 = 3;

impl<E: Engine> Doing<'_, E> {
    pub(super) async fn make_network(&self, network: &Network) -> Result<Effect, Fault> {
        if network.external {
            let id = self.external_network(&network.name).await?;
            return Ok(Effect { objects: vec![id], note: "present".to_owned() });
        }
        let name = match self.order.change.action {
            Action::Replace(_) => format!("{}-{}", network.name, self.order.fence),
            Action::Create => network.name.clone(),
            _ => return Ok(Effect { objects: self.before(), note: String::new() }),
        };
        let mut found = self.own_networks().await?;
        if found.is_empty() {
            let resource = Resource::Network(network.clone());
            let labels = labels::all(&self.order, &network.labels, &resource, 1);
            found = self.create_network(network, &name, &labels).await?;
        }
        let kept = oldest(&found);
        for surplus in found.iter().filter(|live| live.id != kept) {
            self.calls.gone(|| self.calls.engine.remove_network(&surplus.id)).await?;
        }
        Ok(Effect { objects: vec![kept], note: String::new() })
    }

    /// Creates the network and reads back every one that this order made: a create whose answer was lost may make one
    /// later. While that may be, nothing else is sent, and this does not end either: whoever tries the step again looks
    /// first, and would not find what comes only after that look.
    async fn create_network(&self, network: &Network, name: &str, labels: &Labels) -> Result<Vec<LiveNetwork>, Fault> {
        let engine = self.calls.engine;
        let create = || super::calls::within(self.calls.deadline, engine.create_network(network, name, labels));
        let mut last = vanished(name);
        for _ in 0..TRIES {
            last = match create().await {
                Ok(_) => {
                    let found = self.own_networks().await?;
                    return if found.is_empty() { Err(vanished(name)) } else { Ok(found) };
                }
                Err(fault) if fault.kind.is_passing() => fault,
                Err(fault) => return Err(fault),
            };
            let appears = Instant::now() + APPEARS;
            match self.calls.find_late(APPEARS, || self.own_networks()).await {
                Ok(late) if late.is_empty() => {}
                Ok(late) => return Ok(late),
                Err(fault) => {
                    sleep_until(appears).await;
                    return Err(fault);
                }
            }
        }
        Err(last)
    }

    async fn own_networks(&self) -> Result<Vec<LiveNetwork>, Fault> {
        self.calls.networks(&labels::made(&self.order)).await
    }

    /// Removes every network that this order made.
    pub(super) async fn drop_networks(&self) -> Result<(), Fault> {
        let remove =
            |live: LiveNetwork| async move { self.calls.gone(|| self.calls.engine.remove_network(&live.id)).await };
        self.calls.sweep(self.late(), || self.own_networks(), remove).await
    }

    /// The engine's id of the network that a container joins.
    pub(super) async fn network_id(&self, node: &str) -> Result<String, Fault> {
        let address = Address::new(Kind::Network, node);
        if let Some(Resource::Network(network)) = self.order.requirement(&address)
            && network.external
        {
            return self.external_network(&network.name).await;
        }
        let found = self.calls.networks(&labels::node(self.order.scope, &address)).await?;
        let newest =
            found.iter().min_by_key(|live| (Reverse(labels::fence(&live.labels)), live.created, live.id.clone()));
        newest.map(|live| live.id.clone()).ok_or_else(|| {
            Fault::new(FaultKind::NotFound, format!("{address} is not on the engine"))
                .help("run `omni plan` again: it makes what is missing")
        })
    }

    async fn external_network(&self, name: &str) -> Result<String, Fault> {
        let found = self.calls.read(|| self.calls.engine.networks_named(name)).await?;
        match found.as_slice() {
            [only] => Ok(only.id.clone()),
            [] => Err(Fault::new(FaultKind::NotFound, format!("there is no network `{name}`, which is external"))
                .help(format!("make it: docker network create {name}"))),
            many => Err(Fault::new(FaultKind::Conflict, format!("there are {} networks called `{name}`", many.len()))
                .help("remove all but one, by id")),
        }
    }
}

fn oldest(found: &[LiveNetwork]) -> String {
    found.iter().min_by_key(|live| (live.created, &live.id)).map(|live| live.id.clone()).unwrap_or_default()
}

fn vanished(name: &str) -> Fault {
    Fault::new(FaultKind::Failed, format!("the network `{name}` is gone again right after it was made"))
}
