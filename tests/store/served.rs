//! What a store on a server can suffer: races, killed holders, cut connections, a killed server, damage, a pooler in
//! between, and servers that cannot be used.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use omni::address::Scope;
use omni::journal::{Outcome, Record};
use omni::lock::{Held, Op};
use omni::store::{Locking, Machine, Postgres, Store, StoreError};

use crate::contract::{locked, made};
use crate::house::{Hands, OnDisk, Served};
use crate::postgres::{PASSWORD, Server};
use crate::sample::{apply, at, file, holder, node, records, release, scope};

const STORE: &str = "OMNI_TEST_STORE_URL";
const RACES: u32 = 50;

/// A machine that cannot tell who lives, so that the server alone decides.
fn machine() -> Machine {
    Machine::new(|| at(0), |_| None)
}

async fn opened(url: &str) -> Result<Postgres, StoreError> {
    Postgres::create(url, &scope(), machine()).await
}

/// Runs the child below on a store.
fn spawn(url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "served::child_races_for_the_lock", "--ignored", "--nocapture", "--test-threads=1"])
        .env(STORE, url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// The words after `said ` in what a child prints.
fn said(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("said ")?.1.strip_suffix('.')?.to_owned()))
}

/// Takes the lock whenever it is told a round, says what came of it, and gives it back when it is told.
#[tokio::test]
#[ignore = "run by its parents"]
async fn child_races_for_the_lock() {
    let url = std::env::var_os(STORE).expect("a child is run by its parent, not alone").into_string().unwrap();
    let mut store = opened(&url).await.unwrap();
    println!("\nsaid ready.");
    let mut order = [0];
    let mut had = None;
    while std::io::stdin().read(&mut order).unwrap() == 1 {
        match (order[0], had.take()) {
            (b't', _) => match store.take_lock(&holder(std::process::id()), 0).await.unwrap() {
                Locking::Locked(held) => {
                    println!("\nsaid locked {}.", held.fence);
                    had = Some(held.fence);
                }
                Locking::Refused(held) => println!("\nsaid refused {}.", held.fence),
            },
            (_, Some(fence)) => {
                store.drop_lock(fence).await.unwrap();
                println!("\nsaid free.");
            }
            (_, None) => println!("\nsaid nothing."),
        }
    }
}

fn order(child: &mut Child, word: u8) {
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), &[word]).unwrap();
}

#[tokio::test]
async fn of_two_processes_one_gets_the_lock_and_a_killed_one_frees_it_at_once() {
    let server = Server::start().await;
    server.database("race").await;
    let url = server.socket_url("race");
    let mut children = [spawn(&url), spawn(&url)];
    let mut voices = children.each_mut().map(said);
    for voice in &mut voices {
        assert_eq!(voice.next().unwrap(), "ready");
    }
    for round in 1..=RACES {
        for child in &mut children {
            order(child, b't');
        }
        let mut words = voices.each_mut().map(|voice| voice.next().unwrap());
        words.sort();
        assert_eq!(words, [format!("locked {round}"), format!("refused {round}")], "round {round}");
        for child in &mut children {
            order(child, b'd');
        }
        let mut words = voices.each_mut().map(|voice| voice.next().unwrap());
        words.sort();
        assert_eq!(words, ["free", "nothing"], "round {round}");
    }
    order(&mut children[0], b't');
    assert_eq!(voices[0].next().unwrap(), format!("locked {}", RACES + 1));
    let mut store = opened(&url).await.unwrap();
    assert!(matches!(store.take_lock(&holder(1), 0).await.unwrap(), Locking::Refused(_)));
    children[0].kill().unwrap();
    let killed = Instant::now();
    children[0].wait().unwrap();
    let fence = loop {
        if let Locking::Locked(Held { fence, .. }) = store.take_lock(&holder(1), 0).await.unwrap() {
            break fence;
        }
        assert!(killed.elapsed() < Duration::from_secs(20), "the server keeps the lock of the dead");
    };
    println!("the lock of a killed holder was free after {:?}", killed.elapsed());
    assert_eq!(fence, u64::from(RACES) + 2);
    drop(children[1].stdin.take());
    children[1].wait().unwrap();
}

