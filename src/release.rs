//! `Release`: what was applied, numbered and tagged, never changed again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Scope};
use crate::fingerprint::Fingerprint;
use crate::observed::Standing;
use crate::resource::Resource;
use crate::units::Period;

/// The result of a successful apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its number in the deployment: 1, 2, 3, …
    pub number: u64,
    /// Its tag; a rollback to `v1.7.2` makes a new release with the tag `v1.7.2`.
    pub tag: String,
    /// The deployment.
    pub scope: Scope,
    /// The id of the plan that made it.
    pub plan: Fingerprint,
    /// The fingerprint of the resolved spec.
    pub spec: Fingerprint,
    /// When it was closed.
    pub at: Timestamp,
    /// Who applied it: `ci@runner-3`.
    pub by: String,
    /// The number of the release it went back to, where it is a rollback.
    pub rollback_of: Option<u64>,
    /// Every thing of the deployment as it is now.
    pub resources: BTreeMap<Address, Recorded>,
    /// `Observed::fingerprint` right after it.
    pub world: Fingerprint,
    /// The backups that were left out before its migrations, on request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_backup: Vec<Address>,
    /// Every database with migrations as it was right after it, by name. One that could not be asked then is left out,
    /// and so are those of releases that were made before databases were recorded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub databases: BTreeMap<String, RecordedDatabase>,
}

impl Release {
    /// The fingerprint of what it consists of: two releases with the same cannot be told apart by what they deployed.
    #[must_use]
    pub fn content(&self) -> Fingerprint {
        let things = self.resources.iter().map(|(address, recorded)| (address, &recorded.resource));
        Fingerprint::of(&things.collect::<Vec<_>>())
    }

    /// The files that hold the facts of its databases' schemas.
    pub fn catalogues(&self) -> impl Iterator<Item = Fingerprint> {
        self.databases.values().filter_map(|database| database.catalogue)
    }
}

/// One thing as a release keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What it is, pinned.
    pub resource: Resource,
    /// The ids of its objects on the engine.
    pub objects: Vec<String>,
    /// How long it took to be ready the last time it was made; none where it never was.
    pub took: Option<Period>,
    /// Whether an apply left it half made: the next plan replaces it.
    pub tainted: bool,
}

/// A database as a release left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDatabase {
    /// What ran: `PostgreSQL 15.18`.
    pub version: String,
    /// Its major version: another one may write the same definition otherwise.
    pub major: u32,
    /// The edition of the facts of its schema, `catalogue::EDITION` then.
    pub edition: u32,
    /// Its ledger and the fingerprint of its schema.
    pub standing: Standing,
    /// The file that holds the facts of its schema, as `Catalogue::to_text`; none where it could not be kept.
    pub catalogue: Option<Fingerprint>,
}
