//! What the reader of a plan should know of histories: what is edited, missing or out of order.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::migration::Worth;
use crate::migration::ledger::Entry;
use crate::observed::{SeenDatabase, Unasked};
use crate::plan::{Action, Change};
use crate::resource::{Migration, Resource};

/// Whether the ledger has another text of a migration than there is now.
pub(super) fn is_edited(entry: &Entry, migration: &Migration) -> bool {
    match (&entry.checksum, &migration.checksum) {
        (Some(applied), Some(now)) => applied != now && !migration.equal.contains(applied),
        _ => false,
    }
}

/// Whether the text of an applied migration is not the one that the latest release has, where its ledger keeps no
/// checksum that would tell.
fn is_edited_since(entry: &Entry, address: &Address, migration: &Migration, changes: &[Change]) -> bool {
    let recorded = || changes.iter().find(|change| change.address == *address)?.before.as_ref()?.resource.migration();
    let knows = entry.checksum.is_some() && migration.checksum.is_some();
    !knows && recorded().is_some_and(|recorded| recorded.up.content != migration.up.content)
}

/// What the reader should know of histories: what is adopted, edited, missing or out of order.
pub(super) fn notes(
    databases: &BTreeMap<String, Result<SeenDatabase, Unasked>>,
    desired: &BTreeMap<Address, Resource>,
    changes: &[Change],
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, seen) in databases {
        let of = |change: &&Change| {
            change.after.as_ref().and_then(Resource::migration).is_some_and(|migration| migration.database == *name)
        };
        let pending = changes.iter().filter(of).filter(|change| change.action == Action::Run).count();
        let seen = match seen {
            Ok(seen) => seen,
            Err(why) if pending > 0 => {
                found.push(format!("database.{name} could not be asked ({why}): what it has already is left out then"));
                continue;
            }
            Err(_) => continue,
        };
        let own: BTreeMap<&str, (&Address, &Migration)> = desired
            .iter()
            .filter_map(|(address, resource)| Some((address, resource.migration()?)))
            .filter(|(_, migration)| migration.database == *name)
            .map(|(address, migration)| (migration.version.as_str(), (address, migration)))
            .collect();
        for entry in seen.ledger.iter().flatten() {
            let leaves = |change: &Change| {
                let migration = change.before.as_ref().and_then(|side| side.resource.migration());
                let is_it = |one: &Migration| one.database == *name && one.version == entry.version;
                change.action == Action::Delete && migration.is_some_and(is_it)
            };
            match own.get(entry.version.as_str()) {
                Some((address, migration))
                    if is_edited(entry, migration) || is_edited_since(entry, address, migration, changes) =>
                {
                    found.push(format!("{address} was edited after it was applied: the database has the older text"));
                }
                Some(_) => {}
                None if changes.iter().any(leaves) => {}
                None => found.push(format!("database.{name}: {} is applied, and has no script here", entry.version)),
            }
        }
        found.extend(
            changes.iter().filter(|change| change.is_made_anew() && change.address.name() == name).map(emptied),
        );
        found.extend(out_of_order(seen, changes, name));
    }
    found.extend(changes.iter().filter_map(fails));
    found
}

/// That nothing is left of what a release has migrated.
fn emptied(change: &Change) -> String {
    let text = "is empty, though a release has migrated it: this plan makes it anew, and what was in it is in backups \
                only (`omni backup list`)";
    format!("{} {text}", change.address)
}

/// That a migration was tried, and cannot be applied.
fn fails(change: &Change) -> Option<String> {
    match (change.action, &change.worth) {
        (Action::Run, Some(Worth::UpFails(why))) => {
            Some(format!("{} fails on a scratch copy of this schema: {why}", change.address))
        }
        _ => None,
    }
}

/// Migrations that run although later ones are applied.
fn out_of_order(seen: &SeenDatabase, changes: &[Change], name: &str) -> Vec<String> {
    let applied = |version: &str| seen.entry(version).is_some();
    let resources = changes.iter().filter_map(|change| Some((&change.address, change.after.as_ref()?)));
    let ordered = Migration::ordered(resources, name);
    let last = ordered.iter().rposition(|(_, migration)| applied(&migration.version)).unwrap_or_default();
    let runs: BTreeSet<_> =
        changes.iter().filter(|change| change.action == Action::Run).map(|change| &change.address).collect();
    let early = ordered.iter().take(last).filter(|(address, _)| runs.contains(address));
    early.map(|(address, _)| format!("{address} runs after later ones: they are applied already")).collect()
}
