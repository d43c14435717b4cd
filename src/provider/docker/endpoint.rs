//! How a container joins networks, and which it has joined in the words of the spec.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{EndpointIpamConfig, EndpointSettings};

use crate::provider::docker::wiring::Wiring;
use crate::provider::engine::Joined;
use crate::resource::Attachment;

/// The settings of one network to join.
pub(super) fn settings(joined: &Joined) -> EndpointSettings {
    let address = |ipv4: &String| EndpointIpamConfig { ipv4_address: Some(ipv4.clone()), ..Default::default() };
    EndpointSettings {
        aliases: Some(joined.aliases.iter().cloned().collect()),
        ipam_config: joined.ipv4_address.as_ref().map(address),
        ..EndpointSettings::default()
    }
}

/// The networks as the engine tells them, by its name for each.
pub(super) type Endpoints = HashMap<String, EndpointSettings>;

/// The networks a container has joined, by their name in the spec. The engine adds the start of the container's id and
/// its host name to the aliases: `own_names`.
pub(super) fn seen(
    endpoints: &Endpoints,
    wiring: &Wiring,
    own_names: [&str; 2],
    asked: Option<&BTreeMap<String, Attachment>>,
) -> BTreeMap<String, Attachment> {
    let mut seen = BTreeMap::new();
    for (name, endpoint) in endpoints {
        let joint = wiring.joint(endpoint.network_id.as_deref(), name);
        if joint.is_none() && is_default(name) {
            continue;
        }
        let node = joint.map_or(name, |joint| &joint.node);
        let asked = asked.and_then(|asked| asked.get(node));
        // The service's own name and its like were given beside what the spec asks for.
        let given: BTreeSet<_> = joint.map(|joint| joint.aliases.clone()).unwrap_or_default();
        let own = |alias: &String| {
            let added = given.contains(alias) || own_names.iter().any(|name| is_own(name, alias));
            added && !asked.is_some_and(|asked| asked.aliases.contains(alias))
        };
        let aliases = endpoint.aliases.iter().flatten().filter(|alias| !own(alias)).cloned().collect();
        let address = endpoint.ipam_config.as_ref().and_then(|ipam| ipam.ipv4_address.clone());
        let ipv4_address = address.filter(|address| !address.is_empty());
        seen.insert(node.clone(), Attachment { aliases, ipv4_address });
    }
    seen
}

fn is_own(name: &str, alias: &str) -> bool {
    // 12 digits of the id: a shorter alias was somebody's wish.
    name == alias || (alias.len() >= 12 && name.len() == 64 && name.starts_with(alias))
}

/// The addresses a container has now, by the engine's id of the network.
pub(super) fn addresses(endpoints: &Endpoints) -> BTreeMap<String, String> {
    let one = |(name, endpoint): (&String, &EndpointSettings)| {
        let address = endpoint.ip_address.clone().filter(|address| !address.is_empty())?;
        Some((id(name, endpoint).to_owned(), address))
    };
    endpoints.iter().filter_map(one).collect()
}

/// The engine's id of a network. Until the container was first started that is what it was created with.
fn id<'a>(name: &'a str, endpoint: &'a EndpointSettings) -> &'a str {
    endpoint.network_id.as_deref().filter(|id| !id.is_empty()).unwrap_or(name)
}

/// The network that the engine gives to a container that asks for none.
fn is_default(name: &str) -> bool {
    matches!(name, "bridge" | "default" | "none")
}
