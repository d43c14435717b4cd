//! Which things a resource cannot be without, and why: the edges of the graph, as `Origin`s.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::resource::{Condition, Container, Migration, MountSource, Proof, Prove, Resource};

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
    /// The service runs the database.
    RunsOn,
    /// It is made of what is in the database.
    CopiesDatabase,
    /// It changes the database.
    MigratesDatabase,
    /// It comes after the migration in the order of their tool.
    FollowsMigration,
    /// The backup has to be there first.
    NeedsBackup,
    /// It tries the migrations on a copy of the database.
    ProvesOn,
    /// The ways back have to be proven first.
    NeedsProof,
    /// It uses the database, and so the schema that the migration makes.
    UsesSchema,
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
            Self::RunsOn => "runs on it",
            Self::CopiesDatabase => "copies it",
            Self::MigratesDatabase => "migrates it",
            Self::FollowsMigration => "follows it",
            Self::NeedsBackup => "needs the backup",
            Self::ProvesOn => "proves on a copy of it",
            Self::NeedsProof => "needs the proof",
            Self::UsesSchema => "uses the schema",
        })
    }
}

/// Every requirement among these things, as who, whom and why, sorted. Beside what each requires by itself, whoever
/// uses a database requires the newest of its migrations, and with it all; and nothing is done to a database before its
/// proof.
pub fn requirements<'a>(
    resources: impl Iterator<Item = (&'a Address, &'a Resource)> + Clone,
) -> Vec<(&'a Address, Address, Origin)> {
    let mut found: Vec<_> = Vec::new();
    let mut newest: BTreeMap<&str, BTreeSet<&Address>> = BTreeMap::new();
    for (address, resource) in resources.clone() {
        found.extend(resource.requires().into_iter().map(|(required, origin)| (address, required, origin)));
        if let Some(migration) = resource.migration() {
            newest.entry(&migration.database).or_default().insert(address);
        }
    }
    for migration in resources.clone().filter_map(|(_, resource)| resource.migration()) {
        if let (Some(previous), Some(left)) = (&migration.previous, newest.get_mut(migration.database.as_str())) {
            left.remove(&Address::migration(&migration.database, &previous.name));
        }
    }
    let proofs: Vec<_> = resources
        .clone()
        .filter_map(|(at, resource)| Some((at, resource.proof()?)))
        .flat_map(|(at, proof)| {
            let waiting = resources.clone().filter(|(_, resource)| proof.is_needed_by(resource));
            waiting.map(|(address, _)| (address, at.clone(), Origin::NeedsProof))
        })
        .collect();
    for (address, resource) in resources {
        let used = resource.container().into_iter().flat_map(|container| &container.databases);
        let of = used.flat_map(|database| newest.get(database.as_str()).into_iter().flatten());
        found.extend(of.map(|migration| (address, (*migration).clone(), Origin::UsesSchema)));
    }
    found.extend(proofs);
    found.sort();
    found
}

impl Resource {
    /// What it requires by itself and why, sorted by address.
    #[must_use]
    pub fn requires(&self) -> Vec<(Address, Origin)> {
        let mut edges = match self {
            Self::Database(database) => {
                database.service.iter().map(|name| (Address::service(name), Origin::RunsOn)).collect()
            }
            Self::Backup(backup) => vec![(Address::new(Kind::Database, &backup.database), Origin::CopiesDatabase)],
            Self::Proof(proof) => proof.requires(),
            Self::Migration(migration) => migration.requires(),
            _ => self.container().map(Container::requires).unwrap_or_default(),
        };
        edges.sort();
        edges.dedup();
        edges
    }
}

impl Proof {
    /// On a backup: the newest, which is made before it.
    fn requires(&self) -> Vec<(Address, Origin)> {
        let mut edges = vec![(Address::new(Kind::Database, &self.database), Origin::ProvesOn)];
        if self.prove == Prove::Data {
            edges.push((Address::new(Kind::Backup, &self.database), Origin::NeedsBackup));
        }
        edges
    }

    /// Whether a thing waits for it: the first migration, and with it all; and a backup that it does not need itself.
    /// That costs more than the proof, and is for nothing where the proof is refused; and the later it is made, the
    /// less is lost with it.
    fn is_needed_by(&self, resource: &Resource) -> bool {
        match resource {
            Resource::Migration(migration) => migration.database == self.database && migration.previous.is_none(),
            Resource::Backup(backup) => backup.database == self.database && self.prove != Prove::Data,
            _ => false,
        }
    }
}

impl Migration {
    fn requires(&self) -> Vec<(Address, Origin)> {
        let mut edges = vec![(Address::new(Kind::Database, &self.database), Origin::MigratesDatabase)];
        if self.backup {
            edges.push((Address::new(Kind::Backup, &self.database), Origin::NeedsBackup));
        }
        let previous = self.previous.as_ref().map(|previous| Address::migration(&self.database, &previous.name));
        edges.extend(previous.map(|address| (address, Origin::FollowsMigration)));
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
