//! `MigrationProof`: what came of running one migration up, down and up again.

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::migration::proof::{Failure, Prefix, RowsTried, Verdict};

/// What came of running one migration up and down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationProof {
    /// Its name.
    pub migration: String,
    /// The digest of its scripts.
    pub digest: Fingerprint,
    /// What its way back is worth alone, against exactly the schema before it.
    pub verdict: Verdict,
    /// What becomes of the rows.
    pub rows: Rows,
    /// What became of those of a backup; none where the copy held none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<RowsTried>,
    /// Whether it goes up again after its way back; none where that was not tried, since it is sure to.
    pub redo: Option<Redo>,
    /// For one that does not run as a whole: what came of taking it back after each number of its units but all; none
    /// where it runs as a whole, has no way back, or was not cut off on trial.
    pub prefixes: Option<Vec<Prefix>>,
    /// Whether the schema before it was there after its way back when the whole batch was taken back; none where the
    /// batch was not taken back so far.
    pub is_back: Option<bool>,
    /// The schema after its way up; none where it failed or was not reached.
    pub after: Option<Fingerprint>,
    /// How long its way up took, in milliseconds.
    pub up_took: u64,
    /// How long its way back took, in milliseconds.
    pub down_took: u64,
}

/// What becomes of the rows when a migration goes up. A schema does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// All stay.
    Kept,
    /// Some are dropped or deleted: no way back brings them, only a backup does.
    Destroyed,
}

/// What came of going up again after the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "redo", rename_all = "snake_case")]
pub enum Redo {
    /// It went up.
    Worked,
    /// The database refused it: after a rollback the migration cannot be applied again.
    Fails {
        /// What, and where.
        failure: Failure,
    },
}

impl MigrationProof {
    /// One that was not tried.
    #[must_use]
    pub fn not_reached(migration: &str, digest: Fingerprint, rows: Rows) -> Self {
        Self {
            migration: migration.to_owned(),
            digest,
            verdict: Verdict::NotReached,
            rows,
            tried: None,
            redo: None,
            prefixes: None,
            is_back: None,
            after: None,
            up_took: 0,
            down_took: 0,
        }
    }

    /// The first place in its middle from which it cannot be taken back.
    #[must_use]
    pub fn stuck_at(&self) -> Option<&Prefix> {
        self.prefixes.iter().flatten().find(|prefix| !prefix.is_exact())
    }

    /// Whether its way back is proven: to the schema it leads exactly, from its middle too, and the rows stay or a
    /// backup has them. A migration that changes no schema is never proven, unless rows of a backup were changed and
    /// came back.
    #[must_use]
    pub fn is_proven(&self, has_backup: bool) -> bool {
        match &self.tried {
            _ if self.stuck_at().is_some() => false,
            Some(tried) if !tried.lost().is_empty() => false,
            Some(tried) if tried.came_back() => self.verdict.is_exact(),
            _ => self.verdict == Verdict::Exact && (self.rows == Rows::Kept || has_backup),
        }
    }
}
