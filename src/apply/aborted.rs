//! `Aborted`: why an apply ended without an outcome.

use thiserror::Error;

use crate::apply::lease::fenced_out;
use crate::journal::{IllegalRecord, Outcome, Record};
use crate::store::StoreError;

/// Why an apply ended without an outcome: its journal stays open.
#[derive(Debug, Error)]
pub enum Aborted {
    /// The journal does not fit the plan.
    #[error(transparent)]
    Journal(#[from] IllegalRecord),
    /// The store cannot be written. What was begun was taken back as far as the outcome says.
    #[error("{error}")]
    Store {
        /// What the store said.
        error: StoreError,
        /// How the apply ended outside of the store; none where it was not tried.
        outcome: Option<Box<Outcome>>,
        /// The records that are not on disk, oldest first.
        tail: Vec<Record>,
    },
    /// The lock could not be renewed, or somebody else has it: no further call was sent.
    #[error("the lock was lost: {0}")]
    LeaseLost(String),
}

impl Aborted {
    /// The end of an apply of which a write was refused. One that somebody else's lock refused is no trouble of the
    /// store: it is the end at once.
    #[must_use]
    pub fn unwritten(error: StoreError, outcome: Option<Outcome>) -> Self {
        match error {
            StoreError::FenceLost(_) => Self::lease_lost(&error),
            error => Self::Store { error, outcome: outcome.map(Box::new), tail: Vec::new() },
        }
    }

    /// The end of an apply whose lock the store could not renew, or has no more.
    #[must_use]
    pub(crate) fn lease_lost(error: &StoreError) -> Self {
        match error {
            StoreError::FenceLost(fence) => Self::LeaseLost(fenced_out(*fence)),
            error => Self::LeaseLost(error.to_string()),
        }
    }
}
