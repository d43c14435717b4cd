//! Connecting: the settings of a session, and whether the server is one that can keep a store.

use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row};

use crate::store::StoreError;
use crate::store::postgres::place::Place;
use crate::store::postgres::trouble::{DIRECT, Trouble, server};

/// The oldest server that is known to keep what it says it has kept, and that is still looked after.
const OLDEST: i32 = 120_000;

/// How long a server may take to let us in.
const WELCOME: Duration = Duration::from_secs(10);

/// Nothing waits for ever: not for a row, not for an answer, and nobody for a transaction that we left open. The server
/// notices a client that is gone, and frees its lock, within 25 s where even its machine is gone, at once else.
const SETTINGS: &str = "
SET synchronous_commit = on;
SET statement_timeout = '8s';
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '30s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '25s';
SET client_min_messages = warning;
SET standard_conforming_strings = on";

/// A session of this name, with the schema of the deployment before it.
pub(super) async fn connect(place: &Place, name: &str) -> Result<PgConnection, Trouble> {
    match tokio::time::timeout(WELCOME, welcomed(place, name)).await {
        Ok(connected) => connected,
        Err(_) => Err(Trouble::Silent),
    }
}

async fn welcomed(place: &Place, name: &str) -> Result<PgConnection, Trouble> {
    let mut connection = place.options(name).connect().await?;
    // No statement is prepared before it is known that the next one goes to the same server process.
    let first = backend(&mut connection).await?;
    if first != backend(&mut connection).await? {
        return Err(pooled(place).into());
    }
    check(&mut connection, place).await?;
    let schema = format!("{SETTINGS}; SET search_path = {}, pg_temp", place.quoted());
    sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut connection).await?;
    if connection.server_version_num().is_some_and(|version| version >= 140_000) {
        // It looks for its client while it works too. Not every system can.
        let _ = sqlx::raw_sql("SET client_connection_check_interval = '500ms'").execute(&mut connection).await;
    }
    Ok(connection)
}

async fn check(connection: &mut PgConnection, place: &Place) -> Result<(), Trouble> {
    let facts = "SELECT current_setting('server_version_num')::int AS number, \
                 current_setting('server_version') AS version, current_setting('fsync') AS fsync, \
                 pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only";
    let row = sqlx::raw_sql(facts).fetch_one(connection).await?;
    let refuse = |why: String, help: &str| Err(server(place, why, help).into());
    if row.try_get::<i32, _>("number")? < OLDEST {
        let version: &str = row.try_get("version")?;
        return refuse(format!("PostgreSQL {version} is too old"), "use a server of PostgreSQL 12 or newer");
    }
    if row.try_get::<&str, _>("fsync")? == "off" {
        return refuse("the server runs with `fsync = off`, and may lose what it kept".to_owned(), "set `fsync = on`");
    }
    if row.try_get("read_only")? {
        return refuse("the server takes no writes".to_owned(), "name the primary server in the URL");
    }
    Ok(())
}

/// The server process behind a connection. It is asked in a transaction of its own.
async fn backend(connection: &mut PgConnection) -> Result<i32, Trouble> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid() AS pid").fetch_one(connection).await?;
    Ok(row.try_get("pid")?)
}

/// Refuses a pool that gives each transaction to whichever server process is free: a session's lock would be anybody's.
///
/// With nobody else there such a pool gives one process to all, one after the other, and no comparing of two of our
/// transactions tells. So a second connection is made: it can have the process of the first one only from a pool.
pub(super) async fn refuse_pooler(connection: &mut PgConnection, place: &Place) -> Result<(), Trouble> {
    let first = backend(connection).await?;
    let mut second = match tokio::time::timeout(WELCOME, place.options("omni/probe").connect()).await {
        Ok(second) => second?,
        Err(_) => return Err(Trouble::Silent),
    };
    let shared = backend(&mut second).await? == first || backend(connection).await? != first;
    // Whether it hears of our leaving changes nothing.
    let _ = sqlx::Connection::close(second).await;
    if shared { Err(pooled(place).into()) } else { Ok(()) }
}

fn pooled(place: &Place) -> StoreError {
    let why = "a transaction pooler is in between, through which no session keeps its lock";
    server(place, why, DIRECT)
}
