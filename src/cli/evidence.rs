//! `Evidence`: what a plan of migrations needs beside the spec: their texts, and the proofs of their ways back.
//!
//! A proof holds for the scripts, the server's major and the schema that it was made on, so it is looked for from the
//! schema of now on: what a migration leaves is what the next one is run on. How proofs are made is left to `proving`.

use std::collections::BTreeMap;

use crate::address::{Address, Kind};
use crate::cli::planning::{Goal, Ground};
use crate::fingerprint::Fingerprint;
use crate::migration::proof::{Copied, MigrationProof, Proof, digest};
use crate::migration::sql::Analysis;
use crate::migration::{Dialect, Worth};
use crate::observed::SeenDatabase;
use crate::plan::{Action, Plan, Told};
use crate::provider::site;
use crate::resource::{Migration, Prove, Resource};
use crate::template::Vault;

/// What a plan of migrations needs beside the spec.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a> {
    /// The texts of scripts, by fingerprint.
    pub(crate) vault: &'a Vault,
    /// Every proof that was kept, newest first.
    pub(crate) proofs: &'a [Proof],
}

impl Evidence<'_> {
    /// What is known of the ways back of the migrations that are pending, and of those that a rollback takes back.
    pub(crate) fn worths(&self, goal: &Goal, ground: &Ground) -> BTreeMap<Address, Worth> {
        let mut found = BTreeMap::new();
        if self.proofs.is_empty() {
            return found;
        }
        let empty = BTreeMap::new();
        let recorded: BTreeMap<_, _> = ground.head().map_or(empty, |head| {
            head.resources.iter().map(|(address, recorded)| (address.clone(), recorded.resource.clone())).collect()
        });
        for (name, seen) in &ground.observed.databases {
            let Ok(seen) = seen else { continue };
            let at = Address::new(Kind::Database, name);
            let database = goal.desired.get(&at).or_else(|| recorded.get(&at)).and_then(Resource::database);
            let Some(dialect) = database.map(|database| database.dialect) else { continue };
            let is_on_data = database.is_some_and(|database| database.prove == Prove::Data);
            let about = About { name, dialect, seen, is_on_data };
            self.pending(&about, &goal.desired, &mut found);
            self.applied(&about, &goal.desired, &recorded, &mut found);
        }
        found
    }

    /// Those that are to run, each on the schema that the one before it leaves.
    fn pending(&self, about: &About<'_>, desired: &BTreeMap<Address, Resource>, to: &mut BTreeMap<Address, Worth>) {
        let mut schema = Some(about.seen.schema);
        for (address, migration) in Migration::ordered(desired.iter(), about.name) {
            if about.seen.entry(&migration.version).is_some() {
                continue;
            }
            let digest = self.digest(address, migration);
            let proven = schema.zip(digest).and_then(|(schema, digest)| self.proof(about, &digest, Some(schema)));
            schema = proven.and_then(|one| one.after);
            to.extend(proven.map(|one| (address.clone(), one.worth())));
        }
    }

    /// Those that are not wanted any more. What they were run on is gone: the newest proof of the same text is taken.
    fn applied(
        &self,
        about: &About<'_>,
        desired: &BTreeMap<Address, Resource>,
        recorded: &BTreeMap<Address, Resource>,
        to: &mut BTreeMap<Address, Worth>,
    ) {
        let unwanted = Migration::ordered(recorded.iter(), about.name).into_iter();
        for (address, migration) in unwanted.filter(|(address, _)| !desired.contains_key(*address)) {
            let proven = self.digest(address, migration).and_then(|digest| self.proof(about, &digest, None));
            to.extend(proven.map(|one| (address.clone(), one.worth())));
        }
    }

    fn digest(&self, address: &Address, migration: &Migration) -> Option<Fingerprint> {
        site::script(self.vault, migration.name_in(address), migration).ok().map(|script| digest(&script))
    }

    /// What came of a script on a database like this one, on this schema where one is asked for.
    fn proof(&self, about: &About<'_>, wanted: &Fingerprint, on: Option<Fingerprint>) -> Option<&MigrationProof> {
        let is_enough = |proof: &Proof| on.is_none() || !about.is_on_data || proof.ground.copied == Copied::Data;
        let is_alike = |proof: &Proof| (proof.ground.dialect, proof.ground.major) == (about.dialect, about.seen.major);
        let alike = |proof: &&Proof| is_alike(proof) && is_enough(proof);
        let mut runs = self.proofs.iter().filter(alike).flat_map(Proof::runs);
        let found = runs.find(|(before, one)| one.digest == *wanted && (on.is_none() || *before == on));
        found.map(|(_, one)| one)
    }

    /// Writes into a plan what its migrations do.
    pub(crate) fn tell(&self, plan: &mut Plan, goal: &Goal, ground: &Ground) {
        for change in plan.changes.iter_mut().filter(|change| change.action != Action::Keep) {
            let Some(migration) = change.resource().and_then(Resource::migration) else { continue };
            let at = Address::new(Kind::Database, &migration.database);
            let recorded = || ground.head().and_then(|head| head.resources.get(&at)).map(|one| &one.resource);
            let database = goal.desired.get(&at).or_else(recorded).and_then(Resource::database);
            let sheet = if change.action == Action::Delete { migration.down.as_ref() } else { Some(&migration.up) };
            let text = sheet.and_then(|sheet| self.vault.file(&sheet.content).ok());
            if let (Some(database), Some(text)) = (database, text) {
                change.statements = Told::of(&Analysis::of(database.dialect, &String::from_utf8_lossy(text)));
            }
        }
    }
}

/// The database that is asked about.
struct About<'a> {
    name: &'a str,
    dialect: Dialect,
    seen: &'a SeenDatabase,
    /// Whether only what was tried on a backup counts for what is to run.
    is_on_data: bool,
}
