//! `Silent`: a reporter that keeps what it hears.

use jiff::Timestamp;

use super::Reporter;
use crate::journal::Event;

/// Says nothing and keeps every event, in order.
#[derive(Debug, Default)]
pub struct Silent {
    events: Vec<(Timestamp, Event)>,
}

impl Silent {
    /// One that has heard nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { events: Vec::new() }
    }

    /// What it heard, oldest first.
    #[must_use]
    pub fn events(&self) -> &[(Timestamp, Event)] {
        &self.events
    }
}

impl Reporter for Silent {
    fn tell(&mut self, event: &Event, at: Timestamp) {
        self.events.push((at, event.clone()));
    }
}
