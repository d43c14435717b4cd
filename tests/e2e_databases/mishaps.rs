//! What befalls a server while omni works on it: its sessions are ended, it is killed and starts again, or stays away.

use std::fs;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection};

use crate::postgres::{PASSWORD, USER};
use crate::scripts::{FAILS, INDEXES, LEGACY, NOTES, Script, TAGS};
use crate::shop::{DATABASE, Facts, Shop, run};
use crate::wire::Wire;
use crate::world::Ran;

pub(crate) const APPLY: [&str; 4] = ["apply", "--yes", "--allow-loss", "migration.shop.0004_legacy"];

/// What takes a while, in one transaction.
const SLOW: Script = Script {
    name: "0002_slow",
    up: "CREATE TABLE slow (id int PRIMARY KEY);\nSELECT pg_sleep(1.5);\nINSERT INTO slow VALUES (1);",
    down: "DELETE FROM slow;\nSELECT pg_sleep(1.5);\nDROP TABLE slow;",
    parts: &["to_regclass('slow') IS NOT NULL"],
};

/// Whether omni is in the middle of that.
const SLEEPS: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'omni/%' \
     AND wait_event = 'PgSleep')";
/// Whether it waits for somebody else's lock.
const WAITS: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'omni/%' \
     AND wait_event_type = 'Lock' AND query ~ 'CONCURRENTLY')";
/// Whether it restores a backup, not to try it but to put it in the place of the database.
const RESTORES: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'omni/%' \
     AND datname ~ '^omni_scratch_[0-9]+_r')";
const END_ALL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE application_name LIKE 'omni/%'";

/// omni at work.
struct Working(JoinHandle<Ran>);

impl Working {
    fn start(shop: &Shop, words: &[&str]) -> Self {
        let mut command = shop.command(words);
        Self(std::thread::spawn(move || Ran::of(&command.output().unwrap())))
    }

    fn end(self) -> Ran {
        self.0.join().unwrap()
    }

