//! `Outcome`: how an apply ended.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::journal::{Cause, FaultReport};

/// How an apply ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every change is done: the system is after.
    Applied,
    /// Every change that was begun is taken back: the system is before.
    Unwound(Cause),
    /// Something could not be taken back. All of it is named.
    Stuck {
        /// Why the apply had turned.
        cause: Cause,
        /// What was left behind.
        left: Vec<LeftBehind>,
    },
    /// omni stopped before the end: the journal stays open, and the next command says so.
    Interrupted,
}

/// One thing that an unwind could not take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftBehind {
    /// Which thing.
    pub node: Address,
    /// Why; none where it only waits for another one that is left behind.
    pub fault: Option<FaultReport>,
}
