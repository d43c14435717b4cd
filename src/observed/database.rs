//! `SeenDatabase`: what a database of the deployment tells: its ledger, its schema, and what omni has noted in it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::migration::Mark;
use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::Entry;

/// A database that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenDatabase {
    /// What runs: `PostgreSQL 15.18`.
    pub version: String,
    /// The version by which proofs are kept apart: `15` of PostgreSQL, `3` of SQLite.
    pub major: u32,
    /// What its ledger says, in the order of the tool; none where there is no ledger.
    pub ledger: Option<Vec<Entry>>,
    /// What omni has noted of its own work.
    pub marks: Vec<Mark>,
    /// The fingerprint of the schema, without ledgers and omni's own tables.
    pub schema: Fingerprint,
    /// The facts of that schema.
    pub catalogue: Arc<Catalogue>,
    /// Whether there is nothing in that schema that somebody made.
    pub is_empty: bool,
}

/// What users of a database can tell of it: two worlds in which it differs are two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What was applied, in order; a half applied one with a `~` before its version.
    pub applied: Vec<String>,
    /// The fingerprint of the schema.
    pub schema: Fingerprint,
}

impl SeenDatabase {
    /// What its users can tell of it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let entries = self.ledger.iter().flatten();
        let word = |entry: &Entry| format!("{}{}", if entry.half.is_some() { "~" } else { "" }, entry.version);
        Standing { applied: entries.map(word).collect(), schema: self.schema }
    }

    /// What the ledger says of a version; none where it is not in it.
    #[must_use]
    pub fn entry(&self, version: &str) -> Option<&Entry> {
        self.ledger.iter().flatten().find(|entry| entry.version == version)
    }
}
