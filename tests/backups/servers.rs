//! Databases of a server.

use omni::provider::FaultKind;
use omni::provider::backup::tools::host::HostTools;
use omni::provider::backup::{Consent, Inventory, Manifest, Others};
use omni::resource::Verify;

use crate::bench::{Bench, nobody};
use crate::postgres::Server;

const CONTENT: &str = include_str!("content.sql");

/// What a dump carries and no count tells.
const DEEP: &str = "SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM shop.everything t \
     UNION ALL SELECT string_agg(md5(lo_get(oid)), ',' ORDER BY oid) FROM pg_largeobject_metadata \
     UNION ALL SELECT last_value::text FROM shop.numbers \
     UNION ALL SELECT (shop.secret('word') = crypt('word', shop.secret('word')))::text";

async fn deep(bench: &Bench, url: &str) -> String {
    let query = format!("SELECT string_agg(c, ';') FROM ({DEEP}) x(c)");
    bench.session(url).await.value(&query).await.unwrap().unwrap()
}

async fn databases(bench: &Bench, url: &str) -> String {
    let query = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate";
    bench.session(url).await.value(query).await.unwrap().unwrap()
}

/// A server, and its database with a bit of everything.
async fn stage() -> (Bench, Server, String) {
    let server = Server::start().await;
    let url = server.database("shop").await;
    server.sql("shop", CONTENT).await;
    (Bench::new(), server, url)
}

async fn made(bench: &Bench, url: &str) -> Manifest {
    bench.on(url, &|_| {}).make("op1", &nobody()).await.unwrap()
}

#[tokio::test]
async fn a_database_comes_back_as_it_was() {
    let (bench, server, url) = stage().await;
    let (before, deep_before) =
        (Inventory::of(&mut *bench.session(&url).await).await.unwrap(), deep(&bench, &url).await);
    let backups = bench.on(&url, &|_| {});
    let made = backups.make("op1", &nobody()).await.unwrap();
    assert_eq!(made.content, before);
    assert_eq!(made.content.rows["shop.everything"], 1000);
    assert_eq!(made.content.rows["large objects"], 2);
    let tried = backups.verify(&made, Verify::Restore).await.unwrap();
    assert!(tried.is_restorable());
    assert_eq!(databases(&bench, &url).await, "postgres,shop", "no scratch database is left");

    let ruin =
        "DROP SCHEMA shop CASCADE; CREATE TABLE other (a int); SELECT lo_unlink(oid) FROM pg_largeobject_metadata";
    server.sql("shop", ruin).await;
    let restored = backups.restore(&tried, Consent::Replace, Others::Refuse).await.unwrap();
    assert_eq!(restored.kept, None);
    assert_eq!(Inventory::of(&mut *bench.session(&url).await).await.unwrap(), before);
    assert_eq!(deep(&bench, &url).await, deep_before);
    assert_eq!(databases(&bench, &url).await, "postgres,shop");
    let mut session = bench.session(&url).await;
    let own = "SELECT concat_ws(',', current_setting('work_mem'), shobj_description(oid, 'pg_database'), datconnlimit, \
               has_database_privilege('clerk', oid, 'CONNECT'), has_database_privilege('stranger', oid, 'CONNECT')) \
               FROM pg_database WHERE datname = 'shop'";
    assert_eq!(session.value(own).await.unwrap().as_deref(), Some("7MB,the shop,50,t,f"));
    let safety = restored.safety.unwrap();
    assert!(safety.content.rows.contains_key("public.other"));
}

#[tokio::test]
async fn an_empty_database_is_backed_up_and_restored_into() {
    let server = Server::start().await;
    let (url, other) = (server.database("shop").await, server.database("other").await);
    let bench = Bench::new();
    let backups = bench.on(&url, &|_| {});
    let empty = backups.make("manual", &nobody()).await.unwrap();
    backups.verify(&empty, Verify::Restore).await.unwrap();
    server.sql("other", CONTENT).await;
    let full = made(&bench, &other).await;
    let restored = backups.restore(&full, Consent::Empty, Others::Refuse).await.unwrap();
    assert_eq!(restored.safety, None);
    let fault = backups.restore(&empty, Consent::Empty, Others::Refuse).await.unwrap_err();
    assert!(fault.message.contains("not empty"), "{fault}");
}

#[tokio::test]
async fn rows_written_during_a_dump_are_in_neither_the_dump_nor_the_count() {
    let (bench, server, url) = stage().await;
    let mut writer = server.connection("shop").await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let writing = async {
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            sqlx::raw_sql("INSERT INTO shop.everything (note) VALUES ('late')").execute(&mut writer).await.unwrap();
        }
    };
    let backups = bench.on(&url, &|_| {});
    let making = async {
        let made = backups.make("op1", &nobody()).await.unwrap();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        made
    };
    let ((), made) = tokio::join!(writing, making);
    assert!(made.content.rows["shop.everything"] >= 1000);
    backups.verify(&made, Verify::Restore).await.unwrap();
}

