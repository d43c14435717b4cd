//! The tables, their version, and the way from an older version to this one.

use std::fs::OpenOptions;

use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::store::sqlite::place::{Place, discard, private};
use crate::store::sqlite::transaction::{self, Intent};
use crate::store::sqlite::trouble::Trouble;

/// The version this omni writes.
pub(super) const VERSION: i64 = 1;

/// What tells a store from any other `SQLite` file: the bytes `omni`.
pub(super) const APPLICATION: i64 = 0x6f6d_6e69;

/// The way from each version to the next: the first goes from 1 to 2.
const STEPS: [&str; 0] = [];

/// Every row that matters carries a checksum in `hash`. Times are RFC 3339 in UTC, values are JSON.
pub(super) const TABLES: &str = "
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1), lineage TEXT NOT NULL, secret TEXT NOT NULL, project TEXT NOT NULL,
    environment TEXT, version INTEGER NOT NULL, min_reader INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1), last_fence INTEGER NOT NULL, breaks INTEGER NOT NULL,
    head INTEGER NOT NULL, releases INTEGER NOT NULL, applies INTEGER NOT NULL, open TEXT NOT NULL,
    held INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE lock (
    id INTEGER PRIMARY KEY CHECK (id = 1), fence INTEGER NOT NULL, holder TEXT NOT NULL, since TEXT NOT NULL,
    until TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE audit (id INTEGER PRIMARY KEY, at TEXT NOT NULL, fence INTEGER NOT NULL, broken TEXT NOT NULL,
    who TEXT NOT NULL) STRICT;
CREATE TABLE releases (
    number INTEGER PRIMARY KEY, tag TEXT NOT NULL, json TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE files (fingerprint TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE applies (
    op TEXT PRIMARY KEY, fence INTEGER NOT NULL, number INTEGER NOT NULL, tag TEXT NOT NULL, purpose TEXT NOT NULL,
    who TEXT NOT NULL, opened TEXT NOT NULL, steps INTEGER NOT NULL, closed TEXT, turned TEXT, outcome TEXT,
    plan TEXT NOT NULL, plan_hash TEXT NOT NULL, records INTEGER NOT NULL, head TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open ON applies (closed IS NULL) WHERE closed IS NULL;
CREATE TABLE records (
    op TEXT NOT NULL REFERENCES applies (op), seq INTEGER NOT NULL, at TEXT NOT NULL, json TEXT NOT NULL,
    prev_hash TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (op, seq)
) STRICT;
";

/// Brings a store of an older version to this one.
pub(super) async fn upgrade(connection: &mut SqliteConnection, place: &Place, from: i64) -> Result<(), Trouble> {
    upgrade_by(connection, place, from, &STEPS).await
}

/// Brings a store from version `from` as far as `steps` lead, in one transaction, with a copy of the file made before.
async fn upgrade_by(
    connection: &mut SqliteConnection,
    place: &Place,
    from: i64,
    steps: &[&'static str],
) -> Result<(), Trouble> {
    let done = usize::try_from(from - 1).map_err(|_| Trouble::damaged(format!("there is no version {from}")))?;
    let Some(todo) = steps.get(done..).filter(|todo| !todo.is_empty()) else { return Ok(()) };
    let copy = place.copy_of(from);
    // The copy holds the key too, so it is made private before it is filled.
    discard(&copy);
    private(OpenOptions::new().write(true).create_new(true)).open(&copy).map_err(sqlx::Error::Io)?;
    sqlx::query("VACUUM INTO ?").bind(copy.display().to_string()).execute(&mut *connection).await?;
    transaction::begin(connection, Intent::Write).await?;
    let stepped = take_steps(connection, todo, from).await;
    transaction::end(connection, stepped).await
}

async fn take_steps(connection: &mut SqliteConnection, todo: &[&'static str], from: i64) -> Result<(), Trouble> {
    // Another omni may have been quicker while this one waited for the right to write.
    if version(connection).await? != from {
        return Ok(());
    }
    for step in todo {
        sqlx::raw_sql(*step).execute(&mut *connection).await?;
    }
    let to = from + i64::try_from(todo.len()).unwrap_or(0);
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {to}"))).execute(connection).await?;
    Ok(())
}

/// The version of a store.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, Trouble> {
    Ok(sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?)
}

#[cfg(test)]
mod tests;
