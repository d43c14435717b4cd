//! `Wire` on a server.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column, PgConnection, Postgres, Row as _};

use crate::fingerprint::Fingerprint;
use crate::migration::ledger::{Row, Sql};
use crate::provider::database::trouble::Trouble;
use crate::provider::database::wire::{Wire, sent};

/// A transaction begins at the time of the statement that begins it. So where one is open, that is an earlier one.
pub(super) const IS_OPEN: &str = "pg_catalog.transaction_timestamp() <> pg_catalog.statement_timestamp()";

impl Wire for PgConnection {
    async fn send(&mut self, sql: &Sql) -> Result<(), Trouble> {
        if sql.values.is_empty() {
            return run(self, &sql.text).await;
        }
        sent(bound(sql).execute(self)).await?;
        Ok(())
    }

    async fn rows(&mut self, sql: &Sql) -> Result<Vec<Row>, Trouble> {
        let found = if sql.values.is_empty() {
            sent(sqlx::raw_sql(AssertSqlSafe(sql.text.clone())).fetch_all(self)).await?
        } else {
            sent(bound(sql).fetch_all(self)).await?
        };
        found.iter().map(row).collect()
    }

    async fn open(&mut self) -> Result<bool, Trouble> {
        let opened = !is_open(self).await?;
        if opened {
            run(self, "BEGIN").await?;
        }
        Ok(opened)
    }

    async fn close<T: Send>(&mut self, opened: bool, done: Result<T, Trouble>) -> Result<T, Trouble> {
        if !opened {
            return done;
        }
        match done {
            Ok(value) => run(self, "COMMIT").await.map(|()| value),
            Err(trouble) => {
                // Where it cannot be taken back the connection is lost, and it is taken back with it.
                run(self, "ROLLBACK").await?;
                Err(trouble)
            }
        }
    }

    async fn exclude(&mut self, table: &str) -> Result<(), Trouble> {
        // `CREATE … IF NOT EXISTS` is no protection against one that does the same at the same time.
        let mark = Fingerprint::of(&("omni table", table)).to_string();
        let number = u64::from_str_radix(&mark[..16], 16).unwrap_or_default().cast_signed();
        run(self, &format!("SELECT pg_catalog.pg_advisory_xact_lock({number})")).await
    }
}

/// Runs a statement as a message of its own. What it answers is dropped as it comes.
pub(super) async fn run(connection: &mut PgConnection, statement: &str) -> Result<(), Trouble> {
    sent(sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection)).await?;
    Ok(())
}

/// Whether a transaction is open, whoever opened it: a script may do so itself.
pub(super) async fn is_open(connection: &mut PgConnection) -> Result<bool, Trouble> {
    let ask = format!("SELECT {IS_OPEN}");
    Ok(sent(sqlx::raw_sql(AssertSqlSafe(ask)).fetch_one(connection)).await?.try_get(0)?)
}

fn bound(sql: &Sql) -> Query<'_, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.text.clone())).persistent(false);
    sql.values.iter().fold(query, |query, value| query.bind(value.as_deref()))
}

fn row(row: &PgRow) -> Result<Row, Trouble> {
    let value = |column: &sqlx::postgres::PgColumn| {
        Ok((column.name().to_owned(), row.try_get_unchecked::<Option<String>, _>(column.ordinal())?))
    };
    row.columns().iter().map(value).collect()
}
