//! The sections of deploy.toml beside services and jobs, and the whole of it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::database::{RawBackup, RawDatabase, RawMigrations};
use super::joined::Joined;
use super::service::{RawJob, RawServices};
use super::text;
use super::union::{OneOrMany, Scalar};
use super::variable::RawVariable;
use crate::units::Period;

/// The whole of deploy.toml.
pub(in crate::spec) type RawSpec = Joined<RawSections, RawTop>;

/// An overlay.
pub(in crate::spec) type RawOverlay = Joined<RawSections, RawEnvironment>;

/// The sections that an overlay may have too.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(in crate::spec) struct RawSections {
    /// The container engine.
    pub(in crate::spec) engine: RawEngine,
    /// Where omni keeps releases and the journal.
    pub(in crate::spec) store: RawStore,
    /// The contract of each variable that `${NAME}` may use.
    pub(in crate::spec) env: BTreeMap<String, RawVariable>,
    /// Networks.
    pub(in crate::spec) networks: BTreeMap<String, RawNetwork>,
    /// Named volumes. One is never removed without `--volumes` and consent.
    pub(in crate::spec) volumes: BTreeMap<String, RawVolume>,
    /// Containers that keep running.
    pub(in crate::spec) services: RawServices,
    /// Containers that run once.
    pub(in crate::spec) jobs: BTreeMap<String, RawJob>,
    /// Databases that omni migrates and backs up.
    pub(in crate::spec) databases: BTreeMap<String, RawDatabase>,
    /// The migrations of databases, by the name of the database.
    pub(in crate::spec) migrations: BTreeMap<String, RawMigrations>,
    /// The backups of databases, by the name of the database.
    pub(in crate::spec) backups: BTreeMap<String, RawBackup>,
    /// What happens when an apply fails, and which releases are kept.
    pub(in crate::spec) rollback: RawRollback,
    /// What is allowed and what is demanded.
    pub(in crate::spec) policy: RawPolicy,
}

/// A deployment on one container engine.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Deployment")]
pub(in crate::spec) struct RawTop {
    /// The project.
    pub(in crate::spec) project: RawProject,
    /// Overlays, by the name of the environment: any other section, merged by key.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, RawOverlay>")]
    #[expect(dead_code, reason = "a key of the schema; `overlay` reads it from the tree")]
    environments: Value,
}

/// An overlay: any other section, merged by key.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Environment")]
pub(in crate::spec) struct RawEnvironment {
    /// Whether somebody has to approve each plan.
    pub(in crate::spec) approval: bool,
    /// Files with variables, relative to deploy.toml.
    pub(in crate::spec) env_files: Option<OneOrMany>,
}

/// The project.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Project")]
pub(in crate::spec) struct RawProject {
    /// Its name: lower-case letters, digits, `_`, `.` and `-`.
    #[schemars(with = "text::ProjectName")]
    pub(in crate::spec) name: String,
    /// Its version, which becomes the tag of the release; what git says where none is given.
    #[serde(default)]
    #[schemars(with = "text::Tag")]
    pub(in crate::spec) version: Option<String>,
    /// The environment that is meant where `--env` is not given.
    #[serde(default)]
    #[schemars(with = "String")]
    #[expect(dead_code, reason = "a key of the schema; `overlay` reads it from the tree")]
    default_environment: Option<String>,
}

/// The container engine.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Engine")]
pub(in crate::spec) struct RawEngine {
    /// Which kind of engine.
    #[schemars(with = "text::EngineKind")]
    kind: Option<String>,
    /// Where it is: `unix:///var/run/docker.sock`; found where none is given.
    #[schemars(with = "text::UrlText")]
    pub(in crate::spec) host: Option<String>,
}

/// Where omni keeps releases and the journal.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Store")]
pub(in crate::spec) struct RawStore {
    /// A file, as in `sqlite://.omni/shop.db`, or a server, as in `postgres://ci@db/omni`. Else a file in `.omni/`.
    #[schemars(with = "text::StoreText")]
    pub(in crate::spec) url: Option<String>,
}

