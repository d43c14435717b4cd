//! What is to be done about migrations.
//!
//! A migration that the ledger does not have runs; one that a rollback does not want is taken back with the script that
//! was recorded. What cannot be told from the ledger (a database that does not answer yet) is taken from the record:
//! the step itself looks before it acts.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Kind};
use crate::migration::ledger::Entry;
use crate::migration::{Layout, Worth};
use crate::plan::decide::{Decider, bare, kept};
use crate::plan::histories::is_edited;
use crate::plan::{Action, Change, Class, Inverse, Phase, Purpose, Reason, Refusal, Side};
use crate::resource::{Migration, Nature, Resource, Sheet};

impl Decider<'_> {
    /// What makes a migration applied.
    pub(super) fn migration(
        &self,
        address: &Address,
        migration: &Migration,
        after: &Resource,
    ) -> Result<Change, Refusal> {
        let recorded = self.view.recorded(address);
        let before = recorded.map_or(after, |recorded| &recorded.resource);
        let keep = || Ok(kept(address, Some(Side::of_record(before)), after));
        let Some(seen) = self.view.database(&migration.database) else {
            return if recorded.is_some() { keep() } else { Ok(self.run(address, migration, after, Reason::New)) };
        };
        match seen.entry(&migration.version) {
            Some(Entry { half: Some(why), .. }) => Err(Refusal::HalfApplied { address: address.clone(), why }),
            Some(entry) if is_edited(&entry, migration) && self.is_strict(migration) => {
                Err(Refusal::Edited(address.clone()))
            }
            Some(_) => keep(),
            None if self.has_lost_ledger(&migration.database, seen) => Err(self.no_ledger(migration)),
            None if recorded.is_some() => {
                Ok(self.run(address, migration, after, Reason::Drift("not in the ledger".to_owned())))
            }
            None => Ok(self.run(address, migration, after, Reason::New)),
        }
    }

    fn run(&self, address: &Address, migration: &Migration, after: &Resource, reason: Reason) -> Change {
        let worth = self.worth(address, migration);
        let (class, inverse) = way_back(migration, &worth, self.is_backed_up(migration));
        Change {
            action: Action::Run,
            reasons: vec![reason],
            class,
            inverse,
            worth: Some(worth),
            ..bare(address, None, Some(after))
        }
    }

    /// What takes back a migration that is not wanted any more.
    pub(super) fn unwanted_migration(&self, address: &Address) -> Result<Option<Change>, Refusal> {
        let Some(recorded) = self.view.recorded(address).filter(|_| matches!(self.purpose, Purpose::Rollback(_)))
        else {
            return Ok(None);
        };
        let Some(migration) = recorded.resource.migration() else { return Ok(None) };
        match self.view.database(&migration.database) {
            Some(seen) if self.has_lost_ledger(&migration.database, seen) => return Err(self.no_ledger(migration)),
            Some(seen) => match seen.entry(&migration.version) {
                None => return Ok(None),
                Some(Entry { half: Some(why), .. }) => {
                    return Err(Refusal::HalfApplied { address: address.clone(), why });
                }
                Some(_) => {}
            },
            None => {}
        }
        let worth = self.worth(address, migration);
        let Some(down) =
            migration.down.as_ref().filter(|_| worth.is_trusted_at_the_end() && migration.one_way.is_none())
        else {
            return Err(Refusal::NoWayBack { address: address.clone(), why: migration.one_way.clone(), worth });
        };
        // Where the way up destroyed data, the way back does not bring it back, and running it again would destroy
        // what was written since.
        let is_free = !destroys(down) && brings_data_back(migration, &worth);
        let (class, inverse) = match (is_free, self.is_backed_up(migration)) {
            (true, _) => (Class::Reversible, Inverse::RunUp),
            (false, true) => (Class::Lossy, Inverse::Restore),
            (false, false) => (Class::OneWay, Inverse::Impossible),
        };
        Ok(Some(Change {
            action: Action::Delete,
            reasons: vec![self.unwanted_since.clone()],
            class,
            inverse,
            phase: Phase::Remove,
            worth: Some(worth),
            ..bare(address, Some(Side::of_record(&recorded.resource)), None)
        }))
    }

    /// Whether this plan makes a backup before a migration runs or is taken back.
    const fn is_backed_up(&self, migration: &Migration) -> bool {
        migration.backup && !self.skips_backups
    }

    fn worth(&self, address: &Address, migration: &Migration) -> Worth {
        let Some(down) = &migration.down else { return Worth::Absent };
        let does_nothing = down.nature == Nature::Nothing && migration.up.nature != Nature::Nothing;
        let unknown = if does_nothing { Worth::Nothing } else { Worth::Unproven };
        self.worths.get(address).cloned().unwrap_or(unknown)
    }

    /// Whether the tool of the migrations itself would refuse a history that is not as its files say.
    fn is_strict(&self, migration: &Migration) -> bool {
        let database = self.desired.get(&Address::new(Kind::Database, &migration.database));
        let ledger = database.and_then(Resource::database).and_then(|database| database.ledger.as_ref());
        ledger.is_some_and(|ledger| matches!(ledger.layout, Layout::Sqlx | Layout::Flyway))
    }
}

