//! Things that cannot be at the same time: two on one port, a new container beside an old one that holds on.

use super::Resolver;
use crate::address::{Address, Kind};
use crate::resource::{MountSource, Order, Port, Resource, Service, Strategy};
use crate::spec::problem::Problem;
use crate::spec::syntax::port;
use crate::spec::tree::{self, Node, Span, Value};

/// A port of the host that a service claims, and where.
struct Claim {
    service: String,
    port: Port,
    span: Span,
}

impl Resolver<'_> {
    /// Checks everything that needs all services.
    pub(super) fn overlaps(&mut self) {
        self.unhealthy();
        let services: Vec<(String, Service)> = self
            .resources
            .iter()
            .filter_map(|(address, resource)| match resource {
                Resource::Service(service) => Some((address.name().to_owned(), service.as_ref().clone())),
                _ => None,
            })
            .collect();
        let mut claims: Vec<_> = services.iter().flat_map(|(name, _)| self.claims(name)).collect();
        claims.sort_by_key(|claim| claim.span.start);
        self.same_port(&claims);
        for (name, service) in &services {
            self.replicas(name, service, &claims);
            self.order(name, service);
            self.beside_itself(name, service, &claims);
        }
    }

    fn claims(&self, name: &str) -> Vec<Claim> {
        let at = tree::path(&["services", name, "ports"]);
        let Some(Value::List(items)) = self.tree.at(&at).map(|node| &node.value) else { return Vec::new() };
        let claim = |item: &Node| {
            let port = port::parse(item.text()?).ok().filter(|port| port.host.is_some())?;
            Some(Claim { service: name.to_owned(), port, span: item.span.clone() })
        };
        items.iter().filter_map(claim).collect()
    }

    fn same_port(&mut self, claims: &[Claim]) {
        for (at, first) in claims.iter().enumerate() {
            for second in &claims[at + 1..] {
                if !collide(&first.port, &second.port) {
                    continue;
                }
                let port = first.port.host.unwrap_or_default();
                let path = tree::path(&["services", &second.service, "ports"]);
                let message = if first.service == second.service {
                    format!("`{}` takes the host's port {port} twice", first.service)
                } else {
                    format!("`{}` and `{}` both take the host's port {port}", first.service, second.service)
                };
                let problem = Problem::error("omni::spec::port_conflict", &path, message);
                let problem = problem.label(first.span.clone(), "taken here").label(second.span.clone(), "and here");
                self.problems.push(problem.help("give one of them another port of the host, or another address"));
            }
        }
    }

    fn replicas(&mut self, name: &str, service: &Service, claims: &[Claim]) {
        if service.replicas < 2 {
            return;
        }
        let replicas = self.tree.place(&tree::path(&["services", name, "replicas"]));
        if let Some(claim) = claims.iter().find(|claim| claim.service == name) {
            let path = tree::path(&["services", name, "replicas"]);
            let message = format!("{} containers of `{name}` cannot share one port of the host", service.replicas);
            let problem =
                Problem::error("omni::spec::port_conflict", &path, message).label(replicas, "so many containers");
            let help = "leave the host's port out (`\"80\"`), or put one service in front of them";
            self.problems.push(problem.label(claim.span.clone(), "one port").help(help));
        }
    }

    fn order(&mut self, name: &str, service: &Service) {
        let wrong = match (service.update.strategy, service.update.order) {
            (Strategy::Recreate, Some(Order::StartFirst)) => "`recreate` stops the old one first",
            (Strategy::BlueGreen, Some(Order::StopFirst)) => "`blue-green` starts the new one first",
            _ => return,
        };
        let at = tree::path(&["services", name, "update", "order"]);
        let strategy = self.tree.place(&tree::path(&["services", name, "update", "strategy"]));
        let problem =
            Problem::error("omni::spec::conflict", &at, format!("the order of `{name}` contradicts its strategy"));
        let problem = problem.label(self.tree.place(&at), "says otherwise").label(strategy, wrong);
        self.problems.push(problem.help("leave `order` out"));
    }

    /// A service that asks for "new first" and holds something that only one container can have.
    fn beside_itself(&mut self, name: &str, service: &Service, claims: &[Claim]) {
        let key = if service.update.strategy == Strategy::BlueGreen {
            "strategy"
        } else if service.update.order == Some(Order::StartFirst) {
            "order"
        } else {
            return;
        };
        let at = tree::path(&["services", name, "update", key]);
        let wanted = self.tree.place(&at);
        let mut reasons: Vec<(Span, String)> = Vec::new();
        for claim in claims.iter().filter(|claim| claim.service == name) {
            let port = claim.port.host.unwrap_or_default();
            reasons.push((claim.span.clone(), format!("only one container can have the host's port {port}")));
        }
        for mount in service.container.volumes.values().filter(|mount| !mount.read_only) {
            let MountSource::Volume(volume) = &mount.source else { continue };
            let shared = self.resources.get(&Address::new(Kind::Volume, volume.as_str()));
            if matches!(shared, Some(Resource::Volume(volume)) if !volume.shared) {
                let place = self.mount_place(name, volume);
                reasons.push((place, format!("only one container may write to the volume `{volume}`")));
            }
        }
        for (network, attachment) in &service.container.networks {
            if let Some(address) = &attachment.ipv4_address {
                let place = self.tree.place(&tree::path(&["services", name, "networks", network, "ipv4_address"]));
                reasons.push((place, format!("only one container can have the address {address}")));
            }
        }
        if reasons.is_empty() {
            return;
        }
        let message = format!("a new container of `{name}` cannot start beside the old one");
        let problem =
            Problem::error("omni::spec::cannot_overlap", &at, message).label(wanted, "asks for the new one first");
        let problem = reasons.into_iter().fold(problem, |problem, (span, reason)| problem.label(span, reason));
        self.problems.push(problem.help(
            "remove what is exclusive, say `shared = true` of a volume that several may write to, or use `recreate`",
        ));
    }

    fn mount_place(&self, name: &str, volume: &str) -> Span {
        let mounts = self.raw.shared.services.get(name).map(|raw| raw.shared.volumes.as_slice()).unwrap_or_default();
        let text = mounts.iter().find(|text| text.split(':').next() == Some(volume));
        let at = tree::path(&["services", name, "volumes"]);
        text.map_or_else(|| self.tree.place(&at), |text| self.tree.place(&self.entry(&at, text)))
    }
}

fn collide(a: &Port, b: &Port) -> bool {
    let everywhere = |port: &Port| port.host_ip.as_deref().is_none_or(|ip| matches!(ip, "0.0.0.0" | "::"));
    a.host == b.host && a.protocol == b.protocol && (a.host_ip == b.host_ip || everywhere(a) || everywhere(b))
}
