//! `SeenDatabase`: what a database of the deployment tells: its ledger, its schema, and what omni has noted in it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::migration::Mark;
use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::{Entry, Through};

/// A database that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenDatabase {
    /// What runs: `PostgreSQL 15.18`.
    pub version: String,
    /// The version by which proofs are kept apart: `15` of PostgreSQL, `3` of SQLite.
    pub major: u32,
    /// What its ledger says, in the order of the tool; none where there is no ledger.
    pub ledger: Option<Vec<Entry>>,
    /// How far the ledger speaks of every version, with or without an entry.
    pub through: Option<Through>,
    /// What omni has noted of its own work.
    pub marks: Vec<Mark>,
    /// The fingerprint of the schema, without ledgers and omni's own tables.
    pub schema: Fingerprint,
    /// The facts of that schema.
    pub catalogue: Arc<Catalogue>,
    /// Whether there is nothing in that schema that somebody made.
    pub is_empty: bool,
}

/// Why a database could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unasked {
    /// Why.
    pub why: String,
    /// What the reader can do about it.
    pub help: Option<String>,
}

impl fmt::Display for Unasked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// What users of a database can tell of it: two worlds in which it differs are two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What was applied, in order; a half applied one with a `~` before its version. Those that the ledger has no row
    /// of their own for are no part of it, since which of them are known depends on the files that are there: `..7`
    /// stands for all up to 7.
    pub applied: Vec<String>,
    /// The fingerprint of the schema.
    pub schema: Fingerprint,
}

impl SeenDatabase {
    /// What its users can tell of it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let has_row = |entry: &&Entry| entry.half.is_some() || !self.is_covered(&entry.version);
        let word = |entry: &Entry| format!("{}{}", if entry.half.is_some() { "~" } else { "" }, entry.version);
        let through = self.through.iter().map(|through| format!("..{}", through.version));
        let applied = through.chain(self.ledger.iter().flatten().filter(has_row).map(word)).collect();
        Standing { applied, schema: self.schema }
    }

    /// What the ledger says of a version; none where it is not in it.
    #[must_use]
    pub fn entry(&self, version: &str) -> Option<Entry> {
        let found = self.ledger.iter().flatten().find(|entry| entry.version == version).cloned();
        let covered = || Entry { version: version.to_owned(), checksum: None, half: None };
        found.or_else(|| self.is_covered(version).then(covered))
    }

    fn is_covered(&self, version: &str) -> bool {
        self.through.as_ref().is_some_and(|through| through.covers(version))
    }
}
