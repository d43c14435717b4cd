//! Somebody writes all the while: whatever was acknowledged to them is there, or is what the plan said would be lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::scripts::{FAILS, INDEXES, LEGACY, NOTES, TAGS};
use crate::shop::{DATABASE, Shop};

const ALLOWED: [&str; 4] = ["apply", "--yes", "--allow-loss", "migration.shop.0004_legacy"];

/// Inserts one row after the other, each with the next number, over connections of its own.
struct Writer {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Written>>,
}

/// A row that the server has acknowledged.
#[derive(Debug, Clone, Copy)]
struct Written {
    number: u64,
    /// When it was written, by the server's clock, in milliseconds since 1970.
    at: i64,
}

impl Writer {
    fn start(url: String, name: &'static str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(write(&url, name, &over))
        });
        Self { is_over, thread }
    }

    fn stop(self) -> Vec<Written> {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

async fn write(url: &str, name: &str, over: &AtomicBool) -> Vec<Written> {
    let (mut written, mut number, mut connection) = (Vec::new(), 0, None::<PgConnection>);
    while !over.load(Ordering::Relaxed) {
        if connection.is_none() {
            connection = PgConnection::connect(url).await.ok();
        }
        let Some(open) = connection.as_mut() else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        number += 1;
        let insert = format!(
            "INSERT INTO notes (text) VALUES ('{name} {number}') \
             RETURNING (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        );
        // One whose answer is lost may be there or not.
        match sqlx::query_scalar(AssertSqlSafe(insert)).persistent(false).fetch_one(open).await {
            Ok(at) => written.push(Written { number, at }),
            Err(_) => connection = None,
        }
    }
    written
}

async fn present(shop: &Shop, database: &str, name: &str) -> BTreeSet<u64> {
    let mut connection = shop.server.connection(database).await;
    let ask = "SELECT split_part(text, ' ', 2)::bigint FROM notes WHERE starts_with(text, $1 || ' ')";
    let found: Vec<i64> = sqlx::query_scalar(ask).bind(name).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found.into_iter().map(|number| u64::try_from(number).unwrap()).collect()
}

/// Runs omni while somebody writes; what was acknowledged and what of it is missing, and what omni said.
async fn ran(shop: &Shop, words: &[&'static str], code: i32) -> (Vec<Written>, Vec<Written>, String) {
    let name = words[0];
    let writer = Writer::start(shop.server.url(DATABASE), name);
    // Before and after it is written to as well.
    until_written(shop, name).await;
    let ran = shop.omni(words);
    until_written(shop, name).await;
    let written = writer.stop();
    assert_eq!(ran.code, Some(code), "{}", ran.text);
    let present = present(shop, DATABASE, name).await;
    let missing: Vec<_> = written.iter().copied().filter(|one| !present.contains(&one.number)).collect();
    tell(name, written.len(), missing.len());
    (written, missing, ran.text)
}

#[expect(clippy::print_stdout, reason = "how much was written is what makes it a test")]
fn tell(word: &str, written: usize, missing: usize) {
    println!("written during {word}: {written} rows were acknowledged, {missing} of them are missing");
}

/// Waits until twenty more rows are there.
async fn until_written(shop: &Shop, name: &str) {
    let before = present(shop, DATABASE, name).await.len();
    while present(shop, DATABASE, name).await.len() < before + 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn nothing_is_missing_after_an_apply_and_a_rollback() {
    let shop = Shop::new("wfwd").await;
    shop.write("v2", &[NOTES, TAGS, INDEXES, LEGACY]);
    let (written, missing, said) = ran(&shop, &ALLOWED, 0).await;
    assert!(missing.is_empty(), "{} of {}: {missing:?}\n{said}", missing.len(), written.len());
    let words = ["rollback", "--to", "v1", "--yes", "--allow-loss", "migration.shop.0003_indexes"];
    let words = [&words[..], &["--allow-loss", "migration.shop.0002_tags"], &["--allow-loss", LOSSY_DOWN]].concat();
    let (written, missing, said) = ran(&shop, &words, 0).await;
    assert!(missing.is_empty(), "{} of {}: {missing:?}\n{said}", missing.len(), written.len());
}
const LOSSY_DOWN: &str = "migration.shop.0004_legacy";

#[tokio::test]
async fn nothing_is_missing_after_an_apply_that_was_undone_by_its_ways_down() {
    let shop = Shop::new("wund").await;
    shop.write("v2", &[NOTES, TAGS, INDEXES, FAILS]);
    let before = shop.facts().await;
    let (written, missing, said) = ran(&shop, &ALLOWED[..2], 1).await;
    assert!(missing.is_empty(), "{} of {}: {missing:?}\n{said}", missing.len(), written.len());
    assert_eq!(shop.facts().await.ledger, before.ledger);
}

#[tokio::test]
async fn what_is_missing_after_a_restore_was_written_after_the_backup_as_the_plan_said() {
    let shop = Shop::new("wres").await;
    shop.write("v2", &[NOTES, TAGS, INDEXES, LEGACY, FAILS]);
    let plan = shop.ends(&["plan"], 0);
    assert!(plan.text.contains("what is written after the backup is lost if it is rolled back"), "{}", plan.text);
    let (written, missing, said) = ran(&shop, &ALLOWED, 1).await;
    // When the backup was begun, by the server's clock.
    let manifests = std::fs::read_dir(shop.world.path("backups")).unwrap().flatten();
    let manifests = manifests.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "json"));
    let made: Vec<Value> =
        manifests.map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap()).collect();
    let mut made = made.iter().map(|sealed| &sealed["manifest"]);
    let made = made.find(|manifest| manifest["made_by"] != "before-restore").expect("the backup of the apply");
    let at: jiff::Timestamp = made["at"].as_str().unwrap().parse().unwrap();
    let (Some(first), Some(last)) = (missing.first(), missing.last()) else {
        panic!("somebody writes all the while, so something was written after the backup:\n{said}")
    };
    assert!(first.at >= at.as_millisecond(), "{first:?} was written before the backup at {at}");
    // Nothing but what was written between the backup and the restore.
    let between = written.iter().filter(|one| (first.number..=last.number).contains(&one.number)).count();
    assert_eq!(between, missing.len(), "what is missing is one stretch: {missing:?}");
    // And all of it is kept, where omni says.
    let kept = shop.beside().await.into_iter().find(|name| name.starts_with("omni_before_")).expect("it is kept");
    assert!(said.contains(&kept), "it says where: {said}");
    let kept = present(&shop, &kept, "apply").await;
    let gone: Vec<_> = missing.iter().filter(|one| !kept.contains(&one.number)).collect();
    assert!(gone.is_empty(), "{gone:?} are nowhere");
}
