//! Networks and volumes: what containers share.

use std::collections::BTreeMap;

use super::Resolver;
use crate::address::{Address, Kind};
use crate::resource::{Network, Resource, Volume};
use crate::spec::problem::Problem;
use crate::spec::raw::{RawNetwork, RawVolume, Scalar};
use crate::spec::tree;

/// The network that is joined where none is named.
pub(super) const IMPLIED_NETWORK: &str = "default";

impl Resolver<'_> {
    pub(super) fn network(&mut self, name: &str, raw: &RawNetwork) {
        let real = raw.name.as_deref().unwrap_or(name);
        let is_host = raw.driver.as_deref() == Some("host") || (raw.external && real == "host");
        if is_host && !self.policy.allow_privileged {
            let at = tree::path(&["networks", name]);
            let message = format!("`{}` is the network of the host itself", tree::joined(&at));
            let problem = Problem::error("omni::spec::policy", &at, message);
            let problem = problem.label(self.tree.key(&at), "no wall to the host");
            self.problems.push(problem.help("use `ports`, or allow it: `[policy] allow_privileged = true`"));
        }
        let network = Network {
            name: raw.name.clone().unwrap_or_else(|| self.object_name(name, raw.external)),
            external: raw.external,
            driver: raw.driver.clone().unwrap_or_else(|| "bridge".to_owned()),
            options: texts(&raw.options),
            labels: texts(&raw.labels),
            internal: raw.internal,
            subnet: raw.subnet.clone(),
        };
        self.keep(Kind::Network, name, &["networks", name], Resource::Network(network));
    }

    pub(super) fn volume(&mut self, name: &str, raw: &RawVolume) {
        let volume = Volume {
            name: raw.name.clone().unwrap_or_else(|| self.object_name(name, raw.external)),
            external: raw.external,
            shared: raw.shared,
            driver: raw.driver.clone().unwrap_or_else(|| "local".to_owned()),
            options: texts(&raw.options),
            labels: texts(&raw.labels),
        };
        self.keep(Kind::Volume, name, &["volumes", name], Resource::Volume(volume));
    }

    /// The network that containers without a network join; made when the first one does.
    pub(super) fn implied_network(&mut self) {
        if !self.resources.contains_key(&Address::new(Kind::Network, IMPLIED_NETWORK)) {
            self.network(IMPLIED_NETWORK, &RawNetwork::default());
        }
    }

    /// What somebody else made is called as it is called; what omni makes starts with the deployment's name.
    fn object_name(&self, name: &str, external: bool) -> String {
        if external { name.to_owned() } else { format!("{}-{name}", self.scope.prefix()) }
    }

    /// Warns of networks and volumes that nothing uses.
    pub(super) fn unused(&mut self) {
        let sections = &self.raw.shared;
        let containers = sections
            .services
            .values()
            .map(|service| &service.shared)
            .chain(sections.jobs.values().map(|job| &job.shared));
        // What only a profile uses that was not chosen is not forgotten.
        if containers.into_iter().any(|raw| !self.takes_part(raw)) {
            return;
        }
        for (kind, section) in [(Kind::Network, "networks"), (Kind::Volume, "volumes")] {
            let used = self.used(kind);
            let declared: Vec<_> = self.resources.keys().filter(|address| address.kind() == kind).cloned().collect();
            for address in declared.iter().filter(|address| !used.contains(address.name())) {
                let at = tree::path(&[section, address.name()]);
                let problem = Problem::warning(
                    "omni::spec::unused",
                    &at,
                    format!("the {kind} `{}` is used by nothing", address.name()),
                );
                self.problems
                    .push(problem.label(self.tree.key(&at), "never used").help("remove it, or name it in a service"));
            }
        }
    }
}

/// Names and texts of scalars.
pub(super) fn texts(raw: &BTreeMap<String, Scalar>) -> BTreeMap<String, String> {
    raw.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}
