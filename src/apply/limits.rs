//! `Limits`: what bounds an apply, and what stops it from outside.

use std::time::Duration;

/// Bounds of an apply.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many steps may run at once.
    pub parallel: usize,
    /// How long a single call to the engine may take.
    pub call: Duration,
    /// How long going forward may take in all; without end where none.
    pub budget: Option<Duration>,
    /// What the first signal does.
    pub on_interrupt: OnInterrupt,
    /// Whether a failed step turns the apply, or leaves it open for a person to look at.
    pub pause_on_failure: bool,
}

/// What the first signal does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInterrupt {
    /// Everything is taken back.
    Undo,
    /// The apply stays open.
    Pause,
}

/// A wish to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The first signal, by its name.
    Asked(String),
    /// The second: at once.
    Now,
}
