//! `Past`: an apply that is over, as history shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::journal::Outcome;
use crate::lock::Op;

/// An apply that is over, as history shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Its op.
    pub op: Op,
    /// The number of the release it made or would have made.
    pub release: u64,
    /// The tag.
    pub tag: String,
    /// What the plan was for, as one word: `apply`, `rollback`, `destroy`.
    pub purpose: String,
    /// Who.
    pub by: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed.
    pub closed: Timestamp,
    /// When it turned, where it did.
    pub turned: Option<Timestamp>,
    /// How it ended.
    pub outcome: Outcome,
    /// How many steps it had.
    pub steps: u64,
    /// The backups that were left out before its migrations, on request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_backup: Vec<Address>,
}
