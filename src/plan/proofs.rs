//! The proofs that a plan makes: of the ways back that nobody has tried yet, before anything runs.
//!
//! What a way back turns out to be worth may be less than the plan takes it for. `still_holds` tells whether the plan
//! does then; how a proof is made is left to `provider`.

use std::collections::BTreeMap;

use crate::address::{Address, Kind};
use crate::migration::Worth;
use crate::plan::migrations::is_free;
use crate::plan::{Action, Change, Reason};
use crate::resource::{Migration, Resource};

/// Turns the proof of each database into a step where a migration runs there whose way back nobody has tried. Where one
/// was tried and nothing came of it, another proof would tell the same.
pub(super) fn make(changes: &mut [Change], tried: &BTreeMap<Address, Worth>) {
    let is_unproven = |worth: &Worth| *worth == Worth::Unproven;
    let is_in_vain = |address: &Address| tried.get(address).is_some_and(is_unproven);
    let wanted: Vec<_> = changes
        .iter()
        .filter(|change| change.address.kind() == Kind::Proof)
        .filter_map(|change| change.after.as_ref()?.proof())
        .map(|proof| (Address::new(Kind::Proof, &proof.database), pending(changes, &proof.database)))
        .filter(|(_, pending)| pending.values().any(is_unproven) && !pending.keys().any(is_in_vain))
        .collect();
    for (address, pending) in wanted {
        for change in changes.iter_mut().filter(|change| change.address == address) {
            change.action = Action::Run;
            change.reasons = vec![Reason::BeforeMigration];
            change.proves.clone_from(&pending);
        }
    }
}

/// The migrations of a database that run, with what is known of their ways back.
fn pending(changes: &[Change], database: &str) -> BTreeMap<Address, Worth> {
    let runs = changes.iter().filter(|change| change.action == Action::Run);
    let of = runs.filter(|change| {
        change.after.as_ref().and_then(Resource::migration).is_some_and(|migration| migration.database == database)
    });
    of.filter_map(|change| Some((change.address.clone(), change.worth.clone()?))).collect()
}

/// Whether a plan that took the way back of a migration for `planned` may still be done once it is known to be worth
/// `found`: that loses no more.
#[must_use]
pub const fn still_holds(migration: &Migration, planned: &Worth, found: &Worth) -> bool {
    is_free(migration, found) || !is_free(migration, planned)
}

#[cfg(test)]
mod tests;
