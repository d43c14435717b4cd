//! `Service`: containers that keep running, how they are known to be ready, and how a new one takes over.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::resource::container::Container;
use crate::resource::port::Port;
use crate::template::Template;
use crate::units::Period;

/// Containers that keep running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// What each of its containers is.
    pub container: Container,
    /// How many containers run at once.
    pub replicas: u32,
    /// Ports of the host that lead to it.
    pub ports: BTreeSet<Port>,
    /// Ports that other containers may use, as a note on the container: `3000/tcp`.
    pub expose: BTreeSet<String>,
    /// How it is known to be ready; the image's own check where none.
    pub healthcheck: Option<Health>,
    /// How a new container takes over.
    pub update: Update,
    /// A command run in the old container after an undo has started it again.
    pub rollback: Option<Vec<Template>>,
}

/// How a container is known to be ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What is tried.
    pub probe: Probe,
    /// How often the engine tries it, once the service runs.
    pub interval: Period,
    /// How long one try may take.
    pub timeout: Period,
    /// How many failures in a row make it unhealthy.
    pub retries: u32,
    /// How long failures do not count after a start.
    pub start_period: Period,
}

/// What is tried to know that a container is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// A command inside the container ends with exit code 0.
    Command(Vec<Template>),
    /// `GET path` on the container's port answers 200 to 399.
    Http {
        /// The path: `/healthz`.
        path: String,
        /// The container's port.
        port: u16,
    },
    /// The container's port accepts a connection.
    Tcp(u16),
    /// Nothing, not even what the image brings: it is ready when it runs.
    Off,
}

/// How a new container takes over from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The overall way.
    pub strategy: Strategy,
    /// Which starts or stops first; omni decides where none.
    pub order: Option<Order>,
    /// How many containers change at once.
    pub parallelism: u32,
    /// How long to wait between two batches.
    pub delay: Period,
    /// How long a new container has to stay up once it is ready.
    pub monitor: Period,
    /// How long it may take until it is ready.
    pub progress_deadline: Period,
}

/// The overall way a new version takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// omni decides: new first unless something exclusive forbids it.
    #[default]
    Auto,
    /// All new containers are ready before the first old one stops.
    BlueGreen,
    /// Batch by batch.
    Rolling,
    /// The old ones stop before the new ones start.
    Recreate,
}

/// Which comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The new container starts before the old one stops.
    StartFirst,
    /// The old container stops before the new one starts.
    StopFirst,
}
