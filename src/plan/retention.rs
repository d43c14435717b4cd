//! `Retention`: which releases are kept to go back to.

use std::collections::BTreeSet;
use std::time::Duration;

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
            // One from the future is not old: the clock was wrong then, or is now.
            let age = Duration::try_from(now.duration_since(release.at)).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{SignedDuration, Timestamp};

    use super::Retention;
    use crate::address::Scope;
    use crate::fingerprint::Fingerprint;
    use crate::release::{Recorded, Release};
    use crate::resource::{Network, Resource};
    use crate::units::Period;

    /// A release of this day; each has a network of its own, so that none repeats another.
    fn release(number: u64, day: i64) -> Release {
        let network = Resource::Network(Network::bridge(&format!("n{number}")));
        let recorded = Recorded { resource: network, objects: Vec::new(), took: None, tainted: false };
        let address = format!("network.n{number}").parse().expect("an address");
        Release {
            number,
            tag: format!("v{number}"),
            scope: Scope { project: "shop".to_owned(), environment: None },
            plan: Fingerprint::of("plan"),
            spec: Fingerprint::of("spec"),
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day),
            by: "ci".to_owned(),
            rollback_of: None,
            resources: BTreeMap::from([(address, recorded)]),
            world: Fingerprint::of("world"),
            without_backup: Vec::new(),
            databases: BTreeMap::new(),
        }
    }

    #[test]
    fn a_release_from_the_future_is_not_old() {
        let retention = Retention { releases: 5, window: Some(Period::seconds(30 * 86_400)) };
        let releases = vec![release(4, 100), release(3, 3753), release(2, 99), release(1, 60)];
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 100);
        let (kept, gone) = retention.split(releases, now);
        let numbers = |releases: Vec<Release>| releases.iter().map(|release| release.number).collect::<Vec<_>>();
        assert_eq!((numbers(kept), numbers(gone)), (vec![4, 3, 2], vec![1]));
    }
}
