//! What a session on any database does.

use std::time::Duration;

use futures_util::FutureExt;
use omni::migration::Dialect;
use omni::provider::FaultKind;

use crate::house::{House, assert_fault, difference, mark};

/// Runs every case on databases of a kind, and tells which one fails.
async fn hold(house: &House) {
    macro_rules! cases {
        ($($case:ident),* $(,)?) => {
            $(
                let done = std::panic::AssertUnwindSafe($case(house)).catch_unwind().await;
                assert!(done.is_ok(), "{} does not hold on {}", stringify!($case), house.dialect());
            )*
        };
    }
    cases![
        tells_what_it_is,
        a_statement_that_is_refused_fails_and_the_session_goes_on,
        a_transaction_is_kept_or_taken_back,
        values_are_text,
        marks_are_kept,
        marks_are_part_of_a_transaction,
        tables_are_made_once,
        a_catalogue_is_what_is_there,
        a_catalogue_is_read_in_a_transaction_too,
        who_waits_too_long_for_a_lock_has_a_conflict,
        a_statement_that_takes_too_long_is_ended,
        a_call_that_is_given_up_ends_the_session,
    ];
}

#[tokio::test]
async fn sessions_on_a_server_hold_the_contract() {
    hold(&House::server().await).await;
}

#[tokio::test]
async fn sessions_on_a_file_hold_the_contract() {
    hold(&House::folder()).await;
}

async fn tells_what_it_is(house: &House) {
    let session = house.session(&house.database("facts").await).await;
    let facts = session.facts();
    let found = (facts.dialect, facts.database.as_str(), facts.schema.as_str(), facts.user.as_str());
    match house.dialect() {
        Dialect::Postgres => assert_eq!(found, (Dialect::Postgres, "facts", "public", crate::postgres::USER)),
        Dialect::Sqlite => assert_eq!(found, (Dialect::Sqlite, "facts", "main", "")),
    }
    assert!(facts.version.starts_with(&format!("{} {}.", house.dialect(), facts.major)), "{}", facts.version);
    assert!(facts.major >= 3);
}

