//! `Clock`: what tells the time, so that everything below the command line can be run under another one.

use jiff::Timestamp;

/// What tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
