//! `Ended`: how the process of a container ended, in words that people can search for.
//!
//! What follows from it is left to those who waited for the container.

use std::fmt;

/// How the process of a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i64,
    /// Whether it was killed because it wanted more memory than it may have.
    pub out_of_memory: bool,
}

impl Ended {
    /// The reader's next act, where the engine knows the cause.
    #[must_use]
    pub const fn help(self) -> Option<&'static str> {
        if self.out_of_memory {
            Some("raise `resources.limits.memory` of it, or let it use less; then run `omni plan` again")
        } else {
            None
        }
    }
}

/// As a fragment that fits after the name of what ended.
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.out_of_memory {
            write!(f, "was killed: out of memory (exit code {})", self.code)
        } else {
            write!(f, "exited with code {}", self.code)
        }
    }
}
