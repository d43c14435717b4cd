//! `Proof`: what the ways back of the migrations that one deploy applies are worth, as it was seen on a scratch copy.
//!
//! Each migration has a verdict of its own, against exactly the schema before it, and all of them together have one:
//! that of taking the whole batch back. A proof holds for the scripts, the schema and the server that it was made on;
//! its key says which. It is stored, and printed as JSON. How it is made is left to `provider`.

mod failure;
mod made;
mod prefix;
mod rows;
#[cfg(test)]
mod tests;
mod verdict;
mod words;
mod worth;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::migration::{Dialect, Script};

pub use failure::Failure;
pub use made::{MigrationProof, Redo, Rows};
pub use prefix::Prefix;
pub use rows::{Contents, RowChange, RowsTried, TableContent};
pub use verdict::Verdict;
pub use words::UNPROVEN;

/// The edition of what is tried: it grows whenever what was proven may be found wanting by what is tried now.
const EDITION: u32 = 2;

/// What came of running migrations up and down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What it was made on.
    pub ground: Ground,
    /// Each migration, in the order in which they go up.
    pub migrations: Vec<MigrationProof>,
    /// What is left when all of them are taken back, newest first.
    pub batch: Verdict,
    /// What is otherwise with the rows that were there, when all of them are taken back; none where the copy held none,
    /// or they were not taken back so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<RowChange>>,
    /// Where it was made, and what ran there: `a container of postgres:15, PostgreSQL 15.18`.
    #[serde(default)]
    pub place: String,
    /// When it was begun.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: u64,
}

/// What a proof was made on, and holds for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// The kind of database.
    pub dialect: Dialect,
    /// The version by which proofs are kept apart: `15` of `PostgreSQL`.
    pub major: u32,
    /// What the scratch copy held.
    pub copied: Copied,
    /// The schema before the first migration.
    pub base: Fingerprint,
}

/// What a scratch copy holds of the database that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copied {
    /// Its schema, and no row.
    Schema,
    /// Its rows too.
    Data,
}

impl Proof {
    /// What a proof of these scripts on this ground is stored under. A new edition makes all that was proven before
    /// unproven.
    #[must_use]
    pub fn key(scripts: &[Script], ground: &Ground) -> Fingerprint {
        let digests: Vec<_> = scripts.iter().map(digest).collect();
        Fingerprint::of(&(EDITION, ground, digests))
    }

    /// The migrations that hold only together, each group in the order in which it goes up: no down of them alone leads
    /// back to the schema before it, all of them one after the other do.
    #[must_use]
    pub fn groups(&self) -> Vec<&[MigrationProof]> {
        let mut groups = Vec::new();
        let mut end = self.migrations.len();
        for (start, migration) in self.migrations.iter().enumerate().rev() {
            if migration.is_back != Some(true) {
                continue;
            }
            let group = &self.migrations[start..end];
            if group.len() > 1 && group.iter().any(|one| !one.verdict.is_exact()) {
                groups.insert(0, group);
            }
            end = start;
        }
        groups
    }
}

/// The digest of what a script does: its name, and the text of each of its ways.
#[must_use]
pub fn digest(script: &Script) -> Fingerprint {
    let text =
        |piece: &Option<crate::migration::Piece>| piece.as_ref().map(|piece| (piece.text.clone(), piece.is_bare));
    Fingerprint::of(&(&script.name, &script.up.text, script.up.is_bare, text(&script.down), text(&script.verify)))
}
