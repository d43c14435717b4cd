//! `NodeStatus`: how far one change has come, and which record may follow.
//!
//! ```text
//!   Waiting ──Intent──▶ Doing ──Done──▶ Done ───────┐
//!                        │ ├──Failed──▶ Failed ─────┤
//!                        │ └──Unknown─▶ Unknown ────┼──UndoIntent──▶ Undoing ──Undone──────▶ Undone
//!                        ▲                │         │                ▲  │ └────UndoFailed──▶ Left
//!                        └────Intent──────┘         │                │  │                     │
//!                    (somebody goes on forward)     └────────────────┴──┴──── UndoIntent ◀────┘
//! ```
//!
//! An undo may be started again from `Undoing` (omni died in it) and from `Left` (it failed, and is tried again).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::address::Address;
use crate::journal::Record;

/// How far one change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Nothing was begun.
    Waiting,
    /// It was begun, and nothing is known of its end.
    Doing,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// Nobody knows whether it was done.
    Unknown,
    /// Taking it back was begun.
    Undoing,
    /// It was taken back.
    Undone,
    /// It could not be taken back.
    Left,
}

/// A record that may not follow what was recorded before: a damaged journal, or a fault in omni.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IllegalRecord {
    /// The record is about something the plan does not change.
    #[error("a record is about `{0}`, which the plan does not change")]
    NotPlanned(Address),
    /// The record begins a step in the direction in which the apply does not go.
    #[error("a step of {node} begins against the direction of the apply")]
    WrongWay {
        /// Which thing.
        node: Address,
    },
    /// The record does not fit what was recorded of the same thing before.
    #[error("`{record}` of {node} cannot follow `{status:?}`")]
    OutOfTurn {
        /// Which thing.
        node: Address,
        /// The record's name.
        record: &'static str,
        /// How far the thing had come.
        status: NodeStatus,
    },
}

impl NodeStatus {
    /// How far the change has come once `record`, which is about it, is kept.
    ///
    /// # Errors
    /// When the record may not follow.
    pub fn after(self, record: &Record) -> Result<Self, IllegalRecord> {
        let (name, next) = match (self, record) {
            (Self::Waiting | Self::Unknown | Self::Failed, Record::Intent { .. }) => return Ok(Self::Doing),
            (Self::Doing, Record::Done { .. }) => return Ok(Self::Done),
            (Self::Doing, Record::Failed { .. }) => return Ok(Self::Failed),
            (Self::Doing, Record::Unknown { .. }) => return Ok(Self::Unknown),
            (Self::Done | Self::Failed | Self::Unknown | Self::Undoing | Self::Left, Record::UndoIntent { .. }) => {
                return Ok(Self::Undoing);
            }
            (Self::Undoing, Record::Undone { .. }) => return Ok(Self::Undone),
            (Self::Undoing, Record::UndoFailed { .. }) => return Ok(Self::Left),
            (status, Record::Intent { node }) => ("intent", (node, status)),
            (status, Record::Done { node, .. }) => ("done", (node, status)),
            (status, Record::Failed { node, .. }) => ("failed", (node, status)),
            (status, Record::Unknown { node, .. }) => ("unknown", (node, status)),
            (status, Record::UndoIntent { node }) => ("undo intent", (node, status)),
            (status, Record::Undone { node, .. }) => ("undone", (node, status)),
            (status, Record::UndoFailed { node, .. }) => ("undo failed", (node, status)),
            (status, Record::Unwinding { .. }) => return Ok(status),
        };
        let (node, status) = next;
        Err(IllegalRecord::OutOfTurn { node: node.clone(), record: name, status })
    }
}

#[cfg(test)]
mod tests;
