//! `Condition`: what has to be so of one thing before another one starts.

use serde::{Deserialize, Serialize};

/// What has to be so of a requirement before the container that requires it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It runs. omni waits for `Healthy` here too: its own readiness check is quick enough.
    Started,
    /// It is ready.
    Healthy,
    /// It ended with exit code 0 (a job).
    Completed,
}
