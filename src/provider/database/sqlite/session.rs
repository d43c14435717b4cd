//! `SqliteSession`: one connection to a file.
//!
//! Each call has the connection for itself, and gives it back when it is answered. So a call that is given up takes the
//! connection with it.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use crate::lock::LONGEST_CALL;
use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::{Ledger, Row, Writing};
use crate::migration::{Dialect, Mark};
use crate::provider::database::sqlite::catalogue;
use crate::provider::database::sqlite::fault::{ends_session, fault};
use crate::provider::database::sqlite::stop::Stoppable;
use crate::provider::database::sqlite::wire::run;
use crate::provider::database::trouble::{Trouble, in_time};
use crate::provider::database::wire::sent;
use crate::provider::database::{Facts, Session, Target, keeping};
use crate::provider::{Fault, FaultKind};

/// One connection to a file.
pub(super) struct SqliteSession {
    /// The database's name in deploy.toml.
    name: String,
    facts: Facts,
    /// None once it was lost or given up.
    opened: Option<Stoppable>,
    /// How long a call of omni's own may take.
    patience: Duration,
    /// How long a statement of a script may take.
    limit: Option<Duration>,
}

impl SqliteSession {
    pub(super) fn new(target: &Target, facts: Facts, opened: Stoppable) -> Self {
        let patience = LONGEST_CALL + target.lock_timeout;
        Self { name: target.name.clone(), facts, opened: Some(opened), patience, limit: target.statement_timeout }
    }

    fn take(&mut self) -> Result<Stoppable, Fault> {
        let gone = || Fault::new(FaultKind::Unknown, format!("database `{}`: the connection is gone", self.name));
        self.opened.take().ok_or_else(gone)
    }

    /// Takes the connection back where it is of use yet.
    fn end<T>(&mut self, opened: Stoppable, done: Result<T, Trouble>) -> Result<T, Fault> {
        if !done.as_ref().is_err_and(ends_session) {
            self.opened = Some(opened);
        }
        done.map_err(|trouble| fault(trouble, &self.name))
    }
}

/// One call of omni's own.
macro_rules! call {
    ($session:ident, $connection:ident => $work:expr) => {{
        let mut taken = $session.take()?;
        let $connection = &mut taken.connection;
        let done = in_time(Some($session.patience), $work).await;
        $session.end(taken, done)
    }};
}

#[async_trait]
impl Session for SqliteSession {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn try_lock(&mut self, _keys: &[i64]) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn end_others(&mut self, _application: &str) -> Result<usize, Fault> {
        Ok(0)
    }

    async fn begin(&mut self) -> Result<(), Fault> {
        call!(self, connection => run(connection, "BEGIN IMMEDIATE"))
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        call!(self, connection => run(connection, "COMMIT"))
    }

    async fn abort(&mut self) -> Result<(), Fault> {
        call!(self, connection => abort(connection))
    }

    async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        let mut opened = self.take()?;
        let done = opened.limited(self.limit, async |connection| run(connection, statement).await).await;
        self.end(opened, done)
    }

    async fn ledger(&mut self, ledger: &Ledger) -> Result<Option<Vec<Row>>, Fault> {
        call!(self, connection => keeping::ledger(connection, ledger))
    }

    async fn make_ledger(&mut self, ledger: &Ledger) -> Result<(), Fault> {
        call!(self, connection => keeping::make_ledger(connection, ledger))
    }

    async fn record(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        call!(self, connection => keeping::all(connection, &ledger.add(writing)))
    }

    async fn record_begun(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        call!(self, connection => keeping::all(connection, &ledger.begin(writing)))
    }

    async fn unrecord(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        call!(self, connection => keeping::all(connection, &ledger.remove(writing)))
    }

    async fn marks(&mut self) -> Result<Vec<Mark>, Fault> {
        call!(self, connection => keeping::marks(connection, Dialect::Sqlite, None))
    }

    async fn mark_of(&mut self, migration: &str) -> Result<Option<Mark>, Fault> {
        let read = call!(self, connection => keeping::marks(connection, Dialect::Sqlite, Some(migration)));
        read.map(|marks| marks.into_iter().next())
    }

    async fn mark(&mut self, mark: &Mark) -> Result<(), Fault> {
        call!(self, connection => keeping::mark(connection, Dialect::Sqlite, mark))
    }

    async fn unmark(&mut self, migration: &str) -> Result<(), Fault> {
        call!(self, connection => keeping::unmark(connection, Dialect::Sqlite, migration))
    }

    async fn catalogue(&mut self, without: &[String]) -> Result<Catalogue, Fault> {
        call!(self, connection => catalogue::read(connection, without))
    }

    async fn value(&mut self, query: &str) -> Result<Option<String>, Fault> {
        call!(self, connection => value(connection, query))
    }
}

/// Takes the transaction back. After some failures `SQLite` did so itself.
async fn abort(connection: &mut SqliteConnection) -> Result<(), Trouble> {
    match run(connection, "ROLLBACK").await {
        Err(Trouble::Sql(sqlx::Error::Database(error))) if error.message().contains("no transaction is active") => {
            Ok(())
        }
        done => done,
    }
}

async fn value(connection: &mut SqliteConnection, query: &str) -> Result<Option<String>, Trouble> {
    let query = sqlx::query(AssertSqlSafe(query.to_owned())).persistent(false);
    let row = sent(query.fetch_optional(connection)).await?;
    Ok(row.map(|row| row.try_get_unchecked::<Option<String>, _>(0)).transpose()?.flatten())
}
