//! Which things a resource cannot be without, and why: the edges of the graph, as `Origin`s.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::resource::{Condition, Container, MountSource, Resource};

/// Why one thing requires another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Its container is made from the image.
    RunsImage,
    /// Its container joins the network.
    JoinsNetwork,
    /// Its container mounts the volume.
    MountsVolume,
    /// `depends_on` says so: the other has to run.
    DependsOnStarted,
    /// `depends_on` says so: the other has to be healthy.
    DependsOnHealthy,
    /// `depends_on` says so: the other has to have ended well.
    DependsOnCompleted,
}

impl Origin {
    /// Whether the spec says so outright, rather than by what it uses.
    #[must_use]
    pub const fn is_declared(self) -> bool {
        matches!(self, Self::DependsOnStarted | Self::DependsOnHealthy | Self::DependsOnCompleted)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RunsImage => "runs its image",
            Self::JoinsNetwork => "joins the network",
            Self::MountsVolume => "mounts the volume",
            Self::DependsOnStarted => "depends on it (started)",
            Self::DependsOnHealthy => "depends on it (healthy)",
            Self::DependsOnCompleted => "depends on it (completed)",
        })
    }
}

impl Resource {
    /// What it requires and why, sorted by address.
    #[must_use]
    pub fn requires(&self) -> Vec<(Address, Origin)> {
        let mut edges = self.container().map(Container::requires).unwrap_or_default();
        edges.sort();
        edges.dedup();
        edges
    }
}

impl Container {
    fn requires(&self) -> Vec<(Address, Origin)> {
        let mut edges = vec![(Address::new(Kind::Image, self.image.node.clone()), Origin::RunsImage)];
        edges
            .extend(self.networks.keys().map(|name| (Address::new(Kind::Network, name.clone()), Origin::JoinsNetwork)));
        edges.extend(self.volumes.values().filter_map(|mount| match &mount.source {
            MountSource::Volume(name) => Some((Address::new(Kind::Volume, name.clone()), Origin::MountsVolume)),
            MountSource::Host(_) => None,
        }));
        edges.extend(self.depends_on.iter().map(|(address, condition)| {
            let origin = match condition {
                Condition::Started => Origin::DependsOnStarted,
                Condition::Healthy => Origin::DependsOnHealthy,
                Condition::Completed => Origin::DependsOnCompleted,
            };
            (address.clone(), origin)
        }));
        edges
    }
}
