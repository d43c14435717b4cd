//! `Phase`: the coarse order of an apply; within a phase, edges decide.

use serde::{Deserialize, Serialize};

/// When in an apply a change may run. A phase starts when every change of the one before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Making and changing.
    Build,
    /// Removing, so that most of an unwind is starting what is still there.
    Remove,
}
