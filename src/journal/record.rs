//! `Record`: one fact of an apply that must survive it.

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// One fact of an apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record")]
pub enum Record {
    /// A change is about to be done. Nothing of it has been called before this is kept.
    Intent {
        /// Which thing.
        node: Address,
    },
    /// A change is done, and was read back.
    Done {
        /// Which thing.
        node: Address,
        /// What it left.
        effect: Effect,
    },
    /// A change failed. What it had already done stands.
    Failed {
        /// Which thing.
        node: Address,
        /// What went wrong.
        fault: FaultReport,
    },
    /// Nobody knows whether a change was done: omni died, or its call was lost.
    Unknown {
        /// Which thing.
        node: Address,
        /// What is known.
        fault: FaultReport,
    },
    /// The apply has turned: from now on everything is taken back.
    Unwinding {
        /// Why.
        cause: Cause,
    },
    /// A change is about to be taken back.
    UndoIntent {
        /// Which thing.
        node: Address,
    },
    /// A change is taken back, and that was read back.
    Undone {
        /// Which thing.
        node: Address,
        /// What serves there now.
        effect: Effect,
    },
    /// A change could not be taken back.
    UndoFailed {
        /// Which thing.
        node: Address,
        /// What went wrong.
        fault: FaultReport,
    },
}

impl Record {
    /// The thing it is about; none for a record about the whole apply.
    #[must_use]
    pub const fn node(&self) -> Option<&Address> {
        match self {
            Self::Intent { node }
            | Self::Done { node, .. }
            | Self::Failed { node, .. }
            | Self::Unknown { node, .. }
            | Self::UndoIntent { node }
            | Self::Undone { node, .. }
            | Self::UndoFailed { node, .. } => Some(node),
            Self::Unwinding { .. } => None,
        }
    }
}

/// What a step left on the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The ids of the objects that serve at the address now.
    pub objects: Vec<String>,
    /// One short line for people: `healthy`.
    pub note: String,
}

/// What went wrong in a step, as it is kept and told. Free of secrets and of control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    /// The error, as a fragment: `health check failed 3 of 3 times: exit code 1`.
    pub message: String,
    /// The reader's next act; none where nothing special helps.
    pub help: Option<String>,
    /// The last lines the container wrote; empty where there was none.
    pub log: Vec<String>,
}

/// Why an apply turned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A change failed.
    Failed(Address),
    /// The user or the system asked for an end, by this signal's name.
    Interrupted(String),
    /// The lease on the lock was lost, or the whole apply took too long.
    Deadline(String),
    /// `omni recover` or the next command decided to go back.
    Recovered,
}

/// Which way an apply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Changes are done.
    Forward,
    /// Changes are taken back.
    Back,
}
