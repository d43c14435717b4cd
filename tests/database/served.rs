//! What only a server can suffer: cut connections, locks of sessions, accounts that may not, pools, servers that start.

use std::time::{Duration, Instant};

use omni::provider::FaultKind;
use omni::provider::database::postgres::Postgres;
use omni::provider::database::{Connect, Session, Target};

use crate::house::{APPLICATION, assert_fault, failed, mark, target};
use crate::postgres::{PASSWORD, Server, USER, free_port};

async fn opened(target: &Target) -> Box<dyn Session> {
    Postgres::default().connect(target).await.unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// Waits until a query answers 1.
async fn until(session: &mut Box<dyn Session>, query: &str) -> Duration {
    let begun = Instant::now();
    while session.value(query).await.unwrap().as_deref() != Some("1") {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {query}");
        tokio::task::yield_now().await;
    }
    begun.elapsed()
}

const SLEEPS: &str = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'";

#[tokio::test]
async fn a_session_has_its_settings_and_reads_what_is_refused() {
    let server = Server::start().await;
    server.sql("postgres", &format!("ALTER ROLE {USER} SET search_path = app, public")).await;
    let mut target = target(&server.database("settings").await);
    server.sql("settings", "CREATE SCHEMA app").await;
    server.sql("settings", "ALTER DATABASE settings SET timezone = 'America/Lima'").await;
    server.sql("settings", "ALTER DATABASE settings SET datestyle = 'German'").await;
    server.sql("settings", &format!("ALTER ROLE {USER} SET timezone = 'Europe/Berlin'")).await;
    target.lock_timeout = Duration::from_millis(1500);
    target.statement_timeout = Some(Duration::from_secs(90));
    let mut session = opened(&target).await;
    assert_eq!(session.facts().schema, "app");
    for (setting, value) in [
        ("application_name", APPLICATION),
        ("lock_timeout", "1500ms"),
        ("statement_timeout", "90s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("search_path", "app, public"),
        ("standard_conforming_strings", "on"),
        ("TimeZone", "Europe/Berlin"),
        ("DateStyle", "German, DMY"),
    ] {
        let found = session.value(&format!("SHOW {setting}")).await.unwrap();
        assert_eq!(found.as_deref(), Some(value), "{setting}");
    }
    if session.facts().major >= 14 {
        assert_eq!(session.value("SHOW client_connection_check_interval").await.unwrap().as_deref(), Some("500ms"));
    }
    // None of them is left changed by reading the catalogue in a transaction.
    session.begin().await.unwrap();
    session.run("SET LOCAL TimeZone = 'Asia/Tokyo'").await.unwrap();
    session.catalogue(&[]).await.unwrap();
    let after = session.value("SELECT current_setting('search_path') || ' ' || current_setting('TimeZone')").await;
    assert_eq!(after.unwrap().as_deref(), Some("app, public Asia/Tokyo"));
    session.commit().await.unwrap();
    assert_eq!(session.value("SHOW TimeZone").await.unwrap().as_deref(), Some("Europe/Berlin"));

    session.run("CREATE TABLE t (a INTEGER PRIMARY KEY)").await.unwrap();
    session.run("INSERT INTO t VALUES (1)").await.unwrap();
    let twice = session.run("INSERT INTO t VALUES (1)").await;
    assert_fault(twice, FaultKind::Failed, &["(23505)", "| Key (a)=(1) already exists"]);
    let missing = session.run("SELECT 'ü',\n  b FROM t").await;
    assert_fault(missing, FaultKind::Failed, &["column \"b\" does not exist (42703) at line 2, column 3"]);
    let hinted = session.run("SELECT lower(1)").await;
    assert_fault(hinted, FaultKind::Failed, &["(42883) at line 1, column 8", "explicit type casts"]);
    let inner = session.run("DO $$ BEGIN PERFORM missing(); END $$").await;
    assert_fault(inner, FaultKind::Failed, &["(42883) in PL/pgSQL function inline_code_block line 1 at PERFORM"]);
    for copy in ["COPY t FROM STDIN", "COPY t TO STDOUT"] {
        assert_fault(opened(&target).await.run(copy).await, FaultKind::Failed, &["`INSERT`"]);
    }
    // What it answers is dropped, however much it is.
    session.run("SELECT repeat('x', 1000) FROM generate_series(1, 100000)").await.unwrap();
    let (port, folder) = (server.port, server.folder.path().display());
    for url in [
        format!("postgres:///settings?user={USER}&port={port}&host={folder}"),
        format!("postgres://{USER}@:{port}/settings?host={folder}"),
    ] {
        opened(&Target { url, ..target.clone() }).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_unknown() {
    let mut server = Server::start().await;
    let target = target(&server.database("lost").await);
    let (mut session, mut other) = (opened(&target).await, opened(&target).await);
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
    session.begin().await.unwrap();
    let (lost, ()) = tokio::join!(session.run("SELECT pg_sleep(3600)"), async {
        until(&mut other, SLEEPS).await;
        other.value(end).await.unwrap();
    });
    assert_fault(lost, FaultKind::Unknown, &["`shop`", "lost"]);
    assert_fault(session.commit().await, FaultKind::Unknown, &["gone"]);
    assert_fault(session.marks().await, FaultKind::Unknown, &["gone"]);

    // One that was idle hears of it with its next call, and a killed server says nothing at all.
    let mut session = opened(&target).await;
    server.cut("lost").await;
    assert_fault(session.begin().await, FaultKind::Unknown, &["lost"]);
    let mut session = opened(&target).await;
    session.begin().await.unwrap();
    server.kill();
    assert_fault(session.commit().await, FaultKind::Unknown, &["lost"]);

    // While it starts, nobody is told anything else than that it cannot be reached yet.
    let postgres = Postgres::default();
    let begun = Instant::now();
    let starts = server.start_again(&[]);
    let connects = async {
        loop {
            match postgres.connect(&target).await {
                Ok(_) => break,
                Err(fault) => assert_eq!(fault.kind, FaultKind::Unreachable, "{fault:?}"),
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "the server does not start");
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(starts, connects);
}

#[tokio::test]
async fn locks_exclude_sessions_and_are_freed_with_their_client() {
    let server = Server::start().await;
    let target = target(&server.database("locks").await);
    let (mut session, mut other) = (opened(&target).await, opened(&target).await);
    assert!(session.try_lock(&[1, -2]).await.unwrap());
    assert!(session.try_lock(&[1]).await.unwrap(), "it has it already");
    assert!(!other.try_lock(&[3, 4, -2]).await.unwrap());
    assert!(session.try_lock(&[3, 4]).await.unwrap(), "of those that it could not have all it has none");
    // A transaction that is taken back takes no lock with it.
    session.begin().await.unwrap();
    assert!(session.try_lock(&[i64::MIN, i64::MAX]).await.unwrap());
    session.abort().await.unwrap();
    assert!(!other.try_lock(&[i64::MAX]).await.unwrap());
    assert!(tokio::time::timeout(Duration::from_millis(100), session.run("SELECT pg_sleep(3600)")).await.is_err());
    let begun = Instant::now();
    while !other.try_lock(&[1, -2, 3, 4, i64::MIN, i64::MAX]).await.unwrap() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the lock stays");
        tokio::task::yield_now().await;
    }
    println!("the lock of a client that was gone amid a statement was free after {:?}", begun.elapsed());
}

#[tokio::test]
async fn only_sessions_of_the_name_in_the_same_database_are_ended() {
    let server = Server::start().await;
    let (here, there) = (server.database("here").await, server.database("there").await);
    let named = |url: &str, name: &str| Target { application: name.to_owned(), ..target(url) };
    let mut sleeper = opened(&named(&here, APPLICATION)).await;
    let mut idle = opened(&named(&here, APPLICATION)).await;
    let mut other = opened(&named(&here, "omni/other")).await;
    let mut elsewhere = opened(&named(&there, APPLICATION)).await;
    let mut session = opened(&named(&here, APPLICATION)).await;
    let mut watcher = opened(&named(&here, "omni/watcher")).await;
    let (ended, ()) = tokio::join!(sleeper.run("SELECT pg_sleep(3600)"), async {
        until(&mut watcher, SLEEPS).await;
        assert_eq!(session.end_others(APPLICATION).await.unwrap(), 2);
    });
    assert_fault(ended, FaultKind::Unknown, &["lost"]);
    assert_fault(idle.marks().await, FaultKind::Unknown, &[]);
    let gone =
        format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{APPLICATION}' AND datname = 'here'");
    until(&mut watcher, &gone).await;
    assert_eq!(session.end_others(APPLICATION).await.unwrap(), 0);
    for left in [&mut other, &mut elsewhere, &mut session] {
        left.run("SELECT 1").await.unwrap();
    }
}

/// An account may work as another role from its start, and the server lists its sessions under its own name.
#[tokio::test]
async fn sessions_of_an_account_that_works_as_another_role_are_ended_too() {
    let server = Server::start().await;
    let url = server.database("roles").await;
    let roles = "CREATE ROLE owner; CREATE ROLE app LOGIN PASSWORD 'canary-app' IN ROLE owner; \
                 ALTER ROLE app SET role = owner";
    server.sql("roles", roles).await;
    let app = target(&url.replace(&format!("{USER}:{PASSWORD}"), "app:canary-app"));
    let (_left, mut session) = (opened(&app).await, opened(&app).await);
    assert_eq!(session.end_others(APPLICATION).await.unwrap(), 1);
    assert_eq!(session.value("SELECT current_user").await.unwrap().as_deref(), Some("owner"));
}

#[tokio::test]
async fn who_may_not_is_told_what_is_missing() {
    let server = Server::start().await;
    let url = server.database("rights").await;
    server.sql("rights", "CREATE ROLE app LOGIN PASSWORD 'canary-app'; CREATE TABLE public.owned (a int)").await;
    let app = target(&url.replace(&format!("{USER}:{PASSWORD}"), "app:canary-app"));
    let mut session = opened(&app).await;
    assert_eq!(session.marks().await.unwrap(), []);
    let denied = session.mark(&mark("1_a", 1)).await;
    assert_fault(denied, FaultKind::Denied, &["(42501)", "GRANT CREATE ON DATABASE \"rights\" TO \"app\""]);
    assert_fault(session.run("DROP TABLE public.owned").await, FaultKind::Denied, &["(42501)", "owner"]);
    server.sql("rights", "CREATE SCHEMA omni").await;
    let denied = session.mark(&mark("1_a", 1)).await;
    assert_fault(denied, FaultKind::Denied, &["GRANT USAGE, CREATE ON SCHEMA omni TO \"app\""]);
    server.sql("rights", "GRANT USAGE, CREATE ON SCHEMA omni TO app").await;
    session.mark(&mark("1_a", 1)).await.unwrap();
    let mut other = opened(&target(&url)).await;
    server.sql("rights", "CREATE ROLE reader LOGIN PASSWORD 'canary-app'").await;
    assert_eq!(other.marks().await.unwrap(), [mark("1_a", 1)]);
    let mut reader = opened(&target(&url.replace(&format!("{USER}:{PASSWORD}"), "reader:canary-app"))).await;
    assert_fault(reader.marks().await, FaultKind::Denied, &["GRANT SELECT, INSERT, UPDATE, DELETE"]);

    let mut look = opened(&Target { is_look: true, ..app.clone() }).await;
    assert_fault(look.run("CREATE TABLE public.made (a int)").await, FaultKind::Failed, &["read-only"]);
    look.catalogue(&[]).await.unwrap();

    let wrong = |from: &str, to: &str| target(&url.replace(from, to));
    for (target, kind, words) in [
        (wrong(PASSWORD, "canary-wrong"), FaultKind::Denied, &["(28P01)", "password"][..]),
        (wrong("/rights", "/nowhere"), FaultKind::NotFound, &["(3D000)", "createdb"]),
        (
            wrong(&format!(":{}", server.port), &format!(":{}", free_port())),
            FaultKind::Unreachable,
            &["no server answers"],
        ),
        (wrong("127.0.0.1", "nowhere.invalid"), FaultKind::Unreachable, &["check that the server runs"]),
        (wrong("/rights", "/rights?sslmode=require"), FaultKind::Failed, &["sslmode"]),
        (wrong("127.0.0.1", "127.0.0.1:canary"), FaultKind::Failed, &["cannot be understood"]),
    ] {
        let fault = failed(Postgres::default().connect(&target).await);
        let said = format!("{} | {}", fault.message, fault.help.clone().unwrap_or_default());
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        assert_eq!(fault.kind, kind, "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("postgres://ci:canary@{}/silent", silent.local_addr().unwrap());
    let target = Target { connect_timeout: Duration::from_millis(200), ..target(&url) };
    let refused = Postgres::default().connect(&target).await;
    assert_fault(refused, FaultKind::Unreachable, &["does not answer in time"]);
}

#[tokio::test]
async fn a_pool_that_mixes_sessions_is_refused() {
    let server = Server::start().await;
    server.database("pooled").await;
    for size in [1, 3] {
        let pool = server.pool("transaction", size).await;
        let refused = Postgres::default().connect(&target(&pool.url("pooled"))).await;
        assert_fault(refused, FaultKind::Failed, &["transaction pooler", "session mode"]);
    }
    let pool = server.pool("session", 3).await;
    let mut session = opened(&target(&pool.url("pooled"))).await;
    session.mark(&mark("1_a", 1)).await.unwrap();
}