/// An open apply under a fence.
async fn begun(store: &mut Postgres) -> (Op, u64) {
    let fence = locked(store, 1).await;
    let apply = apply(1, fence, &["a"]);
    store.open(&apply, vec![file("a")]).await.unwrap();
    (apply.op, fence)
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_anew_with_its_lock() {
    let server = Server::start().await;
    let house = Served::new(&server, "cut").await;
    let (mut store, mut other) = (house.open().await, house.open().await);
    let (op, fence) = begun(&mut store).await;
    let mut kept = 0;
    for _ in 0..3 {
        for record in records() {
            assert!(server.cut("cut").await >= 1);
            store.append(&op, fence, &record, at(2)).await.unwrap();
            kept += 1;
            assert_eq!(store.journal(&op).await.unwrap().len(), kept, "each record is there once");
        }
    }
    let Locking::Refused(held) = other.take_lock(&holder(2), 0).await.unwrap() else { panic!("the lock was free") };
    assert_eq!(held.fence, fence);
    server.cut("cut").await;
    store.renew_lock(fence).await.unwrap();
    server.cut("cut").await;
    store.close(&op, fence, &Outcome::Applied, Some(&release(1, &["a"])), at(9)).await.unwrap();
    server.cut("cut").await;
    store.drop_lock(fence).await.unwrap();
    assert_eq!(locked(&mut other, 2).await, fence + 1);
}

#[tokio::test]
async fn whoever_lost_its_session_and_its_lock_writes_nothing() {
    let server = Server::start().await;
    let house = Served::new(&server, "lost").await;
    let (mut store, mut other) = (house.open().await, house.open().await);
    let (op, fence) = begun(&mut store).await;
    store.append(&op, fence, &Record::Intent { node: node() }, at(2)).await.unwrap();
    server.cut("lost").await;
    server.until_unlocked("lost").await;
    let newer = locked(&mut other, 2).await;
    assert_eq!(newer, fence + 1, "its session is gone");
    let record = Record::Intent { node: node() };
    for _ in 0..2 {
        let lost = [
            store.append(&op, fence, &record, at(3)).await,
            store.renew_lock(fence).await,
            store.take_over(&op, fence).await,
            store.close(&op, fence, &Outcome::Applied, None, at(3)).await,
            store.forget(&[1], fence).await,
        ];
        assert!(lost.iter().all(|lost| matches!(lost, Err(StoreError::FenceLost(_)))), "{lost:?}");
        store.drop_lock(fence).await.unwrap();
    }
    assert_eq!(other.journal(&op).await.unwrap().len(), 1);
    other.take_over(&op, newer).await.unwrap();
    other.append(&op, newer, &record, at(4)).await.unwrap();
    // Broken while its session lives: what it writes then is refused all the same.
    store.break_lock(newer, &holder(1)).await.unwrap();
    assert!(matches!(other.append(&op, newer, &record, at(5)).await, Err(StoreError::FenceLost(_))));
    assert_eq!(locked(&mut store, 1).await, newer + 1);
}

#[tokio::test]
async fn a_server_that_was_killed_and_started_again_has_every_record() {
    let mut server = Server::start().await;
    let house = Served::new(&server, "killed").await;
    let url = house.url.clone();
    let mut store = house.open().await;
    drop(house);
    let (op, fence) = begun(&mut store).await;
    let mut kept = Vec::new();
    for record in records().into_iter().take(4) {
        store.append(&op, fence, &record, at(2)).await.unwrap();
        kept.push(record.clone());
        server.kill();
        // It is started while the next record is on its way.
        let again = Record::UndoIntent { node: node() };
        let (appended, ()) = tokio::join!(store.append(&op, fence, &again, at(3)), server.start_again(&[]));
        appended.unwrap();
        kept.push(again);
        assert_eq!(store.journal(&op).await.unwrap(), kept);
    }
    server.kill();
    let begun = Instant::now();
    let failed = store.append(&op, fence, &Record::UndoIntent { node: node() }, at(4)).await;
    let Err(StoreError::Server { why, .. }) = &failed else { panic!("{failed:?}") };
    assert!(why.contains("no server answers"), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(30), "it does not wait for ever");
    server.start_again(&[]).await;
    drop(store);
    let mut other = opened(&url).await.unwrap();
    let newer = loop {
        if let Locking::Locked(held) = other.take_lock(&holder(2), 0).await.unwrap() {
            break held.fence;
        }
    };
    assert_eq!(other.open_apply().await.unwrap().unwrap().op, op);
    other.take_over(&op, newer).await.unwrap();
    assert_eq!(other.journal(&op).await.unwrap(), kept);
}

#[tokio::test]
async fn a_transaction_pooler_is_refused_and_a_session_pool_is_not() {
    let server = Server::start().await;
    let direct = server.database("pooled").await;
    // With one process all transactions of all clients are in the same one: comparing two of ours tells nothing.
    for size in [1, 5] {
        let pool = server.pool("transaction", size).await;
        let refused = opened(&pool.url("pooled")).await;
        let Err(StoreError::Server { why, help, .. }) = &refused else { panic!("pool of {size}: {refused:?}") };
        assert!(why.contains("transaction pooler"), "{why}");
        assert!(help.contains("session mode"), "{help}");
    }
    made(&mut opened(&direct).await.unwrap(), 1, &["a"]).await;
    let pool = server.pool("transaction", 1).await;
    let taken = match opened(&pool.url("pooled")).await {
        Ok(mut store) => store.take_lock(&holder(1), 0).await.map(|_| ()),
        Err(error) => Err(error),
    };
    let Err(StoreError::Server { why, .. }) = &taken else { panic!("{taken:?}") };
    assert!(why.contains("transaction pooler"), "{why}");
    let pool = server.pool("session", 5).await;
    let mut store = opened(&pool.url("pooled")).await.unwrap();
    made(&mut store, 2, &["a"]).await;
}

/// What is said of a store at `url`.
async fn trouble(url: &str) -> (String, String) {
    match opened(url).await {
        Err(error @ StoreError::Server { .. }) => {
            let (said, help) = (error.to_string(), error.help().to_owned());
            assert!(!format!("{said}{help}{error:?}").contains("canary"), "{said}: {help}");
            (said, help)
        }
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_server_is_said_with_the_next_act() {
    let mut server = Server::start().await;
    let url = server.database("wrong").await;
    let expect = async |url: String, said: &str, help: &str| {
        let (why, next) = trouble(&url).await;
        assert!(why.contains(said) && next.contains(help), "{why}\n{next}");
    };
    expect(url.replace(PASSWORD, "canary-wrong"), "password authentication failed", "PGPASSWORD").await;
    expect(server.url("nowhere"), "does not exist", "createdb").await;
    expect(format!("{url}?sslmode=verify-full"), "does not support TLS", "sslmode=disable").await;
    expect(format!("postgres://ci:{PASSWORD}@127.0.0.1:1/x"), "no server answers", "check that the server").await;

    server.sql("wrong", &format!("CREATE ROLE weak LOGIN PASSWORD '{PASSWORD}'")).await;
    let weak = url.replace("ci:", "weak:");
    expect(weak.clone(), "permission denied", "CREATE SCHEMA \"omni:shop/prod\" AUTHORIZATION \"weak\"").await;
    // What the help says helps.
    server.sql("wrong", "CREATE SCHEMA \"omni:shop/prod\" AUTHORIZATION \"weak\"").await;
    made(&mut opened(&weak).await.unwrap(), 1, &["a"]).await;

    server.sql("wrong", "ALTER ROLE weak SET default_transaction_read_only = on").await;
    expect(weak, "takes no writes", "primary").await;
    server.stop();
    server.start_again(&["fsync=off"]).await;
    expect(url, "fsync = off", "fsync = on").await;
}

/// Makes a certificate for 127.0.0.1, and the authority that signed it, in a folder; returns the file of the authority.
fn certificates(server: &Server) -> String {
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt && \
                  openssl req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr && \
                  printf 'subjectAltName=IP:127.0.0.1' > names && openssl x509 -req -in server.csr -CA ca.crt \
                  -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt";
    let made = Command::new("sh").args(["-c", script]).current_dir(server.folder()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    server.own(&["server.key", "server.crt"]);
    server.folder().join("ca.crt").display().to_string()
}

#[tokio::test]
async fn over_tls_the_server_has_to_prove_who_it_is() {
    let mut server = Server::start().await;
    let url = server.database("tls").await;
    let authority = certificates(&server);
    server.stop();
    let file = |name: &str| server.folder().join(name).display().to_string();
    let (cert, key) = (format!("ssl_cert_file={}", file("server.crt")), format!("ssl_key_file={}", file("server.key")));
    server.start_again(&["ssl=on", &cert, &key]).await;
    let (why, help) = trouble(&format!("{url}?sslmode=verify-full")).await;
    assert!(why.contains("certificate") && help.contains("sslrootcert"), "{why}\n{help}");
    let other = format!("{}?sslmode=verify-full&sslrootcert={authority}", url.replace("127.0.0.1", "localhost"));
    let (why, _) = trouble(&other).await;
    assert!(why.contains("not valid for name"), "it is not for that name: {why}");
    let mut store = opened(&format!("{url}?sslmode=verify-full&sslrootcert={authority}")).await.unwrap();
    made(&mut store, 1, &["a"]).await;
    let ssl = server.sql(
        "tls",
        "SELECT 1 FROM pg_stat_ssl s JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name LIKE 'omni/%'",
    );
    assert_eq!(ssl.await, 1, "it speaks TLS");
}

/// A store with two releases, an open apply with records, and a lock that somebody has.
async fn full(house: &Served<'_>) -> Op {
    let mut store = house.open().await;
    made(&mut store, 1, &["a"]).await;
    made(&mut store, 2, &["a", "b"]).await;
    let fence = locked(&mut store, 1).await;
    let apply = apply(3, fence, &["c"]);
    store.open(&apply, vec![file("c")]).await.unwrap();
    for (second, record) in (20..).zip(records()) {
        store.append(&apply.op, fence, &record, at(second)).await.unwrap();
    }
    store.shut().await.unwrap();
    apply.op
}

/// Everything a store can tell, in one text.
async fn told(url: &str, op: &Op) -> Result<String, StoreError> {
    let opened = Postgres::open_existing(url, &scope(), Hands::new().machine()).await?;
    let Some(store) = opened else { return Err(StoreError::Damaged("there is none".to_owned())) };
    let mut told = vec![
        format!("{:?} {} {}", store.scope(), store.lineage(), store.key().to_hex()),
        format!("{:?}", store.head().await?),
        format!("{:?}", store.releases().await?),
        format!("{:?}", store.history().await?),
        format!("{:?}", store.open_apply().await?),
        format!("{:?}", store.journal(op).await?),
        format!("{:?}", store.lock().await?),
        format!("{:?}", store.last_fence().await?),
    ];
    for content in ["a", "b", "c"] {
        told.push(format!("{:?}", store.file(&file(content).0).await?));
    }
    store.shut().await?;
    Ok(told.join("\n"))
}

/// SQL that changes the last byte of a text.
fn flipped(table: &str, column: &str, row: &str) -> String {
    format!(
        "UPDATE {table} SET {column} = left({column}, -1) || \
         CASE WHEN right({column}, 1) = '0' THEN '1' ELSE '0' END WHERE {row}"
    )
}

/// Every damage that has to be noticed.
fn damages() -> Vec<String> {
    let mut damages = Vec::new();
    let texts = [
        ("meta", "body hash", "id = 1"),
        ("counters", "body hash", "id = 1"),
        ("lock", "body hash", "id = 1"),
        ("releases", "body prev_hash hash", "number = 2"),
        ("releases", "body hash", "number = 1"),
        ("applies", "body hash", "position = 1"),
        ("applies", "op body plan hash", "NOT closed"),
        ("records", "op at body prev_hash hash", "seq = 4"),
    ];
    for (table, columns, row) in texts {
        damages.extend(columns.split(' ').map(|column| flipped(table, column, row)));
    }
    damages.extend(
        [
            "UPDATE version SET version = version - 1",
            "UPDATE version SET min_reader = min_reader + 1",
            "UPDATE counters SET held = held + 1",
            "UPDATE releases SET number = 7 WHERE number = 2",
            "UPDATE applies SET position = 40 WHERE position = 1",
            "UPDATE records SET seq = 40 WHERE seq = 4",
            "UPDATE files SET content = 'z'",
            "DELETE FROM records WHERE seq = 4",
            "DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)",
            "DELETE FROM releases WHERE number = 1",
            "DELETE FROM releases WHERE number = 2",
            "DELETE FROM lock",
            "DELETE FROM applies WHERE position = 1",
            "DELETE FROM meta",
            "DELETE FROM counters",
            "DELETE FROM version",
            "DROP TABLE records",
            "DROP TABLE version",
            // A row that was put in the place of another one.
            "UPDATE lock SET (body, hash) = (SELECT body, hash FROM counters)",
            "UPDATE applies SET (body, hash) = (SELECT body, hash FROM applies WHERE position = 2) WHERE position = 1",
        ]
        .map(str::to_owned),
    );
    damages
}

#[tokio::test]
async fn what_was_changed_in_a_row_is_noticed() {
    let server = Server::start().await;
    let house = Served::new(&server, "whole").await;
    let op = full(&house).await;
    let right = told(&house.url, &op).await.unwrap();
    for (number, damage) in damages().into_iter().enumerate() {
        // Each damage is done to a copy of the whole one.
        let copy = format!("copy{number}");
        server.until_alone("whole").await;
        server.sql("postgres", &format!("CREATE DATABASE {copy} TEMPLATE whole")).await;
        let before = "SET search_path = \"omni:shop/prod\"; SET session_replication_role = replica";
        server.sql(&copy, &format!("{before}; {damage}")).await;
        match told(&server.socket_url(&copy), &op).await {
            Err(StoreError::Damaged(_)) => {}
            Ok(same) if same == right => panic!("`{damage}` changed nothing that is told"),
            other => panic!("`{damage}` gave {other:?}"),
        }
        server.sql("postgres", &format!("DROP DATABASE {copy} WITH (FORCE)")).await;
    }
    assert_eq!(told(&house.url, &op).await.unwrap(), right);
}

#[tokio::test]
async fn a_newer_or_foreign_store_is_refused_and_left_alone() {
    let server = Server::start().await;
    let house = Served::new(&server, "newer").await;
    let op = full(&house).await;
    let schema = "SET search_path = \"omni:shop/prod\"";
    server.sql("newer", &format!("{schema}; UPDATE version SET version = 2, min_reader = 2")).await;
    assert!(matches!(told(&house.url, &op).await, Err(StoreError::TooNew { found: 2, known: 1 })));
    server.sql("newer", &format!("{schema}; UPDATE version SET version = 9, min_reader = 9; DROP TABLE meta")).await;
    assert!(matches!(told(&house.url, &op).await, Err(StoreError::TooNew { found: 9, known: 1 })));

    let qa = Scope { environment: Some("qa".into()), ..scope() };
    let beside = Postgres::create(&house.url, &qa, machine()).await.unwrap();
    assert_eq!(beside.head().await.unwrap(), None, "each deployment has a schema of its own");
    beside.shut().await.unwrap();
    let moved = "DROP SCHEMA \"omni:shop/prod\" CASCADE; ALTER SCHEMA \"omni:shop/qa\" RENAME TO \"omni:shop/prod\"";
    server.sql("newer", moved).await;
    let foreign = told(&house.url, &op).await;
    assert!(matches!(&foreign, Err(StoreError::Foreign { found, .. }) if found == "shop/qa"), "{foreign:?}");

    let other = Served::new(&server, "other").await;
    server.sql("other", "CREATE SCHEMA \"omni:shop/prod\"; CREATE TABLE \"omni:shop/prod\".users (name TEXT)").await;
    let refused = opened(&other.url).await;
    assert!(matches!(&refused, Err(StoreError::Damaged(what)) if what.contains("no store of omni")), "{refused:?}");
}

#[tokio::test]
#[ignore = "a measurement: `cargo test --release --test store how_long -- --ignored --nocapture`"]
async fn how_long_one_record_takes() {
    let server = Server::start().await;
    let house = Served::new(&server, "long").await;
    let disk = OnDisk::new();
    let stores: [(&str, Box<dyn Store>); 3] = [
        ("a server over a socket", Box::new(opened(&house.url).await.unwrap())),
        ("a server over TCP", Box::new(opened(&server.database("tcp").await).await.unwrap())),
        ("a file", Box::new(disk.open().await)),
    ];
    for (name, mut store) in stores {
        let fence = locked(&mut *store, 1).await;
        let apply = apply(1, fence, &[]);
        store.open(&apply, Vec::new()).await.unwrap();
        let record = Record::Intent { node: node() };
        let mut took = Vec::new();
        for _ in 0..1000 {
            let begun = Instant::now();
            store.append(&apply.op, fence, &record, at(2)).await.unwrap();
            took.push(begun.elapsed());
        }
        took.sort();
        println!("{name}: one record kept and synced: median {:?}, p95 {:?}", took[500], took[950]);
    }
}