async fn a_statement_that_is_refused_fails_and_the_session_goes_on(house: &House) {
    let mut session = house.session(&house.database("refused").await).await;
    session.run("CREATE TABLE t (a INTEGER NOT NULL, CHECK (a > 0));").await.unwrap();
    let codes = match house.dialect() {
        Dialect::Postgres => ["(42P01)", "(23502)", "(23514)", "(42601)"],
        Dialect::Sqlite => ["(1)", "(1299)", "(275)", "(1)"],
    };
    let statements =
        ["SELECT * FROM missing", "INSERT INTO t VALUES (NULL)", "INSERT INTO t VALUES (0)", "CREATE TALE"];
    for (statement, code) in statements.into_iter().zip(codes) {
        assert_fault(session.run(statement).await, FaultKind::Failed, &["`shop`", code]);
    }
    session.run("INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!(session.value("SELECT count(*) FROM t").await.unwrap().as_deref(), Some("1"));
}

async fn a_transaction_is_kept_or_taken_back(house: &House) {
    let target = house.database("kept").await;
    let (mut session, mut other) = (house.session(&target).await, house.session(&target).await);
    session.begin().await.unwrap();
    session.run("CREATE TABLE gone (a INTEGER)").await.unwrap();
    session.abort().await.unwrap();
    session.begin().await.unwrap();
    session.run("CREATE TABLE kept (a INTEGER)").await.unwrap();
    assert!(other.catalogue(&[]).await.unwrap().0.keys().all(|fact| fact.kind != "table"));
    session.commit().await.unwrap();
    let tables: Vec<_> = other.catalogue(&[]).await.unwrap().0.into_keys().collect();
    let tables: Vec<_> = tables.iter().filter(|fact| fact.kind == "table" && fact.attribute == "exists").collect();
    assert!(matches!(&tables[..], [table] if table.name.ends_with("kept")), "{tables:?}");
    // What failed in it is not committed, and said not to be.
    session.begin().await.unwrap();
    session.run("INSERT INTO kept VALUES (1)").await.unwrap();
    assert_fault(session.run("INSERT INTO missing VALUES (1)").await, FaultKind::Failed, &["missing"]);
    if house.dialect() == Dialect::Postgres {
        assert_fault(session.commit().await, FaultKind::Failed, &["25P02"]);
    }
    session.abort().await.unwrap();
    assert_eq!(session.value("SELECT count(*) FROM kept").await.unwrap().as_deref(), Some("0"));
}

async fn values_are_text(house: &House) {
    let mut session = house.session(&house.database("values").await).await;
    for (query, value) in [
        ("SELECT 12 + 30", Some("42")),
        ("SELECT 'ü'", Some("ü")),
        ("SELECT NULL", None),
        ("SELECT 1 WHERE 1 = 0", None),
        ("SELECT a FROM (SELECT 2 AS a UNION ALL SELECT 1 ORDER BY 1 DESC) AS t", Some("2")),
    ] {
        assert_eq!(session.value(query).await.unwrap().as_deref(), value, "{query}");
    }
    assert_fault(session.value("SELECT nothing").await, FaultKind::Failed, &["nothing"]);
}

async fn marks_are_kept(house: &House) {
    let target = house.database("marks").await;
    let mut session = house.session(&target).await;
    let before = session.catalogue(&[]).await.unwrap();
    assert_eq!(session.marks().await.unwrap(), []);
    session.unmark("none").await.unwrap();
    for (migration, done) in [("2_b", 4), ("1_a", 1), ("2_b", 0)] {
        session.mark(&mark(migration, done)).await.unwrap();
    }
    let mut other = house.session(&target).await;
    assert_eq!(other.marks().await.unwrap(), [mark("1_a", 1), mark("2_b", 0)]);
    assert_eq!(other.mark_of("2_b").await.unwrap(), Some(mark("2_b", 0)));
    assert_eq!(other.mark_of("2_%").await.unwrap(), None);
    session.unmark("1_a").await.unwrap();
    session.unmark("1_a").await.unwrap();
    assert_eq!(other.marks().await.unwrap(), [mark("2_b", 0)]);
    assert_eq!(difference(&before, &session.catalogue(&[]).await.unwrap()), [""; 0]);
    // What somebody else wrote there is no mark.
    let table = if house.dialect() == Dialect::Postgres { "omni.marks" } else { "_omni_marks" };
    session.run(&format!("UPDATE {table} SET done = 'many'")).await.unwrap();
    assert_fault(session.marks().await, FaultKind::Failed, &["2_b", table]);
}

async fn marks_are_part_of_a_transaction(house: &House) {
    let target = house.database("transaction").await;
    let (mut session, mut other) = (house.session(&target).await, house.session(&target).await);
    for _ in 0..2 {
        session.begin().await.unwrap();
        session.mark(&mark("1_a", 1)).await.unwrap();
        assert_eq!(session.marks().await.unwrap().len(), 1);
        session.abort().await.unwrap();
        assert_eq!(other.marks().await.unwrap(), []);
    }
    session.begin().await.unwrap();
    session.mark(&mark("1_a", 1)).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(other.marks().await.unwrap(), [mark("1_a", 1)]);
}

async fn tables_are_made_once(house: &House) {
    let target = house.database("races").await;
    let mut sessions = Vec::new();
    for _ in 0..6 {
        sessions.push(house.session(&target).await);
    }
    let marked = sessions.iter_mut().enumerate().map(|(at, session)| async move {
        session.mark(&mark(&format!("{at}"), 1)).await.unwrap();
    });
    futures_util::future::join_all(marked).await;
    assert_eq!(sessions[0].marks().await.unwrap().len(), sessions.len());
}

async fn a_catalogue_is_what_is_there(house: &House) {
    let target = house.database("catalogue").await;
    let (mut session, mut other) = (house.session(&target).await, house.session(&target).await);
    let empty = session.catalogue(&[]).await.unwrap();
    session.run("CREATE TABLE t (a INTEGER DEFAULT 7, b TEXT)").await.unwrap();
    session.run("CREATE TABLE ledger (version INTEGER PRIMARY KEY)").await.unwrap();
    let without = [format!("{}.ledger", session.facts().schema)];
    let made = session.catalogue(&without).await.unwrap();
    assert_eq!(made, other.catalogue(&without).await.unwrap());
    assert!(made.0.keys().all(|fact| !fact.name.contains("ledger")), "{made:?}");
    assert_ne!(made.fingerprint(), other.catalogue(&[]).await.unwrap().fingerprint());
    session.run("INSERT INTO t VALUES (1, 'b')").await.unwrap();
    session.run("CREATE INDEX i ON ledger (version)").await.unwrap();
    assert_eq!(difference(&made, &session.catalogue(&without).await.unwrap()), [""; 0]);
    session.run("CREATE INDEX j ON t (b)").await.unwrap();
    let added = difference(&made, &session.catalogue(&without).await.unwrap());
    assert!(
        added.iter().any(|line| line.starts_with("+index | ") && line.ends_with("t.j | exists | yes")),
        "{added:?}"
    );
    session.run("DROP TABLE t").await.unwrap();
    session.run("DROP TABLE ledger").await.unwrap();
    assert_eq!(difference(&empty, &session.catalogue(&[]).await.unwrap()), [""; 0]);
}

async fn a_catalogue_is_read_in_a_transaction_too(house: &House) {
    let target = house.database("open").await;
    let mut session = house.session(&target).await;
    let before = session.catalogue(&[]).await.unwrap();
    // A script may open one itself.
    for own in [false, true] {
        let opened = if own { session.run("BEGIN").await } else { session.begin().await };
        opened.unwrap();
        session.run("CREATE TABLE t (a INTEGER)").await.unwrap();
        let inside = session.catalogue(&[]).await.unwrap();
        assert!(difference(&before, &inside).iter().any(|line| line.ends_with("t | exists | yes")));
        session.run("INSERT INTO t VALUES (1)").await.unwrap();
        session.abort().await.unwrap();
        assert_eq!(difference(&before, &session.catalogue(&[]).await.unwrap()), [""; 0]);
    }
}

async fn who_waits_too_long_for_a_lock_has_a_conflict(house: &House) {
    let mut target = house.database("locked").await;
    let mut session = house.session(&target).await;
    session.run("CREATE TABLE t (a INTEGER)").await.unwrap();
    session.begin().await.unwrap();
    session.run("ALTER TABLE t ADD b INTEGER").await.unwrap();
    target.lock_timeout = Duration::from_millis(200);
    let mut other = house.session(&target).await;
    let code = if house.dialect() == Dialect::Postgres { "55P03" } else { "(5)" };
    assert_fault(other.run("INSERT INTO t (a) VALUES (1)").await, FaultKind::Conflict, &[code, "lock_timeout"]);
    session.commit().await.unwrap();
    other.run("INSERT INTO t (a) VALUES (1)").await.unwrap();
}

/// A statement that takes for ever.
fn endless(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "SELECT pg_sleep(3600)",
        Dialect::Sqlite => "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    }
}

async fn a_statement_that_takes_too_long_is_ended(house: &House) {
    let mut target = house.database("endless").await;
    target.statement_timeout = Some(Duration::from_millis(200));
    let mut session = house.session(&target).await;
    let code = if house.dialect() == Dialect::Postgres { "57014" } else { "(9)" };
    assert_fault(session.run(endless(house.dialect())).await, FaultKind::Failed, &[code, "`statement_timeout`"]);
    session.run("CREATE TABLE t (a INTEGER)").await.unwrap();
}

async fn a_call_that_is_given_up_ends_the_session(house: &House) {
    let target = house.database("dropped").await;
    let mut session = house.session(&target).await;
    session.run("CREATE TABLE t (a INTEGER)").await.unwrap();
    session.begin().await.unwrap();
    session.run("INSERT INTO t VALUES (1)").await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(200), session.run(endless(house.dialect()))).await;
    assert!(given_up.is_err(), "it runs for ever");
    assert_fault(session.commit().await, FaultKind::Unknown, &["gone"]);
    // Its transaction is taken back, and nothing of it is locked.
    let mut other = house.session(&target).await;
    other.begin().await.unwrap();
    other.run("ALTER TABLE t ADD b INTEGER").await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(other.value("SELECT count(*) FROM t").await.unwrap().as_deref(), Some("0"));
}
