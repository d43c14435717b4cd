//! Stub until the report room lands.

use jiff::Timestamp;

use crate::journal::Event;

/// Hears events.
pub trait Reporter: Send {
    /// Hears an event.
    fn tell(&mut self, event: &Event, at: Timestamp);
    /// Time passes.
    fn tick(&mut self, at: Timestamp) {
        let _ = at;
    }
}
