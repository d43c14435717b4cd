//! `Event`: what is told of an apply while it runs. Nothing depends on an event being heard.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::journal::{Outcome, Record};

/// Something to tell while an apply runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The apply begins, or is taken up again.
    Begun {
        /// How many changes it has to do.
        steps: usize,
        /// The fence of its lock.
        fence: u64,
    },
    /// A record was kept.
    Recorded {
        /// The record.
        record: Record,
        /// How long the step took, in milliseconds; none where the record ends no step.
        took_ms: Option<u64>,
    },
    /// A step under way has something to say.
    Progress(Progress),
    /// A signal was heard: nothing new starts, and what runs is given a moment.
    Stopping {
        /// The signal's name.
        signal: String,
        /// Whether all is taken back then; else the apply is left open.
        undo: bool,
    },
    /// The apply ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
}

/// What a step under way has to say: `pulling 34 %`, `waiting for health (2/3)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Which thing.
    pub node: Address,
    /// One short line.
    pub text: String,
}
