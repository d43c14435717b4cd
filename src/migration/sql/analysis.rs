//! `Analysis`: a whole script as its statements, and how they are to be run.

use crate::migration::Dialect;
use crate::migration::sql::{Refusal, Statement, Unit};

/// A whole script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// The SQL it is written in.
    pub dialect: Dialect,
    /// Its statements in order.
    pub statements: Vec<Statement>,
    /// Why it cannot be run at all; empty where it can.
    pub refusals: Vec<Refusal>,
}

impl Analysis {
    /// What a script does.
    #[must_use]
    pub fn of(dialect: Dialect, _text: &str) -> Self {
        Self { dialect, statements: Vec::new(), refusals: Vec::new() }
    }

    /// How it is to be run: one transaction where everything may run in one; else maximal runs of what may run in a
    /// transaction, and the rest alone.
    ///
    /// # Errors
    /// Where it cannot be run at all.
    pub fn units(&self) -> Result<Vec<Unit>, Vec<Refusal>> {
        Ok(Vec::new())
    }

    /// Whether all of it, and its row in the ledger, can be in one transaction: beside that there are settings of the
    /// session only.
    #[must_use]
    pub fn is_one_transaction(&self) -> bool {
        true
    }
}
