//! Which backups are kept: a rule without a folder, a clock or a database.
//!
//! A backup pushes another one out only where it is worth no less: it was tried, and there is something in it. What is
//! known to be damaged is no backup at all, and nobody asks this rule about it.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;

use crate::provider::backup::Manifest;
use crate::resource::Backup;

/// The backups that nothing asks to be kept, oldest first. `manifests` are those that are not known to be damaged.
///
/// Kept are the newest `keep_last` of those that count, which were tried and hold a row; those that do not count while
/// they are among the newest `keep_last` of all; those younger than `keep_for`; those that `is_needed` names: a release
/// within retention goes back to them. And whatever the spec asks for, two: the newest of all, and the best, which is
/// the newest that holds a row of those that were restored and compared, else of those that were read back, else of
/// all. Where the spec names neither, all are.
#[must_use]
pub fn superfluous<'a>(
    manifests: &'a [Manifest],
    rule: &Backup,
    now: Timestamp,
    is_needed: impl Fn(&Manifest) -> bool,
) -> Vec<&'a Manifest> {
    if rule.keep_last.is_none() && rule.keep_for.is_none() {
        return Vec::new();
    }
    let mut newest: Vec<_> = manifests.iter().collect();
    newest.sort_by_key(|manifest| Reverse((manifest.at, &manifest.name)));
    let last = rule.keep_last.map_or(0, |last| usize::try_from(last).unwrap_or(usize::MAX)).max(1);
    let counting = newest.iter().filter(|manifest| counts(manifest)).take(last).map(|manifest| &manifest.name);
    let not_counting = newest.iter().take(last).map(|manifest| &manifest.name);
    let kept: Vec<_> = counting.chain(not_counting).chain(best(manifests).map(|best| &best.name)).collect();
    let is_young = |manifest: &Manifest| {
        // What lies in the future by a clock that jumped is young.
        let age = Duration::try_from(now.duration_since(manifest.at)).unwrap_or_default();
        rule.keep_for.is_some_and(|period| age <= period.duration())
    };
    let is_kept = |manifest: &Manifest| kept.contains(&&manifest.name) || is_young(manifest) || is_needed(manifest);
    newest.into_iter().rev().filter(|manifest| !is_kept(manifest)).collect()
}

/// The one to be relied on above all, if there is one that holds a row.
#[must_use]
pub fn best(manifests: &[Manifest]) -> Option<&Manifest> {
    let full = manifests.iter().filter(|manifest| !manifest.is_empty);
    full.max_by_key(|manifest| (trust(manifest), manifest.at, &manifest.name))
}

/// Whether a backup may push out another one: it was tried, and holds a row.
const fn counts(manifest: &Manifest) -> bool {
    manifest.verified.is_some() && !manifest.is_empty
}

/// How far a backup can be relied on: the more, the better it was tried.
fn trust(manifest: &Manifest) -> u8 {
    u8::from(manifest.verified.is_some()) + u8::from(manifest.is_restorable())
}

#[cfg(test)]
mod tests;
