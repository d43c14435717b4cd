//! `observe`: every labelled object of a deployment, in the words of the spec.
//!
//! The label says what was planned; the engine says what is. Where the engine can tell a field it wins, so that a
//! change by hand is seen. External things carry no labels and are not seen here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::address::{Address, Scope};
use crate::observed::{Object, Observed, Status};
use crate::plain::plain;
use crate::provider::engine::{Engine, Labels, LiveContainer, LiveNetwork, LiveVolume, Seen};
use crate::provider::host::calls::Calls;
use crate::provider::host::labels;
use crate::provider::{Fault, FaultKind};
use crate::resource::{Health, Network, Probe, Resource, Volume};

pub(super) async fn observe<E: Engine>(calls: &Calls<'_, E>, scope: &Scope) -> Result<Observed, Fault> {
    let wanted = labels::scope(scope);
    let (engine, networks, volumes) =
        tokio::try_join!(calls.read(|| calls.engine.facts()), calls.networks(&wanted), calls.volumes(&wanted),)?;
    // Last, and alone: what stopped while an answer was waited for is not told as running.
    let containers = calls.containers(&wanted).await?;
    let all = || {
        let containers = containers.iter().map(|live| &live.labels);
        containers.chain(networks.iter().map(|live| &live.labels)).chain(volumes.iter().map(|live| &live.labels))
    };
    let key = all().find_map(labels::key);
    let mut objects: BTreeMap<Address, Vec<Object>> = BTreeMap::new();
    let found = containers.into_iter().map(container).chain(networks.into_iter().map(network));
    for object in found.chain(volumes.into_iter().map(volume)) {
        if let Some((address, object)) = object? {
            objects.entry(address).or_default().push(object);
        }
    }
    for found in objects.values_mut() {
        found.sort_by(|a, b| {
            let order = |o: &Object| (Reverse(o.provenance.fence), o.provenance.replica);
            order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name))
        });
    }
    Ok(Observed { engine, objects, databases: BTreeMap::new(), key })
}

type Found = Result<Option<(Address, Object)>, Fault>;

fn container(live: LiveContainer) -> Found {
    // Its maker died before it was removed. The undo that goes on removes it.
    if labels::is_stand_in(&live.labels) {
        return Ok(None);
    }
    let Some((address, mut resource)) = labelled(&live.labels, &live.name)? else { return Ok(None) };
    // A container that somebody started by hand from a built image inherits the image's labels.
    if resource.container().is_none() {
        return Ok(None);
    }
    patch(&mut resource, live.seen);
    let provenance = labels::provenance(&live.labels, live.created);
    Ok(Some((address, Object { id: live.id, name: live.name, resource, provenance, status: live.status })))
}

fn network(live: LiveNetwork) -> Found {
    let Some((address, planned)) = labelled(&live.labels, &live.network.name)? else { return Ok(None) };
    let name = live.network.name.clone();
    let resource = match planned {
        // A replaced network has another name on the engine, and an engine tells the range that it chose itself.
        Resource::Network(planned) => Resource::Network(Network {
            name: planned.name,
            external: planned.external,
            subnet: planned.subnet.and(live.network.subnet),
            ..live.network
        }),
        other => other,
    };
    let provenance = labels::provenance(&live.labels, live.created);
    Ok(Some((address, Object { id: live.id, name, resource, provenance, status: Status::Present })))
}

fn volume(live: LiveVolume) -> Found {
    let Some((address, planned)) = labelled(&live.labels, &live.volume.name)? else { return Ok(None) };
    let name = live.volume.name.clone();
    let resource = match planned {
        Resource::Volume(planned) => {
            Resource::Volume(Volume { external: planned.external, shared: planned.shared, ..live.volume })
        }
        other => other,
    };
    let provenance = labels::provenance(&live.labels, live.created);
    Ok(Some((address, Object { id: name.clone(), name, resource, provenance, status: Status::Present })))
}

/// The address and the planned resource that labels say; none where they name no address.
fn labelled(labels: &Labels, name: &str) -> Result<Option<(Address, Resource)>, Fault> {
    let Some(address) = labels::address(labels) else { return Ok(None) };
    let unreadable = || {
        let text = format!("the label `{}` of `{}` is not what this omni writes", labels::RESOURCE, plain(name));
        Fault::new(FaultKind::Conflict, text).help("a newer omni may have made it: use that, or remove the object")
    };
    let resource = labels::resource(labels).filter(|resource| resource.kind() == address.kind());
    Ok(Some((address, resource.ok_or_else(unreadable)?)))
}

fn patch(resource: &mut Resource, seen: Seen) {
    let Some(planned) = resource.container_mut() else { return };
    let mut container = seen.container;
    container.image = planned.image.clone();
    container.configs.clone_from(&planned.configs);
    container.depends_on.clone_from(&planned.depends_on);
    *planned = container;
    if let Resource::Service(service) = resource {
        service.ports = seen.ports;
        service.expose = seen.expose;
        if !service.healthcheck.as_ref().is_some_and(is_omnis_own) {
            service.healthcheck = seen.health;
        }
    }
}

/// Whether only omni can try it: an engine runs commands and nothing else.
const fn is_omnis_own(health: &Health) -> bool {
    matches!(health.probe, Probe::Http { .. } | Probe::Tcp(_))
}
