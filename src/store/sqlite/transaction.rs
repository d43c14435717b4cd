//! Transactions by hand: `begin`, `end`.
//!
//! sqlx's own guard counts transactions on its side. When the disk is full `SQLite` ends one by itself; the count is
//! then wrong for good, and every later write fails. So omni says BEGIN and COMMIT itself, and asks nobody to count.

use sqlx::SqliteConnection;

use crate::store::sqlite::trouble::Trouble;

/// What a transaction will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Read one consistent picture.
    Read,
    /// Write; nobody else can from here on.
    Write,
}

/// Begins a transaction. One that was left open by a call that was given up in the middle is taken back first.
pub(super) async fn begin(connection: &mut SqliteConnection, intent: Intent) -> Result<(), Trouble> {
    let statement = match intent {
        Intent::Read => "BEGIN",
        Intent::Write => "BEGIN IMMEDIATE",
    };
    match run(connection, statement).await {
        Err(trouble) if trouble.is_nested() => {
            run(connection, "ROLLBACK").await?;
            run(connection, statement).await
        }
        begun => begun,
    }
}

/// Commits what was done, or takes it back where that failed.
pub(super) async fn end<T>(connection: &mut SqliteConnection, done: Result<T, Trouble>) -> Result<T, Trouble> {
    let trouble = match done {
        Ok(value) => match run(connection, "COMMIT").await {
            Ok(()) => return Ok(value),
            Err(trouble) => trouble,
        },
        Err(trouble) => trouble,
    };
    // SQLite may have ended it already: then there is nothing to take back, and it says so.
    let _ = run(connection, "ROLLBACK").await;
    Err(trouble)
}

async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), Trouble> {
    sqlx::raw_sql(statement).execute(connection).await?;
    Ok(())
}
