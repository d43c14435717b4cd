//! The ledger of every tool, made, written and read by a session on a real database.

use std::collections::BTreeMap;

use omni::migration::ledger::{Ledger, Writing};
use omni::migration::{Layout, Script, layout::Folder};
use omni::provider::database::Session;

use crate::house::{House, difference};

/// A folder with two scripts.
fn scripts(layout: Layout) -> Vec<Script> {
    let files: &[(&str, &str)] = match layout {
        Layout::Prisma => &[
            ("migration_lock.toml", "provider = \"postgresql\""),
            ("20240101000000_a/migration.sql", "SELECT 1;"),
            ("20240102000000_b/migration.sql", "SELECT 2;"),
        ],
        Layout::Sqlx => &[("20240101000000_a.sql", "SELECT 1;"), ("20240102000000_b.sql", "SELECT 2;")],
        Layout::GolangMigrate => &[("000001_a.up.sql", "SELECT 1;"), ("000002_b.up.sql", "SELECT 2;")],
        Layout::Dbmate => &[
            ("20240101000000_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n"),
            ("20240102000000_b.sql", "-- migrate:up\nSELECT 2;\n-- migrate:down\nSELECT 2;\n"),
        ],
        Layout::Diesel => &[
            ("2024-01-01-000000_a/up.sql", "SELECT 1;"),
            ("2024-01-01-000000_a/down.sql", "SELECT 1;"),
            ("2024-01-02-000000_b/up.sql", "SELECT 2;"),
            ("2024-01-02-000000_b/down.sql", "SELECT 2;"),
        ],
        Layout::Goose => &[
            ("00001_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 1;\n"),
            ("00002_b.sql", "-- +goose Up\nSELECT 2;\n-- +goose Down\nSELECT 2;\n"),
        ],
        Layout::Flyway => &[("V1__a.sql", "SELECT 1;"), ("V2__b.sql", "SELECT 2;")],
        Layout::Sqitch => &[
            ("deploy/a.sql", "SELECT 1;"),
            ("revert/a.sql", "SELECT 1;"),
            ("deploy/b.sql", "SELECT 2;"),
            ("revert/b.sql", "SELECT 2;"),
        ],
    };
    let files: BTreeMap<_, _> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    layout.scripts(&Folder(files)).unwrap_or_else(|unreadable| panic!("{layout}: {unreadable:?}"))
}

/// The versions that the ledger has, with `!` where they are half applied.
async fn entries(session: &mut Box<dyn Session>, ledger: &Ledger, scripts: &[Script]) -> Vec<String> {
    let rows = session.ledger(ledger).await.unwrap_or_else(|fault| panic!("{}: {fault:?}", ledger.layout)).unwrap();
    let entries = ledger.entries(&rows, scripts);
    let checksums = entries.iter().filter_map(|entry| entry.checksum.as_ref());
    assert!(checksums.eq(scripts.iter().take(entries.len()).filter_map(|script| script.checksum.as_ref())));
    entries.into_iter().map(|entry| format!("{}{}", entry.version, entry.half.map_or("", |_| "!"))).collect()
}

async fn holds(house: &House, layout: Layout, table: Option<&str>) {
    let name = format!("{layout}{}", table.unwrap_or_default().replace('.', "-"));
    let target = house.database(&name).await;
    let ledger = Ledger { layout, dialect: house.dialect(), table: table.map(str::to_owned) };
    let (mut session, mut other) = (house.session(&target).await, house.session(&target).await);
    let without = ledger.tables(&session.facts().schema);
    let base = session.catalogue(&without).await.unwrap();
    assert_eq!(session.ledger(&ledger).await.unwrap(), None);
    // Taken back with its transaction; made once by two at a time, and again does nothing.
    session.begin().await.unwrap();
    session.make_ledger(&ledger).await.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    session.abort().await.unwrap();
    assert_eq!(session.ledger(&ledger).await.unwrap(), None);
    let (one, two) = tokio::join!(session.make_ledger(&ledger), other.make_ledger(&ledger));
    one.and(two).unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    session.make_ledger(&ledger).await.unwrap();

    let scripts = scripts(layout);
    let versions: Vec<_> = scripts.iter().map(|script| script.version.clone()).collect();
    assert_eq!(versions.len(), 2, "{name}");
    let writing = |at: usize| Writing {
        script: &scripts[at],
        previous: at.checked_sub(1).map(|before| &scripts[before]),
        op: "5e551075",
        took: 12,
    };
    assert_eq!(entries(&mut session, &ledger, &scripts).await, [""; 0]);
    session.begin().await.unwrap();
    session.record(&ledger, &writing(0)).await.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    assert_eq!(entries(&mut session, &ledger, &scripts).await, versions[..1]);
    session.abort().await.unwrap();
    assert_eq!(entries(&mut session, &ledger, &scripts).await, [""; 0], "{name}");
    session.record(&ledger, &writing(0)).await.unwrap();
    let tools_say_so = !ledger.begin(&writing(1)).is_empty();
    session.record_begun(&ledger, &writing(1)).await.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    let begun = entries(&mut other, &ledger, &scripts).await;
    assert_eq!(begun.len(), if tools_say_so { 2 } else { 1 }, "{name}: {begun:?}");
    assert_eq!(begun.last().is_some_and(|last| last.ends_with('!')), tools_say_so, "{name}: {begun:?}");
    session.record(&ledger, &writing(1)).await.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
    assert_eq!(entries(&mut other, &ledger, &scripts).await, versions, "{name}");
    for left in [1, 0] {
        session.unrecord(&ledger, &writing(left)).await.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        assert_eq!(entries(&mut other, &ledger, &scripts).await, versions[..left], "{name}");
    }
    let made = difference(&base, &session.catalogue(&without).await.unwrap());
    let schema = table.and_then(|table| table.split_once('.')).map(|(schema, _)| format!("+schema | {schema} | "));
    let other: Vec<_> = made.iter().filter(|line| schema.as_ref().is_none_or(|own| !line.starts_with(own))).collect();
    assert!(other.is_empty(), "{name}: {other:#?}");
}

#[tokio::test]
async fn a_server_keeps_the_ledger_of_every_tool() {
    let house = House::server().await;
    for layout in Layout::ALL {
        holds(&house, layout, None).await;
    }
    holds(&house, Layout::Sqlx, Some("kept.Migrations")).await;
    holds(&house, Layout::Goose, Some("kept.Migrations")).await;
}

/// As `pg_dump` writes it at the head of what it makes.
const EMPTIED: &str = "SELECT pg_catalog.set_config('search_path', '', false);";

#[tokio::test]
async fn a_script_that_empties_the_search_path_is_written_in_like_any_other() {
    let house = House::server().await;
    let mut session = house.session(&house.database("emptied").await).await;
    let ledger = Ledger { layout: Layout::Sqlx, dialect: house.dialect(), table: None };
    let scripts = scripts(Layout::Sqlx);
    session.run(EMPTIED).await.unwrap();
    session.make_ledger(&ledger).await.unwrap();
    session.begin().await.unwrap();
    session.run(EMPTIED).await.unwrap();
    session.record(&ledger, &Writing { script: &scripts[0], previous: None, op: "5e551075", took: 1 }).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(entries(&mut session, &ledger, &scripts).await, [scripts[0].version.as_str()]);
    let found = session.value("SELECT count(*) FROM public._sqlx_migrations").await.unwrap();
    assert_eq!(found.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_file_keeps_the_ledger_of_every_tool() {
    let house = House::folder();
    for layout in Layout::ALL {
        holds(&house, layout, None).await;
    }
    holds(&house, Layout::Flyway, Some("Migrations")).await;
}
