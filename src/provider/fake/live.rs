//! How the fake tells of a container: condition, addresses, ports and log.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::observed::Status;
use crate::provider::engine::{AskedOf, LiveContainer};
use crate::provider::fake::behaviour::Behaviour;
use crate::provider::fake::container::{FakeContainer, Process};
use crate::provider::fake::seen::seen;
use crate::provider::fake::world::World;
use crate::resource::{Port, Probe};

/// The first of the ports that the engine chooses itself.
const CHOSEN: u64 = 32_768;

impl FakeContainer {
    /// Its address on every network.
    pub(super) fn address(&self) -> Ipv4Addr {
        let [.., high, low] = self.number.to_be_bytes();
        Ipv4Addr::new(10, 0, high, low)
    }

    /// Its ports with the host's port filled in.
    pub(super) fn published(&self) -> Vec<Port> {
        let chosen = u16::try_from(CHOSEN + self.number).unwrap_or(u16::MAX);
        self.new.ports.iter().map(|port| Port { host: port.host.or(Some(chosen)), ..port.clone() }).collect()
    }
}

impl World {
    pub(super) fn live(&self, container: &FakeContainer, asked: AskedOf<'_>) -> LiveContainer {
        let (status, restarts) = container.condition(self.now);
        let runs = matches!(status, Status::Running { .. });
        let image = self.image(&container.image);
        let joined = container.new.networks.iter().filter(|_| runs);
        let addresses: BTreeMap<_, _> = joined.map(|j| (j.id.clone(), container.address().to_string())).collect();
        LiveContainer {
            id: container.id.clone(),
            name: container.new.name.clone(),
            labels: container.new.labels.clone(),
            status: if runs { self.running(container) } else { status },
            restarts,
            ended: container.ended(self.now),
            created: Some(self.timestamp(container.created)),
            image: container.image.clone(),
            addresses,
            published: if runs { container.published() } else { Vec::new() },
            seen: seen(container, image, asked(&container.new.labels).as_ref()),
        }
    }

    /// The engine's own first try of a health check comes after a whole interval; until then it says nothing.
    fn running(&self, container: &FakeContainer) -> Status {
        let own = container.new.health.as_ref().filter(|health| matches!(health.probe, Probe::Command(_)));
        let image = self.image(&container.image).and_then(|image| image.live.health.as_ref());
        let check = own.or_else(|| image.filter(|_| container.new.health.is_none()));
        let Process::Started(since) = container.process else { return Status::Created };
        let lasted = self.now.saturating_duration_since(since);
        let is_tried = check.is_some_and(|check| lasted >= check.interval.duration());
        let healthy = is_tried.then(|| self.is_healthy(container));
        Status::Running { since: Some(self.timestamp(since)), healthy }
    }

    /// What a container wrote. A process that fails tells its `PASSWORD`, as bad ones do.
    pub(super) fn log(&self, container: &FakeContainer) -> Vec<String> {
        let (status, restarts) = container.condition(self.now);
        if status == Status::Created {
            return Vec::new();
        }
        let mut lines = vec!["\u{1b}[32mstarting\u{1b}[0m".to_owned()];
        let secret = container.variable("PASSWORD").unwrap_or("none");
        match container.behaviour {
            Behaviour::NeverHealthy => lines.push(format!("KeyError: 'email_verified' (password {secret})")),
            Behaviour::Ends(code, _) if restarts > 0 || matches!(status, Status::Exited { .. }) => {
                lines.push(format!("ending with {code} (password {secret})"));
            }
            Behaviour::Serves(_) | Behaviour::Ends(..) => lines.push("serving".to_owned()),
        }
        lines
    }
}
