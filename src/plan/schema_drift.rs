//! `SchemaDrift`: one way in which a database is not as the last release left it, by a change that omni did not make.
//!
//! The record has the ledger and the fingerprint of the schema; its facts lie in a file of the store. So what is found
//! here says that a schema differs, and `explain` says in what, where the file is at hand. Nothing of it is ever taken
//! back by a plan: what a database has is changed by migrations, and by people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Kind};
use crate::migration::catalogue::{Catalogue, EDITION, SchemaChange};
use crate::observed::{Observed, SeenDatabase};
use crate::plan::Drift;
use crate::plan::recorded::View;
use crate::release::{RecordedDatabase, Release};
use crate::resource::Migration;

/// How many are named in the summary.
const NAMED: usize = 2;

/// What stands for the differences of a schema until they are known.
const FINGERPRINT: &str = "fingerprint";

/// One way in which a database is not as the last release left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaDrift {
    /// What kind of thing: `column`, `index`; `migration` for the ledger, `server` for what runs.
    pub kind: String,
    /// Its name as the catalogue has it: `public.users.email`; the version of a migration.
    pub name: String,
    /// What has become of it.
    pub change: SchemaChange,
    /// All of it in one line: `index users_email_idx is gone`.
    pub text: String,
}

/// A database that was not compared with the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncompared {
    /// Which one.
    pub address: Address,
    /// Why: `cannot be asked: …`.
    pub why: String,
    /// Whether it should have answered: nobody can say then that there is no drift.
    pub is_silent: bool,
}

/// The databases of the head release that are not as it left them.
pub(super) fn of(head: &Release, view: &View<'_>) -> Vec<Drift> {
    let known = head.databases.iter().filter_map(|(name, left)| Some((name, left, view.database(name)?)));
    let differing = known.filter(|(_, left, seen)| left.edition == EDITION && left.standing != seen.standing());
    let drift = |(name, left, seen): (&String, &RecordedDatabase, &SeenDatabase)| {
        let mut schema = ledger(head, name, left, seen);
        if left.standing.schema != seen.schema {
            schema.extend(server(left, seen));
            let (from, to) = (Some(left.standing.schema.to_string()), Some(seen.schema.to_string()));
            schema.push(SchemaDrift {
                kind: "schema".to_owned(),
                name: String::new(),
                change: SchemaChange::Changed { attribute: FINGERPRINT.to_owned(), from, to },
                text: "its schema is another one; what it was is not kept".to_owned(),
            });
        }
        let summary = summary(&schema);
        Drift { address: Address::new(Kind::Database, name), differences: Vec::new(), schema, summary }
    };
    differing.map(drift).collect()
}

/// What was applied and taken back since, by the ledger.
fn ledger(head: &Release, name: &str, left: &RecordedDatabase, seen: &SeenDatabase) -> Vec<SchemaDrift> {
    let (then, now) = (&left.standing.applied, &seen.standing().applied);
    let resources = head.resources.iter().map(|(address, recorded)| (address, &recorded.resource));
    let migrations = Migration::ordered(resources, name);
    let known: BTreeMap<&str, &str> =
        migrations.iter().map(|(address, one)| (one.version.as_str(), one.name_in(address))).collect();
    let called = |version: &str| known.get(version).map_or(version.to_owned(), |name| (*name).to_owned());
    let one = |version: &String, change: SchemaChange, text: String| SchemaDrift {
        kind: "migration".to_owned(),
        name: version.clone(),
        change,
        text,
    };
    let gone = then.iter().filter(|version| !now.contains(version)).map(|version| {
        let how =
            if left.standing.schema == seen.schema { "is gone from the ledger" } else { "was taken back, not by omni" };
        one(version, SchemaChange::Missing, format!("migration {} {how}", called(version)))
    });
    let new = now.iter().filter(|version| !then.contains(version)).map(|version| {
        let text = match version.strip_prefix('~') {
            Some(half) => format!("migration {} was begun, not by omni, and is half applied", called(half)),
            None => format!("migration {} was applied, not by omni", called(version)),
        };
        one(version, SchemaChange::LeftBehind, text)
    });
    let mut found: Vec<_> = gone.chain(new).collect();
    if found.is_empty() && then != now {
        let (from, to) = (Some(then.join(", ")), Some(now.join(", ")));
        let change = SchemaChange::Changed { attribute: "order".to_owned(), from, to };
        found.push(one(&String::new(), change, "the ledger is in another order".to_owned()));
    }
    found
}

