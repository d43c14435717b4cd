//! The tables, their version, and whether they are there.
//!
//! Each deployment has a schema of its own. So one that a newer omni brought up does not shut an older omni out of the
//! others; rights are given, and a copy is made, for each alone.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::address::Scope;
use crate::fingerprint::Fingerprint;
use crate::store::StoreError;
use crate::store::postgres::counters::Counters;
use crate::store::postgres::meta::Meta;
use crate::store::postgres::place::Place;
use crate::store::postgres::trouble::Trouble;

/// The version this omni writes.
pub(super) const VERSION: i64 = 1;

/// A row's `hash` is the checksum of its `body`, which is JSON. `version` stays as it is in every version to come.
const TABLES: &str = "
CREATE TABLE version (version BIGINT NOT NULL, min_reader BIGINT NOT NULL);
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1), held BIGINT NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL,
    last_write TEXT NOT NULL
);
CREATE TABLE lock (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE audit (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE releases (number BIGINT PRIMARY KEY, body TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE files (fingerprint TEXT PRIMARY KEY, content BYTEA NOT NULL);
CREATE TABLE applies (
    op TEXT PRIMARY KEY, position BIGINT NOT NULL UNIQUE, closed BOOLEAN NOT NULL, body TEXT NOT NULL,
    plan TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE UNIQUE INDEX one_open ON applies (closed) WHERE NOT closed;
CREATE TABLE records (
    op TEXT NOT NULL REFERENCES applies (op), seq BIGINT NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL,
    prev_hash TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (op, seq)
);
";

/// Whether the store is there.
pub(super) async fn is_there(connection: &mut PgConnection, place: &Place) -> Result<bool, Trouble> {
    let tables = "SELECT c.relname = 'version' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE n.nspname = $1 AND c.relkind = 'r'";
    let tables: Vec<bool> = sqlx::query_scalar(tables).bind(&place.schema).fetch_all(connection).await?;
    if !tables.is_empty() && !tables.contains(&true) {
        return Err(Trouble::damaged(format!("the schema {} is no store of omni", place.quoted())));
    }
    Ok(!tables.is_empty())
}

/// Makes the store, wholly or not at all; one that is there already is left alone.
pub(super) async fn make(connection: &mut PgConnection, place: &Place, scope: &Scope) -> Result<(), Trouble> {
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
    let made = make_tables(connection, place, scope).await;
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = sqlx::raw_sql(end).execute(&mut *connection).await;
    made?;
    ended?;
    Ok(())
}

async fn make_tables(connection: &mut PgConnection, place: &Place, scope: &Scope) -> Result<(), Trouble> {
    // `CREATE … IF NOT EXISTS` is no protection against one that does the same at the same time.
    let mark = Fingerprint::of(&("omni schema", &place.schema)).to_string();
    let number = u64::from_str_radix(&mark[..16], 16).unwrap_or_default().cast_signed();
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(number).execute(&mut *connection).await?;
    if is_there(connection, place).await? {
        return Ok(());
    }
    let schema = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    let schema: bool = sqlx::query_scalar(schema).bind(&place.schema).fetch_one(&mut *connection).await?;
    if !schema {
        let create = AssertSqlSafe(format!("CREATE SCHEMA {}", place.quoted()));
        sqlx::raw_sql(create).execute(&mut *connection).await?;
    }
    sqlx::raw_sql(TABLES).execute(&mut *connection).await?;
    sqlx::query("INSERT INTO version VALUES ($1, $1)").bind(VERSION).execute(&mut *connection).await?;
    Meta::fresh(scope)?.save(connection).await?;
    Counters::default().save(connection).await
}

/// What the store is, where this omni can read it and it belongs to this deployment.
pub(super) async fn read(connection: &mut PgConnection, scope: &Scope) -> Result<Meta, Trouble> {
    let row = sqlx::query("SELECT version, min_reader FROM version").fetch_optional(&mut *connection).await?;
    let row = row.ok_or_else(|| Trouble::damaged("the row of its version is missing"))?;
    let (found, min_reader): (i64, i64) = (row.try_get("version")?, row.try_get("min_reader")?);
    // A newer omni says in the store which readers may still read it.
    if found > VERSION && min_reader > VERSION {
        return Err(StoreError::TooNew { found, known: VERSION }.into());
    }
    let meta = Meta::read(connection).await?;
    if (meta.version, meta.min_reader) != (found, min_reader) || found < VERSION {
        return Err(Trouble::damaged(format!("there is no version {found}")));
    }
    if meta.scope() != *scope {
        return Err(StoreError::Foreign { found: meta.scope().to_string(), wanted: scope.to_string() }.into());
    }
    Ok(meta)
}
