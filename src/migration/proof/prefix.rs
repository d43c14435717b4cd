//! `Prefix`: what is left when a migration that does not run as a whole ends in its middle, and is taken back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::migration::proof::{RowChange, Verdict};

/// What came of running the first units of a way up, and taking them back as an apply does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// How many of its units were done, without settings of the session.
    pub done: u32,
    /// How many there are.
    pub of: u32,
    /// The line of the file on which the last of them begins.
    pub line: usize,
    /// To which schema it was taken back: an apply takes nothing but exactly the one before.
    pub verdict: Verdict,
    /// What was otherwise with the rows then; none where the copy held none, or it was not taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<RowChange>>,
}

impl Prefix {
    /// Whether it was taken back as if nothing had been done, as far as was looked.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.verdict.is_exact() && self.rows.as_ref().is_none_or(Vec::is_empty)
    }
}

impl fmt::Display for Prefix {
    /// `after 1 of 3 units, down LOSES index users_email_idx`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} of {} units, ", self.done, self.of)?;
        match self.rows.as_deref() {
            Some([first, ..]) if self.verdict.is_exact() => write!(f, "down does NOT bring back {first}"),
            _ => f.write_str(&self.verdict.words()),
        }
    }
}
