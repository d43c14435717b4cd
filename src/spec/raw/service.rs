//! Services and jobs: what each has beside the keys of a container.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::container::RawContainer;
use super::joined::Joined;
use super::text;
use super::union::Words;
use crate::resource::{Order, Strategy};
use crate::units::Period;

/// A service as written.
pub(in crate::spec) type RawService = Joined<RawContainer, RawServiceOwn>;

/// A job as written.
pub(in crate::spec) type RawJob = Joined<RawContainer, RawJobOwn>;

/// Services by name.
pub(in crate::spec) type RawServices = BTreeMap<String, RawService>;

/// Containers that keep running.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Service")]
pub(in crate::spec) struct RawServiceOwn {
    /// What the engine does when it ends: `no`, `always`, `unless-stopped` or `on-failure:5`.
    #[schemars(with = "text::RestartText")]
    pub(in crate::spec) restart: Option<String>,
    /// Ports of the host that lead to it: `127.0.0.1:8080:80`.
    #[schemars(with = "Vec<text::PortText>")]
    pub(in crate::spec) ports: Vec<String>,
    /// Ports that other containers may use: `3000`.
    #[schemars(with = "Vec<text::ExposeText>")]
    pub(in crate::spec) expose: Vec<String>,
    /// How many containers run at once.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub(in crate::spec) replicas: Option<u32>,
    /// How it is known to be ready; the image's own check where none is given.
    pub(in crate::spec) healthcheck: Option<RawHealth>,
    /// How a new version takes over.
    pub(in crate::spec) update: RawUpdate,
    /// What an undo runs in the old container, besides starting it.
    pub(in crate::spec) rollback: Option<RawHandler>,
}

/// A container that runs once and has to end with exit code 0.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Job")]
pub(in crate::spec) struct RawJobOwn {
    /// How long it may run; 10 minutes where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) timeout: Option<Period>,
    /// What takes its effect back, run in a container of the same make.
    pub(in crate::spec) rollback: Option<RawHandler>,
    /// Whether it leaves anything behind outside its container; true where not given.
    #[schemars(with = "bool")]
    pub(in crate::spec) side_effects: Option<bool>,
}

/// A declared handler.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Handler")]
pub(in crate::spec) struct RawHandler {
    /// The command.
    pub(in crate::spec) command: Words,
}

/// How a service is known to be ready: `test`, or `http` and `port`, or `tcp`, or `disable = true`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Healthcheck")]
pub(in crate::spec) struct RawHealth {
    /// A command inside the container that has to end with exit code 0.
    pub(in crate::spec) test: Option<Words>,
    /// A path that has to answer 200 to 399, with `port`: `/healthz`.
    #[schemars(with = "String")]
    pub(in crate::spec) http: Option<String>,
    /// The container's port for `http`.
    #[schemars(with = "u16", range(min = 1, max = 65535))]
    pub(in crate::spec) port: Option<u16>,
    /// The container's port that has to accept a connection.
    #[schemars(with = "u16", range(min = 1, max = 65535))]
    pub(in crate::spec) tcp: Option<u16>,
    /// Check nothing, not even what the image brings.
    pub(in crate::spec) disable: bool,
    /// How often it is tried; 5s where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) interval: Option<Period>,
    /// How long one try may take; 3s where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) timeout: Option<Period>,
    /// How many failures in a row make it unhealthy; 3 where none is given.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub(in crate::spec) retries: Option<u32>,
    /// How long failures do not count after a start; 10s where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) start_period: Option<Period>,
}

/// How a new version takes over.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Update")]
pub(in crate::spec) struct RawUpdate {
    /// The overall way; omni decides where none is given: new first unless something exclusive forbids it.
    #[schemars(with = "text::StrategyWord")]
    pub(in crate::spec) strategy: Option<Strategy>,
    /// Which comes first; omni decides where none is given.
    #[schemars(with = "text::OrderWord")]
    pub(in crate::spec) order: Option<Order>,
    /// How many containers change at once; 1 where none is given.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub(in crate::spec) parallelism: Option<u32>,
    /// How long to wait between two batches.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) delay: Option<Period>,
    /// How long a new container has to stay up once it is ready.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) monitor: Option<Period>,
    /// How long it may take until it is ready; 5m where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) progress_deadline: Option<Period>,
}
