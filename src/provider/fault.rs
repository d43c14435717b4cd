//! `Fault`: what went wrong outside, and what is known of it.

use std::fmt;

use thiserror::Error;

use crate::journal::FaultReport;

/// Something that went wrong outside.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Fault {
    /// What is known of it.
    pub kind: FaultKind,
    /// The error as a fragment, free of secrets and control characters.
    pub message: String,
    /// The reader's next act; none where nothing special helps.
    pub help: Option<String>,
    /// The last lines the container wrote; empty where there was none.
    pub log: Vec<String>,
    /// The stable code, where it is known better than by its kind: `omni::backup::damaged`.
    pub code: Option<&'static str>,
}

/// What is known of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The engine said no, or the thing itself failed: known not to be done.
    Failed,
    /// The answer was lost: nobody knows whether it was done.
    Unknown,
    /// Nobody answers at the address of the engine.
    Unreachable,
    /// This account may not ask.
    Denied,
    /// There is no such thing.
    NotFound,
    /// Something else has the name, the port or the address.
    Conflict,
    /// There was no room, no memory or no connection left for it: known not to be done.
    Exhausted,
}

impl FaultKind {
    /// Whether the same call may be answered otherwise a moment later.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Unknown | Self::Unreachable)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::Denied => "denied",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Exhausted => "exhausted",
        })
    }
}

impl Fault {
    /// A fault of this kind.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, log: Vec::new(), code: None }
    }

    /// The same fault with the reader's next act.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same fault with the last lines of a container.
    #[must_use]
    pub fn log(mut self, log: Vec<String>) -> Self {
        self.log = log;
        self
    }

    /// The same fault with a stable code.
    #[must_use]
    pub const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// What the journal keeps of it.
    #[must_use]
    pub fn report(&self) -> FaultReport {
        FaultReport { message: self.message.clone(), help: self.help.clone(), log: self.log.clone() }
    }
}
