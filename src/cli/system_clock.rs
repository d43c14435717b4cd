//! `SystemClock`: the clock of this machine.

use jiff::Timestamp;

use crate::clock::Clock;

/// The clock of this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the program reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
