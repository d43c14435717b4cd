//! Which backups are kept: a rule without a folder, a clock or a database.

use std::time::Duration;

use jiff::Timestamp;

use crate::provider::backup::Manifest;
use crate::resource::Backup;

/// The backups that nothing asks to be kept, oldest first.
///
/// Kept are the newest `keep_last`, those younger than `keep_for`, the newest that was restored and compared, and those
/// that `is_needed` names: a release within retention goes back to them. Where the spec names neither, all are.
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
    newest.sort_by(|a, b| (b.at, &b.name).cmp(&(a.at, &a.name)));
    let last = rule.keep_last.map_or(0, |last| usize::try_from(last).unwrap_or(usize::MAX));
    let restorable = newest.iter().position(|manifest| manifest.is_restorable());
    let is_young = |manifest: &Manifest| {
        // What lies in the future by a clock that jumped is young.
        let age = Duration::try_from(now.duration_since(manifest.at)).unwrap_or_default();
        rule.keep_for.is_some_and(|period| age <= period.duration())
    };
    let is_kept = |at: usize, manifest: &Manifest| {
        // The newest of all is the only one there is where none was ever restored.
        at < last.max(1) || restorable == Some(at) || is_young(manifest) || is_needed(manifest)
    };
    let rest = newest.iter().enumerate().filter(|(at, manifest)| !is_kept(*at, manifest));
    let mut rest: Vec<_> = rest.map(|(_, manifest)| *manifest).collect();
    rest.reverse();
    rest
}

#[cfg(test)]
mod tests;
