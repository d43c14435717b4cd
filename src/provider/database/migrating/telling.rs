//! `Telling`: which statement of how many is run, told at most once a second: a script may have thousands.

use std::time::Duration;

use tokio::time::Instant;

use crate::migration::sql::Unit;

/// How often.
const PAUSE: Duration = Duration::from_secs(1);

/// Which statement of how many is run.
#[derive(Debug, Default)]
pub(super) struct Telling {
    at: usize,
    of: usize,
    last: Option<Instant>,
}

impl Telling {
    /// For these units, none of which has run yet.
    pub(super) fn of(units: &[Unit]) -> Self {
        Self { at: 0, of: units.iter().map(length).sum(), last: None }
    }

    /// Passes a unit over that was run before.
    pub(super) fn pass(&mut self, unit: &Unit) {
        self.at += length(unit);
    }

    /// What is to be said before the next statement: nothing where there is but one, or something was said just now.
    pub(super) fn say(&mut self) -> Option<String> {
        self.at += 1;
        if self.of < 2 || self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return None;
        }
        self.last = Some(Instant::now());
        Some(format!("statement {} of {}", self.at, self.of))
    }
}

fn length(unit: &Unit) -> usize {
    match unit {
        Unit::Transaction(statements) => statements.len(),
        Unit::Alone(_) | Unit::Session(_) => 1,
    }
}