    /// Waits until a question is answered with true; false where omni ends before.
    async fn until(&self, shop: &Shop, question: &str) -> bool {
        let begun = Instant::now();
        let mut connection = shop.server.connection("postgres").await;
        let ask = format!("SELECT {question}");
        loop {
            let is_so: bool = sqlx::query_scalar(AssertSqlSafe(ask.clone())).fetch_one(&mut connection).await.unwrap();
            if is_so || self.0.is_finished() {
                connection.close().await.unwrap();
                return is_so;
            }
            assert!(begun.elapsed() < Duration::from_mins(2), "it never comes to {question}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What the shop was before, and what is to be true afterwards.
pub(crate) struct Before {
    facts: Facts,
    pub(crate) scripts: &'static [Script],
}

impl Before {
    pub(crate) async fn of(shop: &Shop, scripts: &'static [Script]) -> Self {
        shop.write("v2", scripts);
        Self { facts: shop.facts().await, scripts }
    }

    /// That everything is as before.
    pub(crate) async fn is_back(&self, shop: &Shop, said: &str) {
        let judged = shop.judged(self.scripts, &self.facts, &self.facts, false, said).await;
        judged.unwrap_or_else(|why| panic!("{why}"));
    }

    /// That every migration is applied.
    pub(crate) async fn is_done(&self, shop: &Shop, said: &str) {
        let after = shop.facts().await;
        assert_eq!(after.ledger, self.scripts.iter().map(Script::version).collect::<Vec<_>>(), "{said}");
        let judged = shop.judged(self.scripts, &after, &after, true, said).await;
        judged.unwrap_or_else(|why| panic!("{why}"));
    }
}

#[tokio::test]
async fn a_session_that_is_ended_in_a_transaction_is_begun_again() {
    let shop = Shop::new("tonce").await;
    let before = Before::of(&shop, &[NOTES, SLOW]).await;
    let working = Working::start(&shop, &APPLY[..2]);
    assert!(working.until(&shop, SLEEPS).await, "it sleeps");
    assert!(shop.server.cut(DATABASE).await > 0);
    let ran = working.end();
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    before.is_done(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_connection_that_is_forgotten_on_the_way_is_not_waited_for_for_ever() {
    let shop = Shop::new("tmute").await;
    let before = Before::of(&shop, &[NOTES, SLOW]).await;
    let wire = Wire::new(shop.server.port);
    let url = format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{DATABASE}", wire.port);
    shop.write_at("v2", &url, before.scripts);
    let mut command = shop.command(&APPLY[..2]);
    command.env("OMNI_HASTE", "10");
    let working = Working(std::thread::spawn(move || Ran::of(&command.output().unwrap())));
    assert!(working.until(&shop, SLEEPS).await, "it sleeps");
    wire.forget();
    let ran = working.end();
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    before.is_done(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_session_that_is_ended_each_time_turns_the_apply() {
    let shop = Shop::new("tever").await;
    let before = Before::of(&shop, &[NOTES, SLOW]).await;
    let working = Working::start(&shop, &APPLY[..2]);
    let mut ended = 0;
    while working.until(&shop, SLEEPS).await {
        ended += shop.server.cut(DATABASE).await;
    }
    let ran = working.end();
    assert!(ended >= 3, "only {ended} sessions were ended:\n{}", ran.text);
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.text.contains("0002_slow") && ran.text.contains("terminating connection"), "{}", ran.text);
    before.is_back(&shop, &ran.text).await;
}

#[tokio::test]
async fn an_index_whose_session_was_ended_is_dropped_and_made_again() {
    let shop = Shop::new("tindex").await;
    let before = Before::of(&shop, &[NOTES, TAGS, INDEXES]).await;
    let working = Working::start(&shop, &APPLY[..2]);
    // Somebody's transaction is open, for whose end each index waits.
    assert!(working.until(&shop, "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'omni/%')").await);
    let mut other = shop.server.connection(DATABASE).await;
    loop {
        run(&mut other, "BEGIN; SET LOCAL lock_timeout = '100ms'").await;
        let held = sqlx::raw_sql("INSERT INTO notes (text) VALUES ('held')").execute(&mut other).await;
        let waits = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'omni/%' \
                     AND wait_event_type = 'Lock')";
        tokio::time::sleep(Duration::from_millis(20)).await;
        let ask = format!("SELECT {waits} AND {WAITS}");
        let is_index =
            held.is_ok() && sqlx::query_scalar::<_, bool>(AssertSqlSafe(ask)).fetch_one(&mut other).await.unwrap();
        if is_index {
            break;
        }
        run(&mut other, "ROLLBACK").await;
        assert!(!working.0.is_finished(), "it did not come to an index");
    }
    assert!(shop.server.cut(DATABASE).await > 0);
    run(&mut other, "ROLLBACK").await;
    let ran = working.end();
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    before.is_done(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_restore_whose_sessions_are_ended_is_done_again() {
    let shop = Shop::new("trest").await;
    let before = Before::of(&shop, &[NOTES, TAGS, INDEXES, LEGACY, FAILS]).await;
    let working = Working::start(&shop, &APPLY);
    let mut ended = 0;
    for _ in 0..2 {
        if working.until(&shop, RESTORES).await {
            let mut connection = shop.server.connection("postgres").await;
            ended += sqlx::query_scalar::<_, i64>(END_ALL).fetch_one(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
    let ran = working.end();
    assert!(ended > 0, "{}", ran.text);
    // On a busy machine the time in which an undo is done again may be over.
    if ran.code == Some(3) {
        shop.ends(&["recover"], 0);
    } else {
        assert_eq!(ran.code, Some(1), "{}", ran.text);
    }
    before.is_back(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_server_that_is_killed_and_starts_again_is_waited_for() {
    let mut shop = Shop::new("pmfwd").await;
    let before = Before::of(&shop, &[NOTES, SLOW]).await;
    let working = Working::start(&shop, &APPLY[..2]);
    assert!(working.until(&shop, SLEEPS).await, "it sleeps");
    shop.server.kill();
    shop.server.start_again(&[]).await;
    let ran = working.end();
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    before.is_done(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_server_that_is_killed_while_an_apply_is_undone_is_waited_for() {
    let mut shop = Shop::new("pmund").await;
    let before = Before::of(&shop, &[NOTES, SLOW, FAILS]).await;
    let working = Working::start(&shop, &APPLY[..2]);
    let is_undone = "EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'omni/%' \
                     AND wait_event = 'PgSleep' AND EXISTS (SELECT FROM pg_locks WHERE pid = pg_stat_activity.pid \
                     AND mode = 'RowExclusiveLock' AND locktype = 'relation'))";
    assert!(working.until(&shop, SLEEPS).await, "it sleeps on its way up");
    assert!(working.until(&shop, &format!("NOT {SLEEPS}")).await, "it has gone up");
    assert!(working.until(&shop, is_undone).await, "it sleeps on its way down");
    shop.server.kill();
    shop.server.start_again(&[]).await;
    let ran = working.end();
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    before.is_back(&shop, &ran.text).await;
}

#[tokio::test]
async fn a_server_that_stays_away_leaves_an_apply_that_can_be_recovered() {
    let mut shop = Shop::new("pmaway").await;
    let before = Before::of(&shop, &[NOTES, SLOW]).await;
    let spec = shop.world.path("deploy.toml");
    let hasty = fs::read_to_string(&spec).unwrap().replace("connect_timeout = \"20s\"", "connect_timeout = \"2s\"");
    fs::write(&spec, hasty).unwrap();
    let working = Working::start(&shop, &APPLY[..2]);
    assert!(working.until(&shop, SLEEPS).await, "it sleeps");
    shop.server.kill();
    let ran = working.end();
    assert_eq!(ran.code, Some(3), "{}", ran.text);
    assert!(ran.text.contains("omni recover"), "{}", ran.text);
    shop.server.start_again(&[]).await;
    let recovered = shop.ends(&["recover"], 0);
    before.is_back(&shop, &recovered.text).await;
}
