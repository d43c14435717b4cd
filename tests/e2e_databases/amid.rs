//! Killed while the server is in the middle of a statement: how long that goes on, and what becomes of it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection};

use crate::scripts::{INDEXES, NOTES, Script, TAGS};
use crate::shop::{DATABASE, Shop, run, tell};

/// What takes longer than a lock may stay.
const LONG: Script = Script {
    name: "0002_long",
    up: "CREATE TABLE long (id int PRIMARY KEY);\nSELECT pg_sleep(20);",
    down: "DROP TABLE long;",
    parts: &["to_regclass('long') IS NOT NULL"],
};

fn started(shop: &Shop) -> Child {
    let mut command = shop.command(&["apply", "--yes"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until omni's session is so.
async fn until(shop: &Shop, omni: &mut Child, is_so: &str) {
    let begun = Instant::now();
    let mut connection = shop.server.connection("postgres").await;
    let ask = format!("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'omni/%' AND {is_so})");
    while !sqlx::query_scalar::<_, bool>(AssertSqlSafe(ask.clone())).fetch_one(&mut connection).await.unwrap() {
        assert!(omni.try_wait().unwrap().is_none(), "omni ended before {is_so}");
        assert!(begun.elapsed() < Duration::from_mins(2), "it never comes to {is_so}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    connection.close().await.unwrap();
}

/// Kills it; says how long its lock and its sessions stay.
async fn killed(shop: &Shop, mut omni: Child, what: &str) {
    omni.kill().unwrap();
    omni.wait().unwrap();
    let (locked, alone) = shop.until_alone().await.unwrap_or_else(|why| panic!("{why}"));
    tell(&format!("killed amid {what}: the lock was free after {locked:?}, the last session gone after {alone:?}"));
    // The server looks for its client twice a second; a busy machine takes its time.
    assert!(alone < Duration::from_secs(15), "{alone:?}");
}

#[tokio::test]
async fn a_transaction() {
    let shop = Shop::new("along").await;
    shop.write("v2", &[NOTES, LONG]);
    let before = shop.facts().await;
    let mut omni = started(&shop);
    until(&shop, &mut omni, "wait_event = 'PgSleep'").await;
    killed(&shop, omni, "a statement in a transaction").await;
    assert_eq!(shop.facts().await, before, "the server has taken it back by itself");
    let ran = shop.ends(&["recover"], 0);
    let judged = shop.judged(&[NOTES, LONG], &before, &before, false, &ran.text).await;
    judged.unwrap_or_else(|why| panic!("{why}"));
}

/// While somebody's transaction is open each index waits for its end.
async fn an_index(words: &[&str], name: &str) {
    let mut shop = Shop::new(name).await;
    shop.backups = "before = []";
    shop.write("v2", &[NOTES, TAGS]);
    shop.ends(&["apply", "--yes"], 0);
    shop.write("v3", &[NOTES, TAGS, INDEXES]);
    let before = shop.facts().await;
    let mut other = shop.server.connection(DATABASE).await;
    run(&mut other, "BEGIN; LOCK TABLE notes IN ROW EXCLUSIVE MODE").await;
    let mut omni = started(&shop);
    until(&shop, &mut omni, "wait_event_type = 'Lock' AND query ~ 'CONCURRENTLY'").await;
    killed(&shop, omni, "an index that is made concurrently").await;
    let ask = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('notes_text')";
    let is_valid: Option<bool> = sqlx::query_scalar(ask).fetch_optional(&mut other).await.unwrap();
    assert_eq!(is_valid, Some(false), "it is left half made");
    assert_eq!(shop.inconsistent(&[NOTES, TAGS, INDEXES]).await, [""; 0]);
    run(&mut other, "ROLLBACK").await;
    other.close().await.unwrap();
    let ran = shop.ends(words, 0);
    let found = shop.facts().await;
    let is_before = found.ledger == before.ledger;
    assert!(!is_before || found == before, "{found:?}\n{before:?}\n{}", ran.text);
    assert!(!found.schema.contains("valid f"), "{}", found.schema);
    assert_eq!(is_before, words.contains(&"--back"));
    let judged = shop.judged(&[NOTES, TAGS, INDEXES], &before, &found, false, &ran.text).await;
    judged.unwrap_or_else(|why| panic!("{why}"));
}

#[tokio::test]
async fn an_index_that_is_taken_back() {
    an_index(&["recover", "--back"], "aback").await;
}

#[tokio::test]
async fn an_index_that_is_finished() {
    an_index(&["recover", "--forward"], "aforth").await;
}

#[tokio::test]
async fn a_dump() {
    let shop = Shop::new("adump").await;
    shop.write("v2", &[NOTES, TAGS]);
    // Random, since what repeats itself is packed at once.
    let fill = "INSERT INTO notes (text) SELECT string_agg(md5(random()::text), '') \
                FROM generate_series(1, 800000) AS g GROUP BY g / 100";
    shop.server.sql(DATABASE, fill).await;
    let before = shop.facts().await;
    let mut omni = started(&shop);
    until(&shop, &mut omni, "query ~ '^COPY public.notes'").await;
    killed(&shop, omni, "a dump").await;
    let ran = shop.ends(&["recover"], 0);
    let judged = shop.judged(&[NOTES, TAGS], &before, &before, false, &ran.text).await;
    judged.unwrap_or_else(|why| panic!("{why}"));
    let files = || std::fs::read_dir(shop.world.path("backups")).unwrap().flatten().map(|entry| entry.file_name());
    assert!(files().any(|name| name.to_string_lossy().ends_with(".part")), "{:?}", files().collect::<Vec<_>>());
    // The next one sweeps it.
    shop.ends(&["apply", "--yes"], 0);
    assert!(!files().any(|name| name.to_string_lossy().starts_with('.')), "{:?}", files().collect::<Vec<_>>());
}