/// A network.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Network")]
pub(in crate::spec) struct RawNetwork {
    /// Its name on the engine; made of the project's name where none is given.
    #[schemars(with = "String")]
    pub(in crate::spec) name: Option<String>,
    /// Whether somebody else makes it: omni never changes or removes it.
    pub(in crate::spec) external: bool,
    /// The driver; `bridge` where none is given.
    #[schemars(with = "String")]
    pub(in crate::spec) driver: Option<String>,
    /// Options of the driver.
    pub(in crate::spec) options: BTreeMap<String, Scalar>,
    /// Labels.
    pub(in crate::spec) labels: BTreeMap<String, Scalar>,
    /// Whether it has no way out to other networks.
    pub(in crate::spec) internal: bool,
    /// Its address range: `172.30.0.0/16`.
    #[schemars(with = "text::Subnet")]
    pub(in crate::spec) subnet: Option<String>,
}

/// A named volume.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Volume")]
pub(in crate::spec) struct RawVolume {
    /// Its name on the engine; made of the project's name where none is given.
    #[schemars(with = "String")]
    pub(in crate::spec) name: Option<String>,
    /// Whether somebody else makes it: omni never changes or removes it.
    pub(in crate::spec) external: bool,
    /// Whether several containers may write to it at once.
    pub(in crate::spec) shared: bool,
    /// The driver; `local` where none is given.
    #[schemars(with = "String")]
    pub(in crate::spec) driver: Option<String>,
    /// Options of the driver.
    pub(in crate::spec) options: BTreeMap<String, Scalar>,
    /// Labels.
    pub(in crate::spec) labels: BTreeMap<String, Scalar>,
}

/// What happens when an apply fails, and which releases are kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Rollback")]
pub(in crate::spec) struct RawRollback {
    /// What a failed apply does; `undo` where none is given.
    #[schemars(with = "text::OnFailure")]
    pub(in crate::spec) on_failure: Option<String>,
    /// What an interrupted apply does; `undo` where none is given.
    #[schemars(with = "text::OnFailure")]
    pub(in crate::spec) on_interrupt: Option<String>,
    /// How many releases are kept to go back to; 5 where none is given.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub(in crate::spec) retain: Option<u32>,
    /// For how long an old release is kept to go back to.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) window: Option<Period>,
}

/// What is allowed and what is demanded.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(in crate::spec) struct RawPolicy {
    /// Whether every image has to be named by its digest.
    pub(in crate::spec) require_digest: bool,
    /// Whether the work tree has to be clean.
    pub(in crate::spec) require_clean_git: bool,
    /// Whether the way back of every migration has to be proven before it is applied.
    pub(in crate::spec) require_proof: bool,
    /// Whether every database that is migrated has to be backed up before.
    pub(in crate::spec) require_backup: bool,
    /// Whether steps that lose data may be planned.
    #[schemars(with = "bool")]
    pub(in crate::spec) allow_destructive: Option<bool>,
    /// Whether containers may have all rights on the host.
    pub(in crate::spec) allow_privileged: bool,
    /// Folders of the host outside the spec's own that may be mounted: a list, or `true` for all.
    pub(in crate::spec) allow_host_paths: RawHostPaths,
}

/// Folders of the host that may be mounted.
#[derive(Debug, Clone)]
pub(in crate::spec) enum RawHostPaths {
    All(bool),
    Under(BTreeSet<String>),
}

impl Default for RawHostPaths {
    fn default() -> Self {
        Self::All(false)
    }
}

impl<'de> Deserialize<'de> for RawHostPaths {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Bool(all) => Ok(Self::All(all)),
            list => serde_json::from_value(list).map(Self::Under).map_err(serde::de::Error::custom),
        }
    }
}

impl JsonSchema for RawHostPaths {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HostPaths".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "string"}}]})
    }
}
