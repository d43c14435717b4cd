//! `Retention`: which releases are kept to go back to.

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

    /// Which of these releases, newest first, are kept at this time, and which are not.
    #[must_use]
    pub fn split(self, releases: Vec<Release>, now: Timestamp) -> (Vec<Release>, Vec<Release>) {
        let most = usize::try_from(self.releases.max(1)).unwrap_or(usize::MAX);
        let is_old = |release: &Release| {
            let age = now.duration_since(release.at).unsigned_abs();
            self.window.is_some_and(|window| age > window.duration())
        };
        let ranked = releases.into_iter().enumerate();
        let (kept, forgotten): (Vec<_>, Vec<_>) =
            ranked.partition(|(rank, release)| *rank == 0 || (*rank < most && !is_old(release)));
        let plain = |ranked: Vec<(usize, Release)>| ranked.into_iter().map(|(_, release)| release).collect();
        (plain(kept), plain(forgotten))
    }
}
