//! `Port`: a port of the host that leads to a container, written `127.0.0.1:8080:80/tcp`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// One port of the host that leads to a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// The host's address to listen on; all where none.
    pub host_ip: Option<String>,
    /// The host's port; the engine chooses a free one where none.
    pub host: Option<u16>,
    /// The container's port.
    pub container: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// A stored text that is no port.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no port")]
pub struct NotAPort(String);

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host_ip {
            Some(ip) if ip.contains(':') => write!(f, "[{ip}]:")?,
            Some(ip) => write!(f, "{ip}:")?,
            None => {}
        }
        match (self.host, &self.host_ip) {
            (Some(host), _) => write!(f, "{host}:")?,
            (None, Some(_)) => f.write_str(":")?,
            (None, None) => {}
        }
        write!(f, "{}/{}", self.container, self.protocol.word())
    }
}

impl FromStr for Port {
    type Err = NotAPort;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (rest, protocol) = text.rsplit_once('/')?;
            let protocol = [Protocol::Tcp, Protocol::Udp].into_iter().find(|one| one.word() == protocol)?;
            let (rest, container) = match rest.rsplit_once(':') {
                Some((rest, container)) => (Some(rest), container),
                None => (None, rest),
            };
            let (host_ip, host) = match rest.map(|rest| rest.rsplit_once(':').unwrap_or(("", rest))) {
                None => (None, None),
                Some((ip, host)) => (Some(ip).filter(|ip| !ip.is_empty()), Some(host).filter(|host| !host.is_empty())),
            };
            Some(Self {
                host_ip: host_ip.map(|ip| ip.trim_matches(['[', ']']).to_owned()),
                host: host.map(str::parse).transpose().ok()?,
                container: container.parse().ok()?,
                protocol,
            })
        };
        read().ok_or_else(|| NotAPort(text.escape_debug().to_string()))
    }
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The word the engine uses: `tcp`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Port;

    #[test]
    fn prints_what_it_reads() {
        for text in [
            "127.0.0.1:8080:80/tcp",
            "8080:80/tcp",
            "80/udp",
            "127.0.0.1::80/tcp",
            "[::1]:8080:80/tcp",
            "[::1]::80/tcp",
        ] {
            let port: Port = text.parse().expect(text);
            assert_eq!(port.to_string(), text);
        }
        for text in ["", "80", "80/sctp", "x:80/tcp", "99999/tcp"] {
            assert!(text.parse::<Port>().is_err(), "{text}");
        }
    }
}