#[tokio::test]
async fn others_that_are_connected_are_counted_or_ended() {
    let (bench, server, url) = stage().await;
    let made = made(&bench, &url).await;
    let (one, two) = (server.connection("shop").await, server.connection("shop").await);
    let backups = bench.on(&url, &|_| {});
    let fault = backups.restore(&made, Consent::Replace, Others::Refuse).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.message.contains("2 other sessions"), "{fault}");
    server.sql("shop", "DELETE FROM shop.everything WHERE id > 1").await;
    backups.restore(&made, Consent::Replace, Others::End).await.unwrap();
    let count = bench.session(&url).await.value("SELECT count(*)::text FROM shop.everything").await.unwrap();
    assert_eq!(count.as_deref(), Some("1000"));
    drop((one, two));
}

#[tokio::test]
async fn a_restore_that_fails_leaves_the_old_database() {
    let (bench, server, url) = stage().await;
    let made = made(&bench, &url).await;
    server.sql("shop", "DELETE FROM shop.everything WHERE id > 10").await;
    // What the dump needs is gone.
    server.sql("postgres", "ALTER ROLE clerk RENAME TO cashier").await;
    let before = Inventory::of(&mut *bench.session(&url).await).await.unwrap();
    let backups = bench.on(&url, &|_| {});
    let fault = backups.restore(&made, Consent::Replace, Others::Refuse).await.unwrap_err();
    assert!(fault.message.contains("`pg_restore` failed") && fault.message.contains("clerk"), "{fault}");
    assert_eq!(Inventory::of(&mut *bench.session(&url).await).await.unwrap(), before);
    assert_eq!(databases(&bench, &url).await, "postgres,shop");
    let listed = bench.shelf.list().await.unwrap();
    assert_eq!(listed.whole.len(), 1, "what it would hold is in the database");
}

#[tokio::test]
async fn what_is_written_after_the_safety_backup_is_not_dropped() {
    let (bench, server, url) = stage().await;
    let made = made(&bench, &url).await;
    let port = server.socket_url("shop");
    let written = std::sync::Mutex::new(false);
    // While the backup is restored beside, somebody writes to the old one and is gone again.
    let hear = |line: String| {
        let mut written = written.lock().unwrap();
        if line.ends_with("written") && !*written {
            *written = true;
            let psql = crate::postgres::programs().join("psql");
            let insert = "INSERT INTO shop.everything (note) VALUES ('late')";
            let done = std::process::Command::new(psql).args([&port, "-qc", insert]).status().unwrap();
            assert!(done.success());
        }
    };
    let restored = bench.on(&url, &hear).restore(&made, Consent::Replace, Others::Refuse).await.unwrap();
    let kept = restored.kept.expect("it was written to");
    let count = "SELECT count(*)::text FROM shop.everything WHERE note = 'late'";
    let mut session = bench.session(&server.url(&kept)).await;
    assert_eq!(session.value(count).await.unwrap().as_deref(), Some("1"));
    assert_eq!(bench.session(&url).await.value(count).await.unwrap().as_deref(), Some("0"));
}

/// A restore that is killed once both names are changed leaves the database of before under another name; the undo that
/// is repeated finds nothing to restore.
#[tokio::test]
async fn what_a_restore_that_was_cut_off_has_left_is_cleared_away() {
    let (bench, server, url) = stage().await;
    let made = made(&bench, &url).await;
    let run = format!("r7x{}", made.sha256.short());
    let (same, written) = (format!("omni_before_1795427112_{run}_0"), format!("omni_before_1795427113_{run}_7"));
    let another = "omni_before_1795427112_r7x0123456789ab_0".to_owned();
    for name in [&same, &written, &another] {
        server.sql("shop", &format!("CREATE DATABASE {name}")).await;
    }
    let kept = bench.on(&url, &|_| {}).clear(&made).await.unwrap();
    assert_eq!(kept.as_ref(), Some(&written), "somebody has written to it since");
    assert_eq!(databases(&bench, &url).await, format!("{another},{written},postgres,shop"));
}

#[tokio::test]
async fn programs_that_are_missing_or_too_old_are_named() {
    let (mut bench, _server, url) = stage().await;
    let folder = bench.folder.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    let old = folder.join("pg_dump");
    std::fs::write(&old, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 11.4'\n").unwrap();
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    bench.tools = HostTools { folder: Some(folder) };
    let fault = bench.on(&url, &|_| {}).make("op1", &nobody()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound, "{fault}");
    assert!(fault.message.contains("11") && fault.help.unwrap().contains("PostgreSQL 15"));
    assert!(bench.files().is_empty());
}

#[tokio::test]
async fn a_dump_that_is_cut_off_is_none() {
    let (mut bench, _server, url) = stage().await;
    let folder = bench.folder.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    let script = "#!/bin/sh\ncase $1 in --version) echo 'pg_dump (PostgreSQL) 15.9';; *) echo PGDMP; \
                  echo 'pg_dump: error: the server is gone' >&2; exit 1;; esac\n";
    std::fs::write(folder.join("pg_dump"), script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.join("pg_dump"), mode).unwrap();
    bench.tools = HostTools { folder: Some(folder) };
    let fault = bench.on(&url, &|_| {}).make("op1", &nobody()).await.unwrap_err();
    assert!(fault.message.contains("the server is gone"), "{fault}");
    assert!(bench.files().is_empty());
}
