//! Names of things: `Kind`, `Address` and `Scope`.
//!
//! An address (`service.web`) is the identity of one thing in one deployment: the key in the graph, the plan, the
//! journal, the store and every message. A scope (`shop/prod`) is one deployment of one project on one engine.
//! What a thing looks like is left to `resource`; where it runs is left to `provider`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The kinds of thing that omni can deploy, in the order in which they are usually made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An image: pulled, local, or built from a context.
    Image,
    /// A network that containers join.
    Network,
    /// A named volume.
    Volume,
    /// A container that runs once and has to end with exit code 0.
    Job,
    /// Containers that keep running.
    Service,
    /// A database that is migrated and backed up.
    Database,
    /// A copy of a database's content.
    Backup,
    /// The ways back of a database's migrations, tried before they are trusted.
    Proof,
    /// A script that brings a database's schema forward: `migration.DATABASE.NAME`.
    Migration,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 9] = [
        Self::Image,
        Self::Network,
        Self::Volume,
        Self::Job,
        Self::Service,
        Self::Database,
        Self::Backup,
        Self::Proof,
        Self::Migration,
    ];

    /// The word used in addresses: `service`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Network => "network",
            Self::Volume => "volume",
            Self::Job => "job",
            Self::Service => "service",
            Self::Database => "database",
            Self::Backup => "backup",
            Self::Proof => "proof",
            Self::Migration => "migration",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The identity `kind.name` of one thing in a deployment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    kind: Kind,
    name: String,
}

impl Address {
    /// The address of the thing of `kind` called `name`.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// The address of the service called `name`.
    pub fn service(name: impl Into<String>) -> Self {
        Self::new(Kind::Service, name)
    }

    /// The address of a migration of a database.
    #[must_use]
    pub fn migration(database: &str, name: &str) -> Self {
        Self::new(Kind::Migration, format!("{database}.{name}"))
    }

    /// What kind of thing this is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The name within its kind: `web` of `service.web`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.kind, self.name))
    }
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no address; write `kind.name`, as in `service.web`")]
pub struct NotAnAddress(String);

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAnAddress(text.escape_debug().to_string());
        let (word, name) = text.split_once('.').ok_or_else(wrong)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(wrong)?;
        if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong());
        }
        Ok(Self::new(kind, name))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One deployment: a project in one of its environments. Shown as `shop/prod`, or `shop` without environments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The project's name: lower-case letters, digits, `-` and `_`.
    pub project: String,
    /// The environment's name; none where the spec has no environments.
    pub environment: Option<String>,
}

impl Scope {
    /// What the names of this deployment's objects on the engine start with: `shop-prod`.
    #[must_use]
    pub fn prefix(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{}-{environment}", self.project),
            None => self.project.clone(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.environment {
            Some(environment) => write!(f, "{}/{environment}", self.project),
            None => f.write_str(&self.project),
        }
    }
}
