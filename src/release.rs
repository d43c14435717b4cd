//! `Release`: what was applied, numbered and tagged, never changed again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Scope};
use crate::fingerprint::Fingerprint;
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
}

impl Release {
    /// The fingerprint of what it consists of: two releases with the same cannot be told apart by what they deployed.
    #[must_use]
    pub fn content(&self) -> Fingerprint {
        let things = self.resources.iter().map(|(address, recorded)| (address, &recorded.resource));
        Fingerprint::of(&things.collect::<Vec<_>>())
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
