//! `Machine`: the two things a store asks of the machine it runs on: what time it is, and whether a holder lives.
//!
//! Both are passed in, so that a test turns the clock and kills holders as it likes. How a real machine answers is left
//! to `cli`.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::lock::{Held, Holder};

/// What a store asks of the machine it runs on.
#[derive(Clone)]
pub struct Machine {
    now: Arc<Clock>,
    alive: Arc<Witness>,
}

type Clock = dyn Fn() -> Timestamp + Send + Sync;
type Witness = dyn Fn(&Holder) -> Option<bool> + Send + Sync;

impl Machine {
    /// A machine with this clock, and this way to tell whether a holder lives: `Some(false)` is proof of death, `None`
    /// is "cannot be told from here".
    pub fn new(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        alive: impl Fn(&Holder) -> Option<bool> + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), alive: Arc::new(alive) }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Whether the holder of a lock can do nothing any more: it is proven dead, or nothing is known of it and its lease
    /// is long over.
    #[must_use]
    pub fn is_gone(&self, held: &Held) -> bool {
        (self.alive)(&held.holder).map_or_else(|| held.is_abandoned(), |alive| !alive)
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine(..)")
    }
}
