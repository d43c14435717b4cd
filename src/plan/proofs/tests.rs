//! Plans of one database with two migrations, of which the second is applied or not, and whose ways back are known or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::{Address, Kind, Scope};
use crate::fingerprint::Fingerprint;
use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::{Entry, Ledger};
use crate::migration::{Dialect, Layout, Worth};
use crate::observed::{EngineFacts, Observed, SeenDatabase};
use crate::plan::{Action, Class, Inputs, Inverse, Plan, Purpose, Reason, Selection, still_holds};
use crate::resource::{Backup, Database, Migration, Nature, Previous, Proof, Prove, Resource, Sheet, Verify};
use crate::template::Template;
use crate::units::Period;

fn sheet(text: &str, nature: Nature) -> Sheet {
    let content = Fingerprint::of_bytes(text.as_bytes());
    Sheet { path: format!("{text}.sql"), line: 1, content, is_bare: false, nature }
}

fn migration(version: &str, previous: Option<&str>, nature: Nature) -> Migration {
    Migration {
        database: "shop".to_owned(),
        version: version.to_owned(),
        description: String::new(),
        checksum: None,
        equal: Vec::new(),
        up: sheet(&format!("{version}.up"), nature),
        down: Some(sheet(&format!("{version}.down"), Nature::Destroys)),
        verify: None,
        previous: previous.map(|name| Previous { name: name.to_owned(), version: name.to_owned() }),
        backup: true,
        one_way: None,
    }
}

/// What deploy.toml wants, where ways back are tried on this.
fn desired(prove: Prove, nature: Nature) -> BTreeMap<Address, Resource> {
    let ledger = Ledger { layout: Layout::Sqlx, dialect: Dialect::Postgres, table: None };
    let database = Database {
        url: Template::plain("postgres://omni@db/shop"),
        dialect: Dialect::Postgres,
        service: None,
        connect_timeout: Period::seconds(1),
        lock_timeout: Period::seconds(1),
        statement_timeout: None,
        ledger: Some(ledger),
        prove,
    };
    let backup = Backup {
        database: "shop".to_owned(),
        dir: "backups".to_owned(),
        keep_last: None,
        keep_for: None,
        encrypt_to: BTreeSet::new(),
        verify: Verify::Restore,
    };
    BTreeMap::from([
        (Address::new(Kind::Database, "shop"), Resource::Database(Box::new(database))),
        (Address::new(Kind::Backup, "shop"), Resource::Backup(Box::new(backup))),
        (Address::new(Kind::Proof, "shop"), Resource::Proof(Proof { database: "shop".to_owned(), prove })),
        (Address::migration("shop", "1"), Resource::Migration(Box::new(migration("1", None, Nature::Adds)))),
        (Address::migration("shop", "2"), Resource::Migration(Box::new(migration("2", Some("1"), nature)))),
    ])
}

/// What is asked for beside.
struct Case {
    desired: BTreeMap<Address, Resource>,
    purpose: Purpose,
    applied: &'static [&'static str],
    worths: Vec<(&'static str, Worth)>,
    selection: Selection,
}

impl Case {
    fn new(applied: &'static [&'static str]) -> Self {
        let desired = desired(Prove::Schema, Nature::Adds);
        Self { desired, purpose: Purpose::Apply, applied, worths: Vec::new(), selection: Selection::default() }
    }

    fn plan(&self) -> Plan {
        let entry = |version: &&str| Entry { version: (*version).to_owned(), checksum: None, half: None };
        let seen = SeenDatabase {
            version: "PostgreSQL 15".to_owned(),
            major: 15,
            ledger: Some(self.applied.iter().map(entry).collect()),
            through: None,
            marks: Vec::new(),
            schema: Fingerprint::of("schema"),
            catalogue: Arc::new(Catalogue(BTreeMap::new())),
            is_empty: false,
        };
        let engine = EngineFacts {
            id: String::new(),
            version: String::new(),
            host: String::new(),
            memory: 0,
            cpus: 1,
            platform: String::new(),
        };
        let databases = BTreeMap::from([("shop".to_owned(), Ok(seen))]);
        let observed = Observed { engine, objects: BTreeMap::new(), databases, key: None };
        let worths = self.worths.iter().map(|(name, worth)| (Address::migration("shop", name), worth.clone()));
        let inputs = Inputs {
            scope: &Scope { project: "shop".to_owned(), environment: None },
            purpose: &self.purpose,
            tag: "v1",
            spec: Fingerprint::of("spec"),
            desired: &self.desired,
            head: None,
            lineage: "",
            observed: &observed,
            images: &BTreeSet::new(),
            worths: &worths.collect(),
            selection: &self.selection,
        };
        Plan::build(&inputs).expect("a plan")
    }

    /// The steps in order, without that of the database.
    fn steps(&self) -> Vec<String> {
        let plan = self.plan();
        let steps = plan.steps().filter(|change| change.address.kind() != Kind::Database);
        steps.map(|change| change.address.to_string()).collect()
    }
}

