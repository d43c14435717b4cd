//! Opening the file: its settings, the `SQLite` that reads it, and whether it is a store of this deployment.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::address::Scope;
use crate::store::StoreError;
use crate::store::sqlite::meta::Meta;
use crate::store::sqlite::place::Place;
use crate::store::sqlite::reach::Reach;
use crate::store::sqlite::schema::{APPLICATION, TABLES, VERSION, upgrade, version};
use crate::store::sqlite::transaction::{self, Intent};
use crate::store::sqlite::trouble::{Trouble, unusable};

/// The oldest `SQLite` that keeps every commit of two connections in WAL mode.
const OLDEST: (u32, u32, u32) = (3, 51, 3);

/// Older lines into which that was brought back: from this one on.
const MENDED: [(u32, u32, u32); 2] = [(3, 44, 6), (3, 50, 7)];

/// How long a call waits while another process writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pages of the log after which it is folded back: about 1 MiB, which is what the ballast keeps free.
const CHECKPOINT: &str = "256";

/// Makes a new store at a place; one that is there already is left alone.
pub(super) async fn make(place: &Place, scope: &Scope) -> Result<(), StoreError> {
    let draft = place.draft()?;
    let laid = lay(&draft, scope).await;
    if laid.is_err() {
        crate::store::sqlite::place::discard(&draft);
    }
    laid.map_err(|trouble| trouble.at(place.file()))?;
    place.settle(&draft)
}

async fn lay(draft: &Path, scope: &Scope) -> Result<(), Trouble> {
    let mut connection = options(draft).journal_mode(SqliteJournalMode::Wal).connect().await?;
    transaction::begin(&mut connection, Intent::Write).await?;
    let laid = lay_tables(&mut connection, scope).await;
    transaction::end(&mut connection, laid).await?;
    // Closing folds the log back, so that the draft is one whole file.
    connection.close().await?;
    Ok(())
}

async fn lay_tables(connection: &mut SqliteConnection, scope: &Scope) -> Result<(), Trouble> {
    let head = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};");
    sqlx::raw_sql(AssertSqlSafe(head)).execute(&mut *connection).await?;
    sqlx::raw_sql(TABLES).execute(&mut *connection).await?;
    Meta::fresh(scope)?.insert(connection).await?;
    crate::store::sqlite::counters::Counters::default().save(connection).await
}

/// Opens the store at a place, and checks that it belongs to this deployment. After a crash on a full disk that takes
/// the room of the ballast.
pub(super) async fn connect(place: &Place, scope: &Scope) -> Result<(SqliteConnection, Meta), StoreError> {
    let opened = match open(place, scope).await {
        Err(trouble) if trouble.is_shut() && place.drop_ballast() => open(place, scope).await,
        opened => opened,
    };
    opened.map_err(|trouble| trouble.at(place.file()))
}

async fn open(place: &Place, scope: &Scope) -> Result<(SqliteConnection, Meta), Trouble> {
    let mut connection = options(place.file()).connect().await?;
    let sqlite: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
    if !is_new_enough(&sqlite) {
        let (major, minor, patch) = OLDEST;
        let why = format!("SQLite {sqlite} can lose commits; omni needs {major}.{minor}.{patch} or newer");
        return Err(unusable(place.file(), why).into());
    }
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut connection).await?;
    if application != APPLICATION {
        return Err(Trouble::damaged(format!("`{}` is no store of omni", place.file().display())));
    }
    let found = version(&mut connection).await?;
    if found > VERSION {
        // A newer omni says in the store which readers may still read it.
        let readable = Meta::read(&mut connection).await.is_ok_and(|meta| meta.min_reader <= VERSION);
        if !readable {
            return Err(StoreError::TooNew { found, known: VERSION }.into());
        }
    }
    upgrade(&mut connection, place, found.min(VERSION)).await?;
    let meta = Meta::read(&mut connection).await?;
    if meta.scope() != *scope {
        return Err(StoreError::Foreign { found: meta.scope().to_string(), wanted: scope.to_string() }.into());
    }
    check_age(&mut connection, place, &meta).await?;
    Ok((connection, meta))
}

/// Refuses a store that has come less far than it had when it was last written here.
async fn check_age(connection: &mut SqliteConnection, place: &Place, meta: &Meta) -> Result<(), Trouble> {
    // That is read first: whoever writes meanwhile writes the store before it.
    let Some(kept) = Reach::read(&place.reach(), &meta.lineage) else { return Ok(()) };
    transaction::begin(connection, Intent::Read).await?;
    let found = Reach::of(connection).await;
    if transaction::end(connection, found).await? >= kept {
        return Ok(());
    }
    Err(Trouble::damaged(format!(
        "it is older than what was last written there: a copy was put back, or its log `{}-wal` is missing or damaged",
        place.file().display()
    )))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("wal_autocheckpoint", CHECKPOINT)
        .disable_statement_logging()
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let (major, minor, patch) = (next(), next(), next());
    let is_mended = |(a, b, from)| (major, minor) == (a, b) && patch >= from;
    (major, minor, patch) >= OLDEST || MENDED.into_iter().any(is_mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_sqlite_is_refused_and_the_bundled_one_is_not() {
        for old in ["3.40.1", "3.44.5", "3.45.9", "3.50.6", "3.51.2", "3.9.99", "2.50.7", "", "x"] {
            assert!(!is_new_enough(old), "{old}");
        }
        for new in ["3.44.6", "3.44.10", "3.50.7", "3.51.3", "3.52.0", "4.0.0"] {
            assert!(is_new_enough(new), "{new}");
        }
    }

    #[tokio::test]
    async fn a_lockfile_refresh_did_not_bring_an_old_sqlite_back() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await.unwrap();
        assert!(is_new_enough(&version), "{version}");
    }

    #[tokio::test]
    async fn every_commit_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(&folder.path().join("shop.sqlite")).unwrap();
        let scope = Scope { project: "shop".into(), environment: None };
        make(&place, &scope).await.unwrap();
        let (mut connection, _) = connect(&place, &scope).await.unwrap();
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut connection).await.unwrap();
        let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut connection).await.unwrap();
        assert_eq!((mode.as_str(), synchronous, keys), ("wal", 2, 1));
    }
}
