//! Overlaps: what two containers cannot have at once, so that the old one has to stop before the new one starts.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::resource::{Container, MountSource, Order, Port, Resource, Service, Strategy};

/// Something that one container has to itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exclusive {
    /// A port of the host: port and protocol.
    HostPort(u16, &'static str),
    /// A volume that takes one writer, by its name in the spec.
    Volume(String),
    /// A folder of the host that is written to.
    HostPath(String),
    /// A fixed address on a network.
    Address(String),
}

impl Exclusive {
    /// Why two cannot have it, for a reason.
    pub(super) fn why(&self) -> String {
        match self {
            Self::HostPort(port, _) => format!("host port {port} is fixed"),
            Self::Volume(name) => format!("volume `{name}` takes one writer at a time"),
            Self::HostPath(path) => format!("host path `{path}` is written to"),
            Self::Address(address) => format!("address {address} is fixed"),
        }
    }

    /// Whether the spec may overrule it by asking for the new one first.
    const fn is_a_guess(&self) -> bool {
        matches!(self, Self::HostPath(_))
    }
}

/// What the containers of a resource have to themselves. `shared` tells whether a volume takes several writers.
pub(super) fn exclusives(resource: &Resource, shared: &dyn Fn(&str) -> bool) -> Vec<Exclusive> {
    let mut found = resource.container().map(|container| of_container(container, shared)).unwrap_or_default();
    if let Resource::Service(service) = resource {
        found.extend(service.ports.iter().filter_map(host_port));
    }
    found.sort();
    found.dedup();
    found
}

fn of_container(container: &Container, shared: &dyn Fn(&str) -> bool) -> Vec<Exclusive> {
    let mounts = container.volumes.values().filter(|mount| !mount.read_only);
    let written = mounts.filter_map(|mount| match &mount.source {
        MountSource::Volume(name) => (!shared(name)).then(|| Exclusive::Volume(name.clone())),
        MountSource::Host(path) => Some(Exclusive::HostPath(path.clone())),
    });
    let fixed = container.networks.values().filter_map(|joined| joined.ipv4_address.clone().map(Exclusive::Address));
    written.chain(fixed).collect()
}

fn host_port(port: &Port) -> Option<Exclusive> {
    port.host.map(|host| Exclusive::HostPort(host, port.protocol.word()))
}

/// Why the old containers of a service have to stop before the new ones start; none where they need not.
///
/// # Errors
/// When the spec asks for the new ones first and that cannot work: why not.
pub(super) fn old_first(
    before: &Resource,
    after: &Service,
    shared: &dyn Fn(&str) -> bool,
    room_for_two: bool,
) -> Result<Option<String>, String> {
    let held = exclusives(before, shared);
    let wanted = exclusives(&Resource::Service(Box::new(after.clone())), shared);
    let mut clashes = wanted.into_iter().filter(|one| held.contains(one));
    let asked_first = after.update.order == Some(Order::StartFirst) || after.update.strategy == Strategy::BlueGreen;
    if asked_first {
        return match clashes.find(|clash| !clash.is_a_guess()) {
            Some(clash) => Err(clash.why()),
            None => Ok(None),
        };
    }
    if after.update.order == Some(Order::StopFirst) {
        return Ok(Some("`update.order` is `stop-first`".to_owned()));
    }
    if after.update.strategy == Strategy::Recreate {
        return Ok(Some("`update.strategy` is `recreate`".to_owned()));
    }
    let no_room = (!room_for_two).then(|| "the machine has no memory for two".to_owned());
    Ok(clashes.next().map(|clash| clash.why()).or(no_room))
}

/// Which address has each exclusive thing now.
pub(super) fn owners<'a>(
    sides: impl Iterator<Item = (&'a Address, &'a Resource)>,
    shared: &dyn Fn(&str) -> bool,
) -> BTreeMap<Exclusive, &'a Address> {
    sides
        .flat_map(|(address, resource)| exclusives(resource, shared).into_iter().map(move |one| (one, address)))
        .collect()
}