/// What is lost by taking a migration back, and how that is done.
const fn way_back(migration: &Migration, worth: &Worth, is_backed_up: bool) -> (Class, Inverse) {
    match (is_free(migration, worth), is_backed_up) {
        (true, _) => (Class::Reversible, Inverse::RunDown),
        (false, true) => (Class::Lossy, Inverse::Restore),
        (false, false) => (Class::OneWay, Inverse::Impossible),
    }
}

/// Whether taking a migration back loses nothing.
pub(super) const fn is_free(migration: &Migration, worth: &Worth) -> bool {
    let keeps = brings_data_back(migration, worth);
    // An undo takes nothing but exactly the schema before.
    let leads_back = worth.is_trusted() && !matches!(worth, Worth::ColumnOrder);
    keeps && leads_back && migration.one_way.is_none()
}

/// Whether what the way up does to rows and values is taken back with it, as far as anybody knows.
pub(super) const fn brings_data_back(migration: &Migration, worth: &Worth) -> bool {
    worth.keeps_rows() && !destroys(&migration.up)
}

const fn destroys(sheet: &Sheet) -> bool {
    matches!(sheet.nature, Nature::Destroys)
}

/// Whether older code, which may still run, loses what it uses.
const fn is_felt_by_older_code(sheet: &Sheet) -> bool {
    matches!(sheet.nature, Nature::Drops | Nature::Destroys)
}

/// The backups that something needs: a migration of their database that runs or is taken back.
pub(super) fn backups_needed(changes: &[Change]) -> BTreeSet<Address> {
    let moved = |change: &Change| {
        let migration =
            change.resource()?.migration().filter(|migration| migration.backup && change.action != Action::Keep)?;
        Some(Address::new(Kind::Backup, &migration.database))
    };
    let needed: BTreeSet<_> = changes.iter().filter_map(moved).collect();
    let there = changes.iter().map(|change| &change.address).filter(|address| needed.contains(address));
    there.cloned().collect()
}

/// Turns backups into steps.
pub(super) fn make_backups(changes: &mut [Change], needed: &BTreeSet<Address>) {
    for change in changes.iter_mut().filter(|change| needed.contains(&change.address)) {
        change.action = Action::Run;
        change.phase = Phase::Build;
        change.reasons = vec![Reason::BeforeMigration];
    }
}

/// Drops the databases and backups that nobody wants and no migration needs that is taken back.
pub(super) fn drop_idle(changes: &mut Vec<Change>) {
    let taken_back = changes.iter().filter(|change| change.action == Action::Delete);
    let of = |change: &Change| change.resource()?.migration().map(|migration| migration.database.clone());
    let used: BTreeSet<String> = taken_back.filter_map(of).collect();
    changes.retain(|change| {
        let is_unwanted = change.action == Action::Keep && change.after.is_none();
        match change.address.kind() {
            Kind::Database => !is_unwanted || used.contains(change.address.name()),
            Kind::Backup => !is_unwanted,
            _ => true,
        }
    });
}

