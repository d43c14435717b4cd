//! `Unit`: a part of a script that is done wholly or not at all, as far as the database can.

use crate::migration::sql::Statement;

/// A part of a script that is run at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// In one transaction, without the script's own `BEGIN` and `COMMIT`.
    Transaction(Vec<Statement>),
    /// Outside of a transaction.
    Alone(Statement),
    /// A setting of the session, outside of a transaction. It leaves nothing in the database: who goes on in the middle
    /// of a script says those before it again.
    Session(Statement),
}

/// Why a script cannot be run at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the script, from 1.
    pub line: usize,
    /// What is wrong, as it fits after "failed to …".
    pub message: String,
    /// What the reader can do about it.
    pub help: String,
}
