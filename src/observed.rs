//! `Observed`: what a provider saw of one deployment, as plain data.
//!
//! The third of the three views (desired, recorded, observed). Every object that carries the deployment's labels is
//! here, whether it serves or is kept stopped for a rollback; which is which, the plan decides from what was
//! recorded. How the objects were found is left to `provider`.

mod database;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::fingerprint::{Fingerprint, Key};
use crate::resource::{Database, Resource};

pub use database::{SeenDatabase, Standing, Unasked};

/// What a provider saw of one deployment.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The engine that was asked.
    pub engine: EngineFacts,
    /// The objects at each address: newest fence first, then by replica.
    pub objects: BTreeMap<Address, Vec<Object>>,
    /// The databases of the deployment by name, or why one could not be asked: its service may not run.
    pub databases: BTreeMap<String, Result<SeenDatabase, Unasked>>,
    /// The deployment's key as its objects carry it; none where there are no objects.
    pub key: Option<Key>,
}

/// What identifies an engine, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineFacts {
    /// The engine's own identity, which outlives its restarts.
    pub id: String,
    /// What runs: `docker 20.10.24`.
    pub version: String,
    /// Where it was reached: `unix:///var/run/docker.sock`.
    pub host: String,
    /// Memory of its machine in bytes.
    pub memory: u64,
    /// Processors of its machine.
    pub cpus: u32,
    /// Its platform: `linux/amd64`.
    pub platform: String,
}

/// One object on the engine that belongs to the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The engine's id for it.
    pub id: String,
    /// Its name on the engine.
    pub name: String,
    /// What it is, in the words of the spec: its label, with every field as the engine tells it where it can.
    pub resource: Resource,
    /// The apply that made it.
    pub provenance: Provenance,
    /// What it is doing.
    pub status: Status,
}

/// Who made an object, from its labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The apply that made it, as `Op`'s text.
    pub op: String,
    /// The fence under which it was made; grows with every lock taken.
    pub fence: u64,
    /// The number of the release it was made for.
    pub release: u64,
    /// The tag of that release.
    pub tag: String,
    /// Which of a service's replicas it is, from 1.
    pub replica: u32,
    /// When the engine made it.
    pub created: Option<Timestamp>,
}

/// What an object is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is there; it is nothing that runs.
    Present,
    /// It was made and never started.
    Created,
    /// It runs.
    Running {
        /// Since when.
        since: Option<Timestamp>,
        /// What the engine's own health check says; none where it has none.
        healthy: Option<bool>,
    },
    /// It ended.
    Exited {
        /// Its exit code.
        code: i64,
    },
    /// The engine is starting it again and again.
    Restarting,
    /// It is paused.
    Paused,
}

impl Status {
    /// Whether it runs or is there, so that others can use it.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        matches!(self, Self::Present | Self::Running { .. })
    }

    /// Whether it runs and the engine's own health check calls it unhealthy.
    #[must_use]
    pub const fn is_unwell(&self) -> bool {
        matches!(self, Self::Running { healthy: Some(false), .. })
    }

    /// One word for people: `running`, `exited`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Created => "created",
            Self::Running { .. } => "running",
            Self::Exited { .. } => "exited",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
        }
    }
}

impl Observed {
    /// The objects at an address; none is an empty slice.
    #[must_use]
    pub fn at(&self, address: &Address) -> &[Object] {
        self.objects.get(address).map_or(&[], Vec::as_slice)
    }

    /// The fingerprint of the world that serves, without ids, times and addresses.
    ///
    /// Two worlds with the same fingerprint cannot be told apart by a user of the services.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let prints = |objects: Vec<&Object>| objects.iter().map(|one| one.resource.fingerprint()).collect::<Vec<_>>();
        let serving: BTreeMap<_, _> =
            self.serving().into_iter().map(|(address, objects)| (address, prints(objects))).collect();
        if self.databases.is_empty() {
            return Fingerprint::of(&serving);
        }
        Fingerprint::of(&(serving, self.standings()))
    }

    /// What users of each database can tell of it; none where it could not be asked.
    #[must_use]
    pub fn standings(&self) -> BTreeMap<&str, Option<Standing>> {
        let all = self.databases.iter();
        all.map(|(name, seen)| (name.as_str(), seen.as_ref().ok().map(SeenDatabase::standing))).collect()
    }

    /// The databases among these things that should answer and did not, each with why: those that run elsewhere, and
    /// those whose service is up.
    #[must_use]
    pub fn silent<'a>(
        &'a self,
        resources: impl IntoIterator<Item = (&'a Address, &'a Resource)>,
    ) -> Vec<(&'a Address, &'a Unasked)> {
        let should = |database: &Database| match &database.service {
            Some(service) => self.at(&Address::service(service)).iter().any(|object| object.status.is_up()),
            None => true,
        };
        let databases = resources.into_iter().filter_map(|(address, resource)| Some((address, resource.database()?)));
        let asked = databases.filter(|(_, database)| should(database));
        asked.filter_map(|(address, _)| Some((address, self.databases.get(address.name())?.as_ref().err()?))).collect()
    }

    /// A database, where it was asked.
    #[must_use]
    pub fn database(&self, name: &str) -> Option<&SeenDatabase> {
        self.databases.get(name)?.as_ref().ok()
    }

    /// The world that serves: what runs at each address, the networks that it joins, every volume; those of an address
    /// in the order of their fingerprints. Stopped containers and networks that are kept for a rollback do not count.
    #[must_use]
    pub fn serving(&self) -> BTreeMap<&Address, Vec<&Object>> {
        let up = |address: &Address| self.at(address).iter().filter(|object| object.status.is_up());
        let containers = self.objects.keys().filter(|address| matches!(address.kind(), Kind::Service | Kind::Job));
        let joined: BTreeSet<_> = containers
            .flat_map(up)
            .flat_map(|object| object.resource.requires())
            .map(|(required, _)| required)
            .collect();
        self.objects
            .keys()
            .filter(|address| address.kind() != Kind::Network || joined.contains(*address))
            .map(|address| {
                // A network that was replaced is kept beside the one that serves, which is the newest.
                let most = if address.kind() == Kind::Network { 1 } else { usize::MAX };
                let mut seen: Vec<_> = up(address).take(most).collect();
                seen.sort_by_cached_key(|object| object.resource.fingerprint());
                (address, seen)
            })
            .filter(|(_, seen)| !seen.is_empty())
            .collect()
    }
}
