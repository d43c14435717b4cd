//! Ports that the host listens on for a container, and those it only names.

use std::collections::BTreeSet;

use bollard::models::{ImageConfig, PortBinding};

use super::Known;
use crate::provider::docker::create::exposed_port;
use crate::provider::docker::reading;
use crate::resource::{Port, Protocol};

impl Known<'_> {
    pub(super) fn ports(&self) -> BTreeSet<Port> {
        let one = |(inside, bindings): (&String, &Option<Vec<PortBinding>>)| {
            let (container, protocol) = inside_port(inside)?;
            let bindings = bindings.clone().unwrap_or_default();
            Some(bindings.into_iter().map(move |binding| Port {
                host_ip: binding.host_ip.filter(|ip| !ip.is_empty()),
                host: binding.host_port.and_then(|port| port.parse().ok()).filter(|port| *port > 0),
                container,
                protocol,
            }))
        };
        self.host.port_bindings.iter().flatten().filter_map(one).flatten().collect()
    }

    pub(super) fn expose(&self, ports: &BTreeSet<Port>) -> BTreeSet<String> {
        let published: BTreeSet<_> =
            ports.iter().map(|port| format!("{}/{}", port.container, port.protocol.word())).collect();
        let asked = self.asked.map(|asked| &asked.expose);
        let is_asked = |port: &String| asked.into_iter().flatten().any(|asked| exposed_port(asked) == *port);
        let brought = |port: &String| {
            let image = |image: &ImageConfig| image.exposed_ports.iter().flatten().any(|brought| brought == port);
            published.contains(port) || self.image.map_or(asked.is_some(), image)
        };
        let live = self.config.exposed_ports.iter().flatten().filter(|port| is_asked(port) || !brought(port));
        reading::set(live.cloned(), asked, exposed_port)
    }
}

/// `80/tcp` as a port and its protocol.
pub(in crate::provider::docker) fn inside_port(text: &str) -> Option<(u16, Protocol)> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = if protocol == "udp" { Protocol::Udp } else { Protocol::Tcp };
    Some((port.parse().ok()?, protocol))
}
