//! A database that is gone, or broken: a backup takes its place.

use std::fs;

use omni::provider::backup::{Consent, Inventory, Others};
use omni::resource::Verify;

use crate::bench::{Bench, nobody};
use crate::commands::Place;
use crate::postgres::Server;

#[tokio::test]
async fn a_broken_file_is_moved_aside_with_consent() {
    let place = Place::new("sqlite:data/shop.db", "");
    place.sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes (text) VALUES ('one')").await;
    let made = place.omni(&["backup", "create", "--json"]).ends(0).json();
    let name = made["backups"][0]["name"].as_str().unwrap();
    fs::write(place.path("data/shop.db"), "what is no database, and long enough to be told from one".repeat(99))
        .unwrap();
    fs::write(place.path("data/shop.db-wal"), "its log").unwrap();
    let before = fs::read(place.path("data/shop.db")).unwrap();

    place.omni(&["backup", "verify"]).ends(0);
    let dry = place.omni(&["backup", "restore", name, "--dry-run"]).ends(0);
    assert!(dry.out.contains("moved aside"), "{}", dry.out);
    let refused = place.omni(&["backup", "restore", name, "--yes"]).ends(8);
    assert!(refused.err.contains("omni::consent::loss") && refused.err.contains("moved aside"), "{}", refused.err);
    assert_eq!(fs::read(place.path("data/shop.db")).unwrap(), before);
    let agreed = ["backup", "restore", name, "--yes", "--allow-loss", "database.shop", "--json"];
    let said = place.omni(&agreed).ends(0).json();
    assert_eq!(place.count().await.as_deref(), Some("1"));
    let kept = said["kept"].as_str().unwrap();
    assert_eq!(fs::read(kept).unwrap(), before);
    assert!(!place.path("data/shop.db-wal").exists());
}

/// A page in the middle is found to be broken only when it is read, which is when the safety backup is made.
#[tokio::test]
async fn a_file_that_is_broken_inside_is_moved_aside_too() {
    let bench = Bench::new();
    let url = bench.sqlite("shop.db").await;
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("op1", &nobody()).await.unwrap();
    let path = bench.folder.path().join("data/shop.db");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[3 * 4096..end].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let restored = backups.restore(&made, Consent::Replace, Others::Refuse).await.unwrap();
    assert_eq!((restored.safety, fs::read(restored.kept.unwrap()).unwrap()), (None, bytes));
    assert_eq!(Inventory::of(&mut *bench.session(&url).await).await.unwrap(), made.content);
    assert_eq!(bench.shelf.list().await.unwrap().whole.len(), 1);
}

#[tokio::test]
async fn a_database_of_a_server_that_was_dropped_is_made_anew() {
    let (bench, server) = (Bench::new(), Server::start().await);
    let url = server.database("shop").await;
    server.sql("shop", "CREATE TABLE notes AS SELECT i FROM generate_series(1, 500) i").await;
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("op1", &nobody()).await.unwrap();
    server.sql("postgres", "DROP DATABASE shop").await;

    backups.verify(&made, Verify::Restore).await.unwrap();
    let (beside, _) = backups.restore_beside(&made).await.unwrap();
    let count = "SELECT count(*)::text FROM notes";
    assert_eq!(bench.session(&server.url(&beside)).await.value(count).await.unwrap().as_deref(), Some("500"));
    let restored = backups.restore(&made, Consent::Empty, Others::Refuse).await.unwrap();
    assert_eq!((restored.safety, restored.kept), (None, None));
    assert_eq!(bench.session(&url).await.value(count).await.unwrap().as_deref(), Some("500"));

    // What cannot be restored leaves no database.
    server.sql("postgres", "DROP DATABASE shop").await;
    fs::write(bench.shelf.path(&made), "no dump").unwrap();
    backups.restore(&made, Consent::Empty, Others::Refuse).await.unwrap_err();
    let names = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate";
    let mut left = bench.session(&server.url("postgres")).await;
    assert_eq!(left.value(names).await.unwrap(), Some(format!("{beside},postgres")));
}

#[tokio::test]
async fn the_commands_restore_a_dropped_database() {
    let server = Server::start().await;
    let url = server.database("shop").await;
    let place = Place::new(&url, "");
    place.sql("CREATE TABLE notes AS SELECT i FROM generate_series(1, 500) i").await;
    let made = place.omni(&["backup", "create", "--json"]).ends(0).json();
    let name = made["backups"][0]["name"].as_str().unwrap();
    server.sql("postgres", "DROP DATABASE shop").await;
    let said = place.omni(&["backup", "create"]).ends(7);
    assert!(said.err.contains("omni backup restore"), "{}", said.err);
    let dry = place.omni(&["backup", "restore", name, "--dry-run"]).ends(0);
    assert!(dry.out.contains("is not there: it is made"), "{}", dry.out);
    place.omni(&["backup", "restore", name, "--to", "scratch"]).ends(0);
    place.omni(&["backup", "restore", name, "--yes"]).ends(0);
    assert_eq!(place.count().await.as_deref(), Some("500"));
}
