//! `Resource`: what should exist, as plain data, one file per kind.
//!
//! A resource says everything that decides whether two things are the same deployment of a thing, in the words of
//! deploy.toml and with every default filled in. It is what the plan compares, what a release keeps and what a label on
//! the engine repeats. `requires` says which other things it cannot be without; `difference` says how two differ.
//! How a thing is made is left to `provider`; where the wish for it came from, to `spec`.

mod attachment;
mod backup;
mod condition;
mod container;
mod database;
mod difference;
mod image;
mod job;
mod marks;
mod migration;
mod nature;
mod network;
mod port;
mod proof;
mod requires;
mod service;
mod settings;
mod volume;

pub use attachment::Attachment;
pub use backup::{Backup, Verify};
pub use condition::Condition;
pub use container::{
    ConfigFile, Container, ImageUse, Limits, Logging, Mount, MountSource, Reservations, Restart, Ulimit,
};
pub use database::{Database, Prove};
pub use difference::{Difference, Shown, differences, unchanged};
pub use image::{Build, Image, ImageSource, Pin, PullPolicy};
pub use job::Job;
pub use migration::{Migration, Previous, Sheet};
pub use nature::Nature;
pub use network::Network;
pub use port::{NotAPort, Port, Protocol};
pub use proof::Proof;
pub use requires::{Origin, requirements};
pub use service::{Health, Order, Probe, Service, Strategy, Update};
pub use volume::Volume;

use serde::{Deserialize, Serialize};

use crate::address::Kind;
use crate::fingerprint::Fingerprint;

/// A thing that should exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// An image: pulled, local, or built.
    Image(Image),
    /// A network.
    Network(Network),
    /// A named volume.
    Volume(Volume),
    /// A container that runs once.
    Job(Box<Job>),
    /// Containers that keep running.
    Service(Box<Service>),
    /// A database.
    Database(Box<Database>),
    /// A copy of a database's content.
    Backup(Box<Backup>),
    /// The ways back of a database's migrations.
    Proof(Proof),
    /// A script that brings a database's schema forward.
    Migration(Box<Migration>),
}

impl Resource {
    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Image(_) => Kind::Image,
            Self::Network(_) => Kind::Network,
            Self::Volume(_) => Kind::Volume,
            Self::Job(_) => Kind::Job,
            Self::Service(_) => Kind::Service,
            Self::Database(_) => Kind::Database,
            Self::Backup(_) => Kind::Backup,
            Self::Proof(_) => Kind::Proof,
            Self::Migration(_) => Kind::Migration,
        }
    }

    /// The fingerprint of its content.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }

    /// The container part of a service or a job.
    #[must_use]
    pub fn container(&self) -> Option<&Container> {
        match self {
            Self::Service(service) => Some(&service.container),
            Self::Job(job) => Some(&job.container),
            _ => None,
        }
    }

    /// The content of the files that it needs, by fingerprint; one may come twice: those that it puts into its
    /// containers, and the texts of a migration.
    pub fn files(&self) -> impl Iterator<Item = Fingerprint> {
        let configs = self.container().into_iter().flat_map(|container| container.configs.values());
        let sheets = self.migration().into_iter().flat_map(Migration::sheets);
        configs.map(|config| config.content).chain(sheets.map(|sheet| sheet.content))
    }

    /// The migration that it is.
    #[must_use]
    pub fn migration(&self) -> Option<&Migration> {
        match self {
            Self::Migration(migration) => Some(migration),
            _ => None,
        }
    }

    /// The proof that it is.
    #[must_use]
    pub const fn proof(&self) -> Option<&Proof> {
        match self {
            Self::Proof(proof) => Some(proof),
            _ => None,
        }
    }

    /// The database that it is.
    #[must_use]
    pub fn database(&self) -> Option<&Database> {
        match self {
            Self::Database(database) => Some(database),
            _ => None,
        }
    }

    /// The container part of a service or a job, to be changed.
    pub fn container_mut(&mut self) -> Option<&mut Container> {
        match self {
            Self::Service(service) => Some(&mut service.container),
            Self::Job(job) => Some(&mut job.container),
            _ => None,
        }
    }
}