const ALL: [&str; 4] = ["proof.shop", "backup.shop", "migration.shop.1", "migration.shop.2"];

#[test]
fn what_nobody_has_tried_is_tried_before_anything_else_is_done() {
    let case = Case::new(&[]);
    assert_eq!(case.steps(), ALL);
    let plan = case.plan();
    let proof = plan.change(&Address::new(Kind::Proof, "shop")).expect("it is there");
    assert_eq!((proof.action, proof.class, proof.inverse), (Action::Run, Class::Reversible, Inverse::Nothing));
    assert_eq!(proof.reasons, [Reason::BeforeMigration]);
    let tried: Vec<_> = proof.proves.iter().map(|(address, worth)| (address.name(), worth.clone())).collect();
    assert_eq!(tried, [("shop.1", Worth::Unproven), ("shop.2", Worth::Unproven)]);
    // Each waits for the one before it.
    let waits = plan.edges.iter().map(|(first, second)| (*first as usize, *second as usize));
    let waits: BTreeSet<_> = waits
        .map(|(first, second)| (plan.changes[first].address.kind(), plan.changes[second].address.kind()))
        .collect();
    for pair in [(Kind::Database, Kind::Proof), (Kind::Proof, Kind::Migration), (Kind::Proof, Kind::Backup)] {
        assert!(waits.contains(&pair), "{pair:?}: {waits:?}");
    }
}

#[test]
fn a_proof_on_a_backup_waits_for_the_one_that_the_plan_makes() {
    let case = Case { desired: desired(Prove::Data, Nature::Adds), ..Case::new(&[]) };
    assert_eq!(case.steps(), ["backup.shop", "proof.shop", "migration.shop.1", "migration.shop.2"]);
    let skips = Selection { skip_backup: true, ..Selection::default() };
    let case = Case { selection: skips, ..case };
    assert_eq!(case.steps(), ["proof.shop", "migration.shop.1", "migration.shop.2"]);
}

#[test]
fn it_comes_before_what_runs_as_late_as_it_can() {
    let case = Case { desired: desired(Prove::Schema, Nature::Destroys), ..Case::new(&["1"]) };
    assert_eq!(case.steps(), ["proof.shop", "backup.shop", "migration.shop.2"]);
}

#[test]
fn it_is_no_step_where_nothing_is_to_be_tried() {
    let known = |worths| Case { worths, ..Case::new(&[]) }.steps();
    assert_eq!(Case::new(&["1", "2"]).steps(), [""; 0]);
    assert_eq!(known(vec![("1", Worth::Proven), ("2", Worth::ColumnOrder)]), ALL[1..]);
    assert_eq!(known(vec![("1", Worth::Proven), ("2", Worth::Nothing)]), ALL[1..]);
    // What was tried in vain would be again.
    assert_eq!(known(vec![("1", Worth::Unproven)]), ALL[1..]);
    assert_eq!(known(vec![("1", Worth::Proven)]), ALL);
    let mut case = Case::new(&[]);
    case.desired.remove(&Address::new(Kind::Proof, "shop"));
    assert_eq!(case.steps(), ALL[1..]);
}

#[test]
fn a_rollback_waits_for_no_proof() {
    let case = Case { purpose: Purpose::Rollback(1), ..Case::new(&["1"]) };
    assert_eq!(case.steps(), ["backup.shop", "migration.shop.2"]);
}

#[test]
fn only_what_was_picked_is_tried() {
    let targets = BTreeSet::from([Address::migration("shop", "1")]);
    let case = Case { selection: Selection { targets, ..Selection::default() }, ..Case::new(&[]) };
    assert_eq!(case.steps(), ALL[..3]);
    let plan = case.plan();
    let proof = plan.change(&Address::new(Kind::Proof, "shop")).expect("it is there");
    assert_eq!(proof.proves.len(), 1);
}

#[test]
fn a_plan_holds_where_no_more_is_lost_than_it_says() {
    let (adds, drops) = (migration("1", None, Nature::Adds), migration("1", None, Nature::Destroys));
    assert!(still_holds(&adds, &Worth::Unproven, &Worth::Proven));
    assert!(!still_holds(&adds, &Worth::Unproven, &Worth::SchemaOnly));
    assert!(still_holds(&adds, &Worth::SchemaOnly, &Worth::SchemaOnly), "that was agreed to");
    assert!(still_holds(&adds, &Worth::SchemaOnly, &Worth::Proven));
    assert!(still_holds(&drops, &Worth::Unproven, &Worth::SchemaOnly), "that was agreed to");
}
