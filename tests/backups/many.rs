//! Varied backups, every one restored: empty and large, encrypted and not, with names and values that nobody likes.
//!
//! `OMNI_BACKUPS` says how many, half of them of each kind of database. What is in one is drawn from its number, which a
//! failure tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use omni::migration::Dialect;
use omni::provider::backup::{Consent, Inventory, Keys, Others};
use omni::provider::database::Session;
use omni::resource::Verify;

use crate::bench::Bench;
use crate::damage::{Dice, keys};
use crate::postgres::Server;

const NAMES: [&str; 12] = [
    "plain",
    "Odd \"name'",
    "select",
    "a b.c",
    "ünïcödé",
    "日本語",
    "%s $1 {} \\n",
    "tab\there",
    "-- not; a /* comment",
    "sixty_three_bytes_are_the_most_that_a_name_of_postgres_may_have",
    " ",
    "emoji 🦀",
];
const POSTGRES: [(&str, &str); 12] = [
    ("integer", "i"),
    ("text", "repeat(chr(32 + i % 90), i % 50)"),
    ("text", "CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE E'\\\\.\\n\\t\\\\N' END"),
    ("bytea", "decode(md5(i::text) || '00ff', 'hex')"),
    ("numeric", "CASE i % 4 WHEN 0 THEN 'NaN'::numeric ELSE i / 7.0 END"),
    ("double precision", "CASE i % 4 WHEN 0 THEN 'Infinity'::float8 ELSE i * 1e-300 END"),
    (
        "timestamptz",
        "CASE i % 5 WHEN 0 THEN '-infinity'::timestamptz ELSE 'epoch'::timestamptz + i * interval '1 h' END",
    ),
    ("jsonb", "jsonb_build_object('é', i, 'n', NULL)"),
    ("text[]", "ARRAY['a', NULL, 'c,\"d}', i::text]"),
    ("uuid", "md5(i::text)::uuid"),
    ("boolean", "i % 2 = 0"),
    ("text", "CASE i WHEN 1 THEN repeat('large ', 300000) END"),
];
const SQLITE: [(&str, &str); 7] = [
    ("INTEGER", "i"),
    ("TEXT", "printf('%.*c', i % 50, 'x')"),
    ("TEXT", "CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'it''s' || char(10, 9, 0, 955) END"),
    ("BLOB", "randomblob(i % 300)"),
    ("REAL", "i * 1e-300"),
    ("", "CASE i % 2 WHEN 0 THEN i ELSE 'any' END"),
    ("BLOB", "CASE i WHEN 1 THEN zeroblob(2000000) END"),
];

/// The SQL that fills a database of this number, statement by statement, and its tables.
fn content(number: usize, dialect: Dialect) -> (Vec<String>, Vec<String>) {
    let mut dice = Dice(number as u64 * 7919 + 17);
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (mut statements, mut tables) = (Vec::new(), Vec::new());
    // The first of each kind is empty.
    let count = if number == 0 { 0 } else { 1 + dice.below(4) };
    for table in 0..count {
        let name = NAMES[(number + table * 5) % NAMES.len()];
        let (mut columns, mut values) = (String::new(), String::new());
        for at in 0..=dice.below(5) {
            let (kind, value) = match dialect {
                Dialect::Postgres => POSTGRES[dice.below(POSTGRES.len())],
                Dialect::Sqlite => SQLITE[dice.below(SQLITE.len())],
            };
            let column = quoted(&format!("{at} {}", NAMES[dice.below(9)]));
            write!(columns, ", {column} {kind}").unwrap();
            write!(values, ", {value}").unwrap();
        }
        let table = quoted(name);
        statements.push(format!("CREATE TABLE {table} (id integer PRIMARY KEY{columns})"));
        let rows = [0, 1, 7, 300, 2000][dice.below(5)];
        let series = match dialect {
            Dialect::Postgres => format!("generate_series(1, {rows}) i"),
            Dialect::Sqlite => format!(
                "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n WHERE {rows} > 0)"
            ),
        };
        statements.push(format!("INSERT INTO {table} SELECT i{values} FROM {series}"));
        tables.push(table);
    }
    (statements, tables)
}

/// What is in each table, to the last value.
async fn rows(session: &mut dyn Session, tables: &[String]) -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for table in tables {
        let query = match session.facts().dialect {
            Dialect::Postgres => format!("SELECT md5(string_agg(md5(t::text), '' ORDER BY id)) FROM {table} t"),
            Dialect::Sqlite => {
                let columns = format!(
                    "SELECT group_concat('quote(\"' || replace(name, '\"', '\"\"') || '\")', ' || ') FROM pragma_table_info('{}')",
                    table.trim_matches('"').replace("\"\"", "\"").replace('\'', "''")
                );
                let columns = session.value(&columns).await.unwrap().unwrap();
                format!("SELECT group_concat({columns}) FROM (SELECT * FROM {table} ORDER BY id)")
            }
        };
        found.insert(table.clone(), session.value(&query).await.unwrap());
    }
    found
}

/// Backs a database up, ruins it, and restores it.
async fn there_and_back(bench: &mut Bench, url: &str, number: usize, dialect: Dialect) {
    let (statements, tables) = content(number, dialect);
    let mut session = bench.session(url).await;
    for statement in &statements {
        session.run(statement).await.unwrap_or_else(|fault| panic!("{number}: {statement}: {fault}"));
    }
    let before = rows(&mut *session, &tables).await;
    drop(session);
    let identity = age::x25519::Identity::generate();
    let is_sealed = number % 2 == 1;
    let to = BTreeSet::from_iter(is_sealed.then(|| identity.to_public().to_string()));
    bench.keys = if is_sealed { keys(&identity) } else { Keys::default() };
    let backups = bench.on(url, &|_| {});
    let made = backups.make("manual", &to).await.unwrap_or_else(|fault| panic!("{dialect} {number}: {fault}"));
    let tried =
        backups.verify(&made, Verify::Restore).await.unwrap_or_else(|fault| panic!("{dialect} {number}: {fault}"));
    assert!(tried.is_restorable());
    let mut session = bench.session(url).await;
    for table in &tables {
        session.run(&format!("DROP TABLE {table}")).await.unwrap();
    }
    session.run("CREATE TABLE ruins (id integer)").await.unwrap();
    drop(session);
    let restored = backups.restore(&tried, Consent::Replace, Others::End).await;
    restored.unwrap_or_else(|fault| panic!("{dialect} {number}: {fault}"));
    let mut session = bench.session(url).await;
    assert_eq!(Inventory::of(&mut *session).await.unwrap(), made.content, "{dialect} {number}");
    assert_eq!(rows(&mut *session, &tables).await, before, "{dialect} {number}");
}

#[tokio::test]
async fn every_backup_restores() {
    #[expect(clippy::disallowed_methods, reason = "how many comes from outside")]
    let count: usize = std::env::var("OMNI_BACKUPS").map_or(8, |text| text.parse().unwrap());
    let (mut bench, server) = (Bench::new(), Server::start().await);
    for number in 0..count / 2 {
        let name = ["shop", "Shop-1", "sh op", "é"][number % 4];
        server.sql("postgres", &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
        server.database(name).await;
        let encoded = name.replace(' ', "%20").replace('é', "%C3%A9");
        there_and_back(&mut bench, &server.url(&encoded), number, Dialect::Postgres).await;
        let url = format!("sqlite:{}?mode=rwc", bench.folder.path().join(format!("data/{number}.db")).display());
        there_and_back(&mut bench, &url, number, Dialect::Sqlite).await;
    }
    println!("{} of {count} backups restored", count / 2 * 2);
}
