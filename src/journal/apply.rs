//! `Apply`: an apply that was opened, with the whole plan it applies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lock::Op;
use crate::plan::Plan;

/// An apply that was opened, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Apply {
    /// Its op.
    pub op: Op,
    /// The fence under which it was opened.
    pub fence: u64,
    /// The plan it applies, whole.
    pub plan: Plan,
    /// The number of the release it makes.
    pub release: u64,
    /// Who opened it.
    pub by: String,
    /// When it was opened.
    pub opened: Timestamp,
}
