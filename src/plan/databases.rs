//! What is to be done about a database: nothing is ever done to what is in it, and where that is not what the latest
//! release left, it is told before a migration runs there.

use crate::address::{Address, Kind};
use crate::migration::catalogue::EDITION;
use crate::observed::SeenDatabase;
use crate::plan::decide::{Decider, bare, kept};
use crate::plan::{Action, Change, Phase, Purpose, Reason, Refusal, Side};
use crate::resource::{Migration, Resource, differences};

impl Decider<'_> {
    /// A database is never made or removed: what is new about it is that omni waits for it and looks after it. One that
    /// has lost what a release knows of it is told as a step.
    pub(super) fn database(&self, address: &Address, after: &Resource) -> Change {
        let before = self.view.recorded(address).map(|recorded| Side::of_record(&recorded.resource));
        let (action, reason) = match &before {
            Some(_) if self.is_emptied(address) => (Action::Update, Reason::Emptied),
            Some(side) if side.resource == *after => return kept(address, before, after),
            Some(_) => (Action::Update, Reason::Spec),
            None => (Action::Create, Reason::New),
        };
        let differences = differences(before.as_ref().map(|side| &side.resource), Some(after));
        Change { action, reasons: vec![reason], differences, ..bare(address, before, Some(after)) }
    }

    /// A database that nobody wants any more, or its backups: what is in a database outlives its entry in the spec, and
    /// omni looks after it no more. A rollback may have migrations to take back there first.
    pub(super) fn unwanted_database(&self, address: &Address) -> Option<Change> {
        let recorded = self.view.recorded(address)?;
        let before = Some(Side::of_record(&recorded.resource));
        let change = Change { phase: Phase::Remove, ..bare(address, before, None) };
        match (self.purpose, address.kind()) {
            (Purpose::Rollback(_), _) => Some(change),
            (_, Kind::Database) => {
                Some(Change { action: Action::Delete, reasons: vec![self.unwanted_since.clone()], ..change })
            }
            _ => None,
        }
    }

    /// Whether nothing is left of what a release has migrated: it may be another file or server than it was.
    fn is_emptied(&self, address: &Address) -> bool {
        let Some(seen) = self.view.database(address.name()) else { return false };
        let is_of_it = |migration: &Migration| migration.database == address.name();
        let mut recorded = self.view.addresses().into_iter().filter_map(|at| self.view.recorded(at));
        let has_rows = seen.ledger.iter().flatten().next().is_some() || seen.through.is_some();
        !has_rows && seen.is_empty && recorded.any(|one| one.resource.migration().is_some_and(is_of_it))
    }

    /// Whether there are tables, and no ledger says which migrations made them: there is none where deploy.toml looks
    /// for it, though a release may have known one; or it has no row, and the schema is still the one of a release that
    /// knew some.
    pub(super) fn has_lost_ledger(&self, name: &str, seen: &SeenDatabase) -> bool {
        let was_left_so = || {
            let left = self.view.left(name).filter(|left| left.edition == EDITION);
            left.is_some_and(|left| !left.standing.applied.is_empty() && left.standing.schema == seen.schema)
        };
        let is_lost = match &seen.ledger {
            None => true,
            Some(entries) => entries.is_empty() && seen.through.is_none() && was_left_so(),
        };
        is_lost && !seen.is_empty
    }

    /// That nobody can say what a database has that is not empty.
    pub(super) fn no_ledger(&self, migration: &Migration) -> Refusal {
        let address = Address::new(Kind::Database, &migration.database);
        let ledger = |resource: Option<&Resource>| Some(resource?.database()?.ledger.as_ref()?.to_string());
        let then = ledger(self.view.recorded(&address).map(|recorded| &recorded.resource));
        Refusal::NoLedger { now: ledger(self.desired.get(&address)), then, address }
    }
}

impl Side {
    /// What was recorded of a thing that has no objects on the engine.
    pub(super) fn of_record(resource: &Resource) -> Self {
        Self { resource: resource.clone(), objects: Vec::new(), up: Vec::new(), unwell: Vec::new() }
    }
}
