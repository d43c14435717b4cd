//! Closing: the release that a finished apply makes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::address::Address;
use crate::apply::Frontier;
use crate::fingerprint::Fingerprint;
use crate::journal::{Apply, NodeStatus};
use crate::migration::catalogue::EDITION;
use crate::observed::SeenDatabase;
use crate::plan::{Action, Class, Plan, Purpose};
use crate::release::{Recorded, RecordedDatabase, Release};
use crate::units::Period;

/// The release that an apply has made, once every change of its plan is done.
///
/// `took` tells how long the steps took that made something; `world` is what serves now.
#[must_use]
pub fn release(
    apply: &Apply,
    frontier: &Frontier<'_>,
    took: &BTreeMap<Address, Duration>,
    head: Option<&Release>,
    world: Fingerprint,
    at: Timestamp,
) -> Release {
    let plan = &apply.plan;
    let before = |address: &Address| head.and_then(|head| head.resources.get(address));
    let recorded = plan.changes.iter().enumerate().filter_map(|(position, change)| {
        let objects = match change.action {
            Action::Keep => change.before.as_ref().map(|side| side.objects.clone()).unwrap_or_default(),
            _ => frontier.effect(position).objects.clone(),
        };
        let made = took.get(&change.address).map(|took| Period::millis(u64::try_from(took.as_millis()).unwrap_or(0)));
        let recorded = Recorded {
            resource: change.after.clone()?,
            objects,
            took: made.or_else(|| before(&change.address).and_then(|recorded| recorded.took)),
            tainted: false,
        };
        Some((change.address.clone(), recorded))
    });
    Release {
        number: apply.release,
        tag: plan.tag.clone(),
        scope: plan.scope.clone(),
        plan: plan.id(),
        spec: plan.spec,
        at,
        by: apply.by.clone(),
        rollback_of: match plan.purpose {
            Purpose::Rollback(number) => Some(number),
            Purpose::Apply | Purpose::Destroy => None,
        },
        resources: recorded.collect(),
        world,
        without_backup: plan.without_backup.clone(),
        databases: BTreeMap::new(),
    }
}

/// Databases as a release left them, by name, and the files that they name.
type Left = (BTreeMap<String, RecordedDatabase>, Vec<(Fingerprint, Vec<u8>)>);

/// The databases with migrations of a release as they were seen right after it, and the files that hold the facts of
/// their schemas.
#[must_use]
pub fn left(release: &Release, seen: &BTreeMap<String, SeenDatabase>) -> Left {
    let (mut databases, mut files) = (BTreeMap::new(), Vec::new());
    for (address, recorded) in &release.resources {
        let has_migrations = recorded.resource.database().is_some_and(|database| database.ledger.is_some());
        let Some(seen) = seen.get(address.name()).filter(|_| has_migrations) else { continue };
        let text = seen.catalogue.to_text().into_bytes();
        let catalogue = Fingerprint::of_bytes(&text);
        let left = RecordedDatabase {
            version: seen.version.clone(),
            major: seen.major,
            edition: EDITION,
            standing: seen.standing(),
            catalogue: Some(catalogue),
        };
        databases.insert(address.name().to_owned(), left);
        files.push((catalogue, text));
    }
    (databases, files)
}

/// The changes that were begun and that no unwind can take back: their loss was consented to by name.
#[must_use]
pub fn lost_for_good<'p>(plan: &'p Plan, frontier: &Frontier<'_>) -> Vec<&'p Address> {
    let begun = |address: &Address| frontier.status(address).is_some_and(|status| status != NodeStatus::Waiting);
    let one_way = plan.steps().filter(|change| change.class == Class::OneWay);
    one_way.map(|change| &change.address).filter(|address| begun(address)).collect()
}
