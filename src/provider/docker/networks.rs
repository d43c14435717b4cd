//! Networks. Their names are not unique, so all but a search by name goes by id.

use std::collections::{BTreeMap, HashMap};

use bollard::models;
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptionsBuilder};

use crate::provider::docker::create::in_path;
use crate::provider::docker::error::taken;
use crate::provider::docker::images::{by_labels, timestamp};
use crate::provider::docker::seen::OWN;
use crate::provider::docker::{Docker, reading};
use crate::provider::engine::{Joined, Labels, LiveNetwork};
use crate::provider::{Fault, FaultKind};
use crate::resource::Network;

pub(super) async fn create(docker: &Docker, network: &Network, name: &str, labels: &Labels) -> Result<String, Fault> {
    let all = network.labels.clone().into_iter().chain(labels.clone()).collect();
    let range = |subnet: &String| Ipam {
        config: Some(vec![IpamConfig { subnet: Some(subnet.clone()), ..IpamConfig::default() }]),
        ..Ipam::default()
    };
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some(network.driver.clone()),
        internal: Some(network.internal),
        ipam: network.subnet.as_ref().map(range),
        options: Some(network.options.clone().into_iter().collect()),
        labels: Some(all),
        ..NetworkCreateRequest::default()
    };
    let made = docker.call(docker.api.create_network(request)).await;
    Ok(made.map_err(|fault| taken(fault, &["overlaps with other one", "already exists"]))?.id)
}

pub(super) async fn labelled(docker: &Docker, labels: &Labels) -> Result<Vec<LiveNetwork>, Fault> {
    list(docker, by_labels(labels)).await
}

pub(super) async fn named(docker: &Docker, name: &str) -> Result<Vec<LiveNetwork>, Fault> {
    // The engine's filter takes a part of the name for a match.
    let filter = HashMap::from([("name".to_owned(), vec![name.to_owned()])]);
    let mut found = list(docker, filter).await?;
    found.retain(|live| live.network.name == name);
    Ok(found)
}

async fn list(docker: &Docker, filters: HashMap<String, Vec<String>>) -> Result<Vec<LiveNetwork>, Fault> {
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let listed = docker.call(docker.api.list_networks(Some(options))).await?;
    let mut all: Vec<_> = listed.into_iter().map(told).collect();
    all.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    Ok(all)
}

/// The engine's names of networks that are to be joined, by id. `NotFound` where one is gone.
pub(super) async fn names(docker: &Docker, joined: &[Joined]) -> Result<BTreeMap<String, String>, Fault> {
    let one = |joined: &Joined| {
        let id = joined.id.clone();
        async move {
            let found = docker.call(docker.api.inspect_network(in_path(&id)?, None::<InspectNetworkOptions>)).await?;
            Ok((id, found.name.unwrap_or_default()))
        }
    };
    futures_util::future::try_join_all(joined.iter().map(one)).await.map(BTreeMap::from_iter)
}

pub(super) async fn remove(docker: &Docker, id: &str) -> Result<(), Fault> {
    let removed = docker.call(docker.api.remove_network(in_path(id)?)).await;
    removed.map_err(|mut fault| {
        // The engine calls it forbidden to remove a network that is in use.
        if fault.kind == FaultKind::Denied && fault.message.contains("active endpoints") {
            fault.kind = FaultKind::Conflict;
        }
        fault
    })
}

fn told(live: models::Network) -> LiveNetwork {
    let labels = reading::sorted(live.labels.as_ref());
    let ranges = live.ipam.and_then(|ipam| ipam.config).unwrap_or_default();
    let network = Network {
        name: live.name.unwrap_or_default(),
        // Not the engine's to know.
        external: false,
        driver: live.driver.unwrap_or_default(),
        options: reading::sorted(live.options.as_ref()),
        labels: labels.clone().into_iter().filter(|(name, _)| !name.starts_with(OWN)).collect(),
        internal: live.internal.unwrap_or(false),
        subnet: ranges.into_iter().find_map(|range| range.subnet),
    };
    LiveNetwork { id: live.id.unwrap_or_default(), labels, created: timestamp(live.created.as_deref()), network }
}
