//! What is told of a database: in what it differs from the release, and why it was not compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use omni::address::{Address, Kind};
use omni::fingerprint::Fingerprint;
use omni::migration::catalogue::{Catalogue, EDITION, Fact};
use omni::migration::ledger::{Entry, Ledger};
use omni::migration::{Dialect, Layout};
use omni::observed::{EngineFacts, Observed, SeenDatabase, Unasked};
use omni::plan::{Comparison, explain};
use omni::release::{Recorded, RecordedDatabase, Release};
use omni::report::{Style, drift_text};
use omni::resource::{Database, Prove, Resource};
use omni::template::Template;
use omni::units::Period;

use crate::support;

fn release() -> Release {
    let database = Resource::Database(Box::new(Database {
        url: Template::plain("postgres://db.example/shop"),
        dialect: Dialect::Postgres,
        service: None,
        connect_timeout: Period::seconds(5),
        lock_timeout: Period::seconds(1),
        statement_timeout: None,
        ledger: Some(Ledger { layout: Layout::Dbmate, dialect: Dialect::Postgres, table: None }),
        prove: Prove::Schema,
    }));
    let recorded = Recorded { resource: database, objects: Vec::new(), took: None, tainted: false };
    let address = Address::new(Kind::Database, "shop");
    Release { resources: BTreeMap::from([(address, recorded)]), ..support::release(3, "v3") }
}

fn catalogue(tables: &[&str]) -> Catalogue {
    let fact = |name: &&str| {
        let (kind, attribute) = ("table".to_owned(), "exists".to_owned());
        (Fact { kind, name: format!("public.{name}"), attribute }, "yes".to_owned())
    };
    let schema = Fact { kind: "schema".to_owned(), name: "public".to_owned(), attribute: "exists".to_owned() };
    Catalogue(tables.iter().map(fact).chain([(schema, "yes".to_owned())]).collect())
}

fn seen(tables: &[&str], applied: &[&str]) -> SeenDatabase {
    let entry = |version: &&str| Entry { version: (*version).to_owned(), checksum: None, half: None };
    let catalogue = catalogue(tables);
    SeenDatabase {
        version: "PostgreSQL 15.18".to_owned(),
        major: 15,
        ledger: Some(applied.iter().map(entry).collect()),
        marks: Vec::new(),
        schema: catalogue.fingerprint(),
        through: None,
        is_empty: !catalogue.has_tables(),
        catalogue: Arc::new(catalogue),
    }
}

fn recorded(seen: &SeenDatabase) -> RecordedDatabase {
    let (version, standing) = (seen.version.clone(), seen.standing());
    RecordedDatabase { version, major: 15, edition: EDITION, standing, catalogue: Some(Fingerprint::of("file")) }
}

/// What is told of a database that was so at the release and is so now; the first with what it was, where that is kept.
fn told(
    then: Option<(RecordedDatabase, Option<Catalogue>)>,
    now: Option<Result<SeenDatabase, Unasked>>,
) -> (Comparison, String) {
    let mut release = release();
    let (left, kept) = then.map_or((None, None), |(left, kept)| (Some(left), kept));
    release.databases.extend(left.map(|left| ("shop".to_owned(), left)));
    let engine = EngineFacts {
        id: "engine".to_owned(),
        version: "docker 20.10.24".to_owned(),
        host: "unix:///var/run/docker.sock".to_owned(),
        memory: 1 << 34,
        cpus: 2,
        platform: "linux/amd64".to_owned(),
    };
    let databases = now.into_iter().map(|seen| ("shop".to_owned(), seen)).collect();
    let observed = Observed { engine, objects: BTreeMap::new(), databases, key: None };
    let mut compared = Comparison::new(Some(&release), "7f2e", &observed);
    let kept = kept.into_iter().map(|catalogue| ("shop".to_owned(), catalogue)).collect();
    explain(&mut compared.drift, &kept, &observed);
    let text = drift_text(&compared, &Style::default());
    (compared, text)
}

#[test]
fn what_is_not_recorded_is_no_drift_and_is_said() {
    let now = seen(&["users"], &["1"]);
    let (compared, text) = told(None, Some(Ok(now.clone())));
    assert_eq!((compared.drift.len(), compared.silent().count()), (0, 0));
    let note = "note: database.shop was not recorded by release 3: the next one does\n";
    assert_eq!(text, format!("No drift: everything is as it was recorded.\n{note}"));

    let older = RecordedDatabase { edition: EDITION - 1, ..recorded(&seen(&["old"], &["1"])) };
    let (compared, text) = told(Some((older, None)), Some(Ok(now)));
    assert_eq!((compared.drift.len(), compared.silent().count()), (0, 0));
    assert!(text.contains("was recorded in release 3 by an omni that reads schemas otherwise"), "{text}");
}

#[test]
fn what_cannot_be_asked_is_never_called_unchanged() {
    let then = || Some((recorded(&seen(&["users"], &["1"])), None));
    for now in [Some(Err(Unasked { why: "nobody listens there".to_owned(), help: None })), None] {
        let (compared, text) = told(then(), now);
        assert_eq!((compared.drift.len(), compared.silent().count()), (0, 1));
        assert!(!text.contains("No drift") && text.contains("note: database.shop cannot be asked: "), "{text}");
    }
}

#[test]
fn what_differs_is_told_as_far_as_it_is_known() {
    let then = seen(&["users", "tags"], &["1", "2"]);
    let now = || Some(Ok(seen(&["users", "late"], &["1", "3"])));
    let (_, text) = told(Some((recorded(&then), Some((*then.catalogue).clone()))), now());
    assert_eq!(
        text,
        "database.shop   changed outside the migrations\n    - migration 2 was taken back, not by omni\n    \
         + migration 3 was applied, not by omni\n    - table tags is gone\n    + table late is new\n\
         next: write it as a migration, or take it back by hand\n"
    );
    let (compared, text) = told(Some((recorded(&then), None)), now());
    assert!(text.contains("~ its schema is another one; what it was is not kept\n"), "{text}");
    assert!(compared.drift[0].summary.ends_with("; and 1 more"), "{:?}", compared.drift);
    let older = RecordedDatabase { major: 14, version: "PostgreSQL 14.20".to_owned(), ..recorded(&then) };
    let (_, text) = told(Some((older, Some((*then.catalogue).clone()))), now());
    assert!(text.contains("PostgreSQL 15.18 runs, and PostgreSQL 14.20 ran then"), "{text}");
    let (_, text) = told(Some((recorded(&then), None)), Some(Ok(seen(&["users", "tags"], &["1"]))));
    assert!(text.contains("    - migration 2 is gone from the ledger\n"), "{text}");
    let (_, text) = told(Some((recorded(&then), None)), Some(Ok(seen(&["users", "tags"], &["2", "1"]))));
    assert!(text.contains("~ the ledger is in another order\n"), "{text}");
    let (_, text) = told(Some((recorded(&then), None)), Some(Ok(then)));
    assert_eq!(text, "No drift: everything is as it was recorded.\n");
}
