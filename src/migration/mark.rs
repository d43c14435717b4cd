//! `Mark`: what omni itself notes in the database beside the ledger of the tool: who ran what, and how far it came.

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

/// Which way a script was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Forward.
    Up,
    /// Back.
    Down,
}

/// What omni has done of one migration. There is at most one mark of each; it is written in the transaction of what it
/// tells of, where that runs in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The migration's name.
    pub migration: String,
    /// The apply that ran it, as `Op`'s text.
    pub op: String,
    /// Which way.
    pub way: Way,
    /// How many of its units are done: one for a script that runs in a transaction, else its statements.
    pub done: u32,
    /// Whether the unit after those was begun: it may be done, or half done.
    pub begun: bool,
    /// Whether the whole of it is done.
    pub whole: bool,
    /// The fingerprint of the schema before the first unit.
    pub before: Fingerprint,
}
