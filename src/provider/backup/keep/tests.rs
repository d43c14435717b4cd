//! What the rule keeps.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::superfluous;
use crate::fingerprint::Fingerprint;
use crate::migration::Dialect;
use crate::provider::backup::{Compression, Inventory, Manifest, Verified};
use crate::resource::{Backup, Verify};
use crate::units::Period;

const DAY: u64 = 24 * 60 * 60;

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().expect("a time")
}

/// A backup of so many days ago.
fn old(days: i64, how: Option<Verify>) -> Manifest {
    let at = now() - SignedDuration::from_hours(24 * days);
    let of = Fingerprint::of_bytes(&[]);
    Manifest {
        name: format!("shop-{days:03}"),
        database: "shop".to_owned(),
        made_by: "manual".to_owned(),
        at,
        took: 1,
        file: format!("shop-{days:03}.dump"),
        size: 1,
        sha256: of,
        dialect: Dialect::Postgres,
        server: "PostgreSQL 15.18".to_owned(),
        major: 15,
        tools: None,
        content: Inventory { schema: of, facts: 0, rows: std::collections::BTreeMap::new() },
        migrations: Vec::new(),
        compression: Compression::Inside,
        recipients: BTreeSet::new(),
        is_empty: false,
        verified: how.map(|how| Verified { at, took: 1, how }),
        damage: None,
    }
}

fn rule(last: Option<u32>, days: Option<u64>) -> Backup {
    Backup {
        database: "shop".to_owned(),
        dir: "backups".to_owned(),
        keep_last: last,
        keep_for: days.map(|days| Period::seconds(days * DAY)),
        encrypt_to: BTreeSet::new(),
        verify: Verify::Restore,
    }
}

/// The ages in days of those that go, of backups made 1, 2, 3, 5, 8 and 13 days ago.
fn gone(last: Option<u32>, days: Option<u64>, restored: Option<i64>, needed: &[&str]) -> Vec<String> {
    let how = |age| (restored == Some(age)).then_some(Verify::Restore).or(Some(Verify::Checksum));
    let all: Vec<_> = [8, 1, 13, 2, 5, 3].into_iter().map(|age| old(age, how(age))).collect();
    let gone = superfluous(&all, &rule(last, days), now(), |manifest| needed.contains(&manifest.name.as_str()));
    gone.into_iter().map(|manifest| manifest.name.trim_start_matches("shop-").to_owned()).collect()
}

#[test]
fn without_a_rule_all_are_kept() {
    assert!(gone(None, None, None, &[]).is_empty());
}

#[test]
fn the_last_ones_are_kept() {
    assert_eq!(gone(Some(2), None, None, &[]), ["013", "008", "005", "003"]);
    assert_eq!(gone(Some(9), None, None, &[]), Vec::<String>::new());
}

#[test]
fn young_ones_are_kept_too() {
    assert_eq!(gone(Some(1), Some(5), None, &[]), ["013", "008"]);
    assert_eq!(gone(None, Some(2), None, &[]), ["013", "008", "005", "003"]);
}

#[test]
fn the_newest_that_was_restored_is_kept() {
    assert_eq!(gone(Some(1), None, Some(8), &[]), ["013", "005", "003", "002"]);
}

#[test]
fn one_that_a_release_needs_is_kept() {
    assert_eq!(gone(Some(1), None, None, &["shop-013", "shop-003"]), ["008", "005", "002"]);
}

#[test]
fn the_only_one_is_kept_however_old_it_is() {
    let one = [old(400, None)];
    assert!(superfluous(&one, &rule(Some(0), Some(1)), now(), |_| false).is_empty());
}

#[test]
fn one_of_a_clock_that_was_ahead_is_young() {
    let all = [old(-3, None), old(1, None)];
    let gone = superfluous(&all, &rule(None, Some(2)), now(), |_| false);
    assert!(gone.is_empty(), "{gone:?}");
}

/// The ages of those that go where only the newest `last` are kept.
fn gone_of(all: &[Manifest], last: u32) -> Vec<&str> {
    let gone = superfluous(all, &rule(Some(last), None), now(), |_| false);
    gone.into_iter().map(|manifest| manifest.name.trim_start_matches("shop-")).collect()
}

fn empty(days: i64) -> Manifest {
    Manifest { is_empty: true, ..old(days, Some(Verify::Restore)) }
}

#[test]
fn what_was_never_tried_pushes_out_nothing_that_was() {
    let all = [old(9, Some(Verify::Restore)), old(8, Some(Verify::Checksum)), old(2, None), old(1, None)];
    assert!(gone_of(&all, 2).is_empty());
    let later = [&all[..], &[old(0, Some(Verify::Checksum))]].concat();
    assert_eq!(gone_of(&later, 2), ["002"], "those that were tried are the newest two, and the best is kept");
    assert_eq!(gone_of(&[old(2, None), old(1, None)], 1), ["002"], "those that are not tried push out each other");
}

#[test]
fn what_is_empty_pushes_out_nothing_that_has_rows() {
    let full = [old(9, Some(Verify::Checksum)), old(8, Some(Verify::Restore))];
    let all = [&full[..], &[empty(3), empty(2), empty(1)]].concat();
    assert_eq!(gone_of(&all, 2), ["003"], "those that are empty push out each other");
    assert_eq!(gone_of(&all, 1), ["009", "003", "002"]);
    let young = superfluous(&all, &rule(None, Some(2)), now(), |_| false);
    assert_eq!(young.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["shop-009", "shop-003"]);
}

#[test]
fn what_can_be_relied_on_best_stays_behind_any_number_of_others() {
    let others = (1..9).map(|days| old(days, Some(Verify::Checksum)));
    let all: Vec<_> =
        [old(20, Some(Verify::Restore)), old(19, Some(Verify::Checksum))].into_iter().chain(others).collect();
    assert_eq!(gone_of(&all, 8), ["019"]);
}