/// The migrations that run as late as they can, by position: those that take away what older code may use, and all
/// after them in the order of their tool.
pub(super) fn late(changes: &[Change]) -> BTreeSet<usize> {
    let index: BTreeMap<&Address, usize> =
        changes.iter().enumerate().map(|(at, change)| (&change.address, at)).collect();
    let mut found: BTreeSet<usize> = BTreeSet::new();
    let mut followers: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        let Some(migration) = change.after.as_ref().and_then(Resource::migration) else { continue };
        if change.action == Action::Run && is_felt_by_older_code(&migration.up) {
            found.insert(at);
        }
        let previous = migration.previous.as_ref().map(|one| Address::migration(&migration.database, &one.name));
        if let Some(previous) = previous.and_then(|address| index.get(&address)) {
            followers.insert(*previous, at);
        }
    }
    let mut open: Vec<usize> = found.iter().copied().collect();
    while let Some(at) = open.pop() {
        if let Some(follower) = followers.get(&at)
            && found.insert(*follower)
        {
            open.push(*follower);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{late, way_back};
    use crate::address::Address;
    use crate::fingerprint::Fingerprint;
    use crate::migration::sql::Analysis;
    use crate::migration::{Dialect, Worth};
    use crate::plan::decide::bare;
    use crate::plan::{Action, Change, Class, Inverse};
    use crate::resource::{Migration, Nature, Previous, Resource, Sheet};

    fn runs(name: &str, previous: Option<&str>, text: &str) -> Change {
        let nature = Nature::of(&Analysis::of(Dialect::Postgres, text));
        let migration = Migration {
            database: "shop".to_owned(),
            version: name.to_owned(),
            description: name.to_owned(),
            checksum: None,
            equal: Vec::new(),
            up: Sheet { path: name.to_owned(), line: 1, content: Fingerprint::of(text), is_bare: false, nature },
            down: None,
            verify: None,
            previous: previous.map(|name| Previous { name: name.to_owned(), version: name.to_owned() }),
            backup: false,
            one_way: None,
        };
        let after = Resource::Migration(Box::new(migration));
        Change { action: Action::Run, ..bare(&Address::migration("shop", name), None, Some(&after)) }
    }

    #[test]
    fn another_order_of_columns_is_not_what_an_undo_takes() {
        let change = runs("1", None, "ALTER TABLE a ADD COLUMN x int");
        let migration = change.after.as_ref().and_then(Resource::migration).expect("a migration");
        assert_eq!(way_back(migration, &Worth::Proven, true), (Class::Reversible, Inverse::RunDown));
        assert_eq!(way_back(migration, &Worth::ColumnOrder, true), (Class::Lossy, Inverse::Restore));
        assert_eq!(way_back(migration, &Worth::ColumnOrder, false), (Class::OneWay, Inverse::Impossible));
    }

    #[test]
    fn what_older_code_uses_goes_late_though_no_data_goes_with_it() {
        let changes = [
            runs("1", None, "CREATE VIEW v AS SELECT 1"),
            runs("2", Some("1"), "DROP VIEW w"),
            runs("3", Some("2"), "CREATE TABLE a (x int)"),
        ];
        assert_eq!(late(&changes).into_iter().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(late(&changes[..1]).len(), 0);
    }

    #[test]
    fn what_follows_in_the_order_of_its_tool_is_late_too() {
        const NAMES: [&str; 6] = ["1", "2", "3", "4", "5", "6"];
        for drops in 0..1 << NAMES.len() {
            let changes: Vec<_> = (0..NAMES.len())
                .map(|at| {
                    let previous = at.checked_sub(1).map(|before| NAMES[before]);
                    runs(NAMES[at], previous, if drops >> at & 1 == 1 { "DROP VIEW w" } else { "SELECT 1" })
                })
                .collect();
            let first = (0..NAMES.len()).find(|at| drops >> at & 1 == 1).unwrap_or(NAMES.len());
            assert_eq!(late(&changes).into_iter().collect::<Vec<_>>(), (first..NAMES.len()).collect::<Vec<_>>());
        }
    }
}
