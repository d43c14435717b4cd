//! `Wire` on a file.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteColumn, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Row as _, Sqlite, SqliteConnection};

use crate::migration::ledger::{Row, Sql};
use crate::provider::database::trouble::Trouble;
use crate::provider::database::wire::{Wire, sent};

impl Wire for SqliteConnection {
    async fn send(&mut self, sql: &Sql) -> Result<(), Trouble> {
        if sql.values.is_empty() {
            return run(self, &sql.text).await;
        }
        sent(bound(sql).execute(self)).await?;
        Ok(())
    }

    async fn rows(&mut self, sql: &Sql) -> Result<Vec<Row>, Trouble> {
        let found = sent(bound(sql).fetch_all(self)).await?;
        found.iter().map(row).collect()
    }

    async fn open(&mut self) -> Result<bool, Trouble> {
        open(self, "BEGIN IMMEDIATE").await
    }

    async fn close<T: Send>(&mut self, opened: bool, done: Result<T, Trouble>) -> Result<T, Trouble> {
        if !opened {
            return done;
        }
        match done {
            Ok(value) => match run(self, "COMMIT").await {
                Ok(()) => Ok(value),
                // One that could not be committed stays open.
                Err(trouble) => take_back(self, trouble).await,
            },
            Err(trouble) => take_back(self, trouble).await,
        }
    }

    async fn exclude(&mut self, _table: &str) -> Result<(), Trouble> {
        // A transaction that writes is alone already.
        Ok(())
    }
}

/// Takes the transaction back. After some failures it was taken back already.
async fn take_back<T>(connection: &mut SqliteConnection, trouble: Trouble) -> Result<T, Trouble> {
    let _ = run(connection, "ROLLBACK").await;
    Err(trouble)
}

/// Opens a transaction with this statement where none is open, whoever opened it: a script may do so itself.
pub(super) async fn open(connection: &mut SqliteConnection, begin: &str) -> Result<bool, Trouble> {
    match run(connection, begin).await {
        Ok(()) => Ok(true),
        Err(Trouble::Sql(sqlx::Error::Database(error))) if error.message().contains("within a transaction") => {
            Ok(false)
        }
        Err(trouble) => Err(trouble),
    }
}

/// Runs a statement as it is. What it answers is dropped as it comes.
pub(super) async fn run(connection: &mut SqliteConnection, statement: &str) -> Result<(), Trouble> {
    sent(sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection)).await?;
    Ok(())
}

fn bound(sql: &Sql) -> Query<'_, Sqlite, SqliteArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.text.clone())).persistent(false);
    sql.values.iter().fold(query, |query, value| query.bind(value.as_deref()))
}

fn row(row: &SqliteRow) -> Result<Row, Trouble> {
    let value = |column: &SqliteColumn| {
        Ok((column.name().to_owned(), row.try_get_unchecked::<Option<String>, _>(column.ordinal())?))
    };
    row.columns().iter().map(value).collect()
}