/// That another server runs, which may write the same definitions otherwise.
fn server(left: &RecordedDatabase, seen: &SeenDatabase) -> Option<SchemaDrift> {
    let (from, to) = (left.version.clone(), seen.version.clone());
    let text = format!("{to} runs, and {from} ran then: definitions may only be written otherwise");
    (left.major != seen.major).then(|| SchemaDrift {
        kind: "server".to_owned(),
        name: String::new(),
        change: SchemaChange::Changed { attribute: "version".to_owned(), from: Some(from), to: Some(to) },
        text,
    })
}

/// Says in what schemas differ, where it is known what they were.
pub fn explain(drift: &mut [Drift], catalogues: &BTreeMap<String, Catalogue>, observed: &Observed) {
    for one in drift.iter_mut().filter(|one| one.address.kind() == Kind::Database) {
        let (Some(then), Some(seen)) = (catalogues.get(one.address.name()), observed.database(one.address.name()))
        else {
            continue;
        };
        let attribute = |one: &SchemaDrift| match &one.change {
            SchemaChange::Changed { attribute, .. } => attribute.clone(),
            SchemaChange::Missing | SchemaChange::LeftBehind => String::new(),
        };
        let is_stand_in = |one: &SchemaDrift| attribute(one) == FINGERPRINT;
        if !one.schema.iter().any(is_stand_in) {
            continue;
        }
        one.schema.retain(|one| !is_stand_in(one));
        let differences = then.changes_until(&seen.catalogue).into_iter();
        one.schema.extend(differences.map(|found| SchemaDrift {
            kind: found.kind,
            name: found.name,
            change: found.change,
            text: found.text,
        }));
        one.summary = summary(&one.schema);
    }
}

fn summary(schema: &[SchemaDrift]) -> String {
    let named: Vec<_> = schema.iter().take(NAMED).map(|one| one.text.as_str()).collect();
    match schema.len() - named.len() {
        0 => named.join("; "),
        more => format!("{}; and {more} more", named.join("; ")),
    }
}

/// The databases with migrations of a release that were not compared with it, and why.
pub(super) fn uncompared(head: &Release, observed: &Observed) -> Vec<Uncompared> {
    let resources = || head.resources.iter().map(|(address, recorded)| (address, &recorded.resource));
    let silent = observed.silent(resources());
    let mut found = Vec::new();
    for (address, resource) in resources() {
        let Some(database) = resource.database().filter(|database| database.ledger.is_some()) else { continue };
        let why = match (observed.databases.get(address.name()), head.databases.get(address.name())) {
            (None, _) => Some(("cannot be asked: deploy.toml does not lead to it".to_owned(), true)),
            (Some(Err(why)), _) if silent.iter().any(|(silent, _)| *silent == address) => {
                Some((format!("cannot be asked: {why}"), true))
            }
            (Some(Err(_)), _) => {
                let service = database.service.as_deref().unwrap_or_default();
                Some((format!("cannot be asked: service.{service} does not run"), false))
            }
            (Some(Ok(_)), None) => {
                Some((format!("was not recorded by release {}: the next one does", head.number), false))
            }
            (Some(Ok(_)), Some(left)) if left.edition != EDITION => Some((
                format!("was recorded in release {} by an omni that reads schemas otherwise", head.number),
                false,
            )),
            (Some(Ok(_)), Some(_)) => None,
        };
        found.extend(why.map(|(why, is_silent)| Uncompared { address: address.clone(), why, is_silent }));
    }
    found
}

/// What the reader of a plan should know of what it leaves as it is.
pub(super) fn notes(drift: &[Drift], is_empty: bool) -> Vec<String> {
    let changed = drift.iter().filter(|one| one.address.kind() == Kind::Database);
    let what = if is_empty {
        "omni does not take that back: write it as a migration, or take it back by hand"
    } else {
        "this plan leaves that as it is, and its release records it"
    };
    changed.map(|one| format!("{} was changed outside the migrations: {what}", one.address)).collect()
}
