//! `Exit`: the exit codes, as a public table.

use std::process::ExitCode;

use crate::journal::{Cause, Outcome};

/// How the program ends. Scripts may rely on every number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// It failed and everything was undone: the system is as before.
    Undone,
    /// Wrong words or a wrong spec; nothing was touched.
    Usage,
    /// It failed and not everything could be undone, or an apply is open.
    Stuck,
    /// Refused: the plan no longer fits, or could not end well. Nothing was touched.
    Refused,
    /// Somebody else has the lock, or the lease was lost.
    Locked,
    /// The store is damaged, foreign or too new, or has no record to compare with.
    Store,
    /// The engine, the registry or the disk cannot be used.
    Unusable,
    /// Consent or policy is missing.
    Consent,
    /// `--exit-code`: there are changes.
    Changes,
    /// `--exit-code`: there are changes, and one of them loses data or is one-way.
    LossyChanges,
    /// Something is not as it was recorded.
    Drift,
    /// Interrupted by the user, and undone.
    Interrupted,
    /// Ended by the system, and undone.
    Terminated,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Undone => 1,
            Self::Usage => 2,
            Self::Stuck => 3,
            Self::Refused => 4,
            Self::Locked => 5,
            Self::Store => 6,
            Self::Unusable => 7,
            Self::Consent => 8,
            Self::Changes => 10,
            Self::LossyChanges => 11,
            Self::Drift => 20,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What an apply's outcome means to the caller.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Applied => Self::Done,
            Outcome::Unwound(Cause::Interrupted(signal)) if signal == "SIGTERM" => Self::Terminated,
            Outcome::Unwound(Cause::Interrupted(_)) => Self::Interrupted,
            Outcome::Unwound(_) => Self::Undone,
            Outcome::Stuck { .. } | Outcome::Interrupted => Self::Stuck,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}
