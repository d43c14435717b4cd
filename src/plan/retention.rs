//! `Retention`: which releases are kept to go back to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::plan::Purpose;
use crate::release::Release;
use crate::units::Period;

/// How many releases are kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// How many.
    pub releases: u32,
    /// Older ones are not kept; however old where none. The latest is always kept.
    pub window: Option<Period>,
}

impl Retention {
    /// What is kept after an apply with this purpose. Where everything was removed there is nothing to go back to.
    #[must_use]
    pub fn after(self, purpose: &Purpose) -> Self {
        if *purpose == Purpose::Destroy { Self { releases: 1, ..self } } else { self }
    }

    /// Which of these releases, newest first, are kept at this time, and which are not. One that repeats a newer one
    /// does not push out others: going back to it is going back to that. As many of them are kept again.
    #[must_use]
    pub fn split(self, releases: Vec<Release>, now: Timestamp) -> (Vec<Release>, Vec<Release>) {
        let most = usize::try_from(self.releases.max(1)).unwrap_or(usize::MAX);
        let is_old = |release: &Release| {
            let age = now.duration_since(release.at).unsigned_abs();
            self.window.is_some_and(|window| age > window.duration())
        };
        let mut contents = BTreeSet::new();
        let mut repeats = 0;
        let mut keeps = |release: &Release| {
            if is_old(release) && !contents.is_empty() {
                return false;
            }
            let content = release.content();
            if contents.contains(&content) {
                repeats += 1;
                return repeats <= most;
            }
            contents.len() < most && contents.insert(content)
        };
        releases.into_iter().partition(|release| keeps(release))
    }
}
