//! `Container`: what a service and a job have in common, which is all that one container is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::resource::attachment::Attachment;
use crate::resource::condition::Condition;
use crate::resource::image::Pin;
use crate::template::Template;
use crate::units::{Bytes, Cpus, Period};

/// One container as it should be. What is absent is left to the image or the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// The image it runs.
    pub image: ImageUse,
    /// The command, as a list of words; the image's where none.
    pub command: Option<Vec<Template>>,
    /// The entry point, as a list of words; the image's where none.
    pub entrypoint: Option<Vec<Template>>,
    /// Environment variables beside the image's own.
    pub environment: BTreeMap<String, Template>,
    /// The user it runs as: `1000:1000`.
    pub user: Option<String>,
    /// The folder it starts in.
    pub working_dir: Option<String>,
    /// Its host name; the container's id where none.
    pub hostname: Option<String>,
    /// Whether its root file system is read-only.
    pub read_only: bool,
    /// Whether the engine's own init is process 1.
    pub init: bool,
    /// Whether it has all rights on the host (needs `policy.allow_privileged`).
    pub privileged: bool,
    /// Capabilities it gets.
    pub cap_add: BTreeSet<String>,
    /// Capabilities it loses.
    pub cap_drop: BTreeSet<String>,
    /// Security options: `no-new-privileges:true`.
    pub security_opt: BTreeSet<String>,
    /// Devices of the host: `/dev/ttyUSB0:/dev/ttyUSB0:rwm`.
    pub devices: BTreeSet<String>,
    /// Resource limits of its processes, by name: `nofile`.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Kernel settings of its namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// File systems in memory: path to options (`size=64m`).
    pub tmpfs: BTreeMap<String, String>,
    /// The size of `/dev/shm`; the engine's where none.
    pub shm_size: Option<Bytes>,
    /// Further host names: name to address.
    pub extra_hosts: BTreeMap<String, String>,
    /// Name servers, in order.
    pub dns: Vec<String>,
    /// Networks it joins, by their name in the spec.
    pub networks: BTreeMap<String, Attachment>,
    /// Volumes and folders it sees, by their path inside.
    pub volumes: BTreeMap<String, Mount>,
    /// Files put into it before it starts, by their path inside.
    pub configs: BTreeMap<String, ConfigFile>,
    /// Labels beside omni's own.
    pub labels: BTreeMap<String, String>,
    /// Where its output goes; the engine's default where none.
    pub logging: Option<Logging>,
    /// What the engine does when it ends.
    pub restart: Restart,
    /// The signal that asks it to end; the image's where none.
    pub stop_signal: Option<String>,
    /// How long it may take to end, in whole seconds.
    pub stop_grace_period: Period,
    /// The most it may use.
    pub limits: Limits,
    /// What is kept for it.
    pub reservations: Reservations,
    /// What has to be so before it starts, by address (`service.db`).
    pub depends_on: BTreeMap<crate::address::Address, Condition>,
    /// The databases it uses, by their name in the spec: it needs their schema.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub databases: BTreeSet<String>,
}

impl Container {
    /// A container of this image of which nothing else is asked: it is not started again, and has 10 s to end.
    #[must_use]
    pub fn bare(image: ImageUse) -> Self {
        Self {
            image,
            command: None,
            entrypoint: None,
            environment: BTreeMap::new(),
            user: None,
            working_dir: None,
            hostname: None,
            read_only: false,
            init: false,
            privileged: false,
            cap_add: BTreeSet::new(),
            cap_drop: BTreeSet::new(),
            security_opt: BTreeSet::new(),
            devices: BTreeSet::new(),
            ulimits: BTreeMap::new(),
            sysctls: BTreeMap::new(),
            tmpfs: BTreeMap::new(),
            shm_size: None,
            extra_hosts: BTreeMap::new(),
            dns: Vec::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            configs: BTreeMap::new(),
            labels: BTreeMap::new(),
            logging: None,
            restart: Restart::No,
            stop_signal: None,
            stop_grace_period: Period::seconds(10),
            limits: Limits::default(),
            reservations: Reservations::default(),
            depends_on: BTreeMap::new(),
            databases: BTreeSet::new(),
        }
    }
}

/// The image a container runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUse {
    /// The name of the `image.…` node that brings it.
    pub node: String,
    /// The reference as people know it: `shop/web:1.8.0`.
    pub reference: String,
    /// Exactly which image; none until a provider was asked.
    pub pin: Option<Pin>,
}

/// A soft and a hard limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    /// The limit that the process may raise.
    pub soft: i64,
    /// The limit up to which it may be raised.
    pub hard: i64,
}

/// Something mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Whether it can only be read.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MountSource {
    /// A volume, by its name in the spec.
    Volume(String),
    /// A file or folder of the host, by its absolute path.
    Host(String),
}

/// A file put into a container before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    /// The file on this machine, relative to deploy.toml, as written.
    pub source: String,
    /// The SHA-256 of its content, which the store keeps.
    pub content: Fingerprint,
    /// Its permissions, as in `0o444`.
    pub mode: u32,
}

/// Where a container's output goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// The driver: `json-file`.
    pub driver: String,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
}

/// What the engine does when a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Nothing.
    No,
    /// Starts it again, always.
    Always,
    /// Starts it again unless somebody stopped it.
    #[default]
    UnlessStopped,
    /// Starts it again when it failed, at most so many times (0: without end).
    OnFailure(u32),
}

/// The most a container may use; no limit where none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Processors.
    pub cpus: Option<Cpus>,
    /// Memory, swap included.
    pub memory: Option<Bytes>,
    /// Processes and threads.
    pub pids: Option<i64>,
}

/// What is kept for a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reservations {
    /// Processors, as a weight against others when the host is busy.
    pub cpus: Option<Cpus>,
    /// Memory below which the engine tries not to push it.
    pub memory: Option<Bytes>,
}
