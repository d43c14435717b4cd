//! `PostgresSession`: one connection to a server.
//!
//! Each call has the connection for itself, and gives it back when it is answered. So a call that is given up takes the
//! connection with it.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::lock::LONGEST_CALL;
use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::{Ledger, Row, Writing};
use crate::migration::{Dialect, Mark};
use crate::provider::database::postgres::alive::Alive;
use crate::provider::database::postgres::catalogue;
use crate::provider::database::postgres::fault::{ends_session, fault};
use crate::provider::database::postgres::wire::run;
use crate::provider::database::trouble::{Trouble, in_time};
use crate::provider::database::wire::sent;
use crate::provider::database::{Facts, Session, Target, keeping, marks};
use crate::provider::{Fault, FaultKind};

/// How long a commit may take for which the server has no limit: constraints may be checked in it.
const LONGEST_COMMIT: Duration = Duration::from_mins(10);

/// One connection to a server.
pub(super) struct PostgresSession {
    /// The database's name in deploy.toml.
    name: String,
    facts: Facts,
    /// None once it was lost or given up.
    connection: Option<PgConnection>,
    /// Where names without a schema are looked for, as it was when the session was opened.
    search_path: String,
    /// How long a call of omni's own may take.
    patience: Duration,
    /// How long a commit may take.
    commit: Duration,
    /// What is asked while a statement of a script runs.
    alive: Alive,
}

impl PostgresSession {
    pub(super) fn new(
        target: &Target,
        facts: Facts,
        search_path: String,
        connection: PgConnection,
        alive: Alive,
    ) -> Self {
        Self {
            name: target.name.clone(),
            facts,
            search_path,
            connection: Some(connection),
            patience: LONGEST_CALL + target.lock_timeout,
            commit: target.statement_timeout.map_or(LONGEST_COMMIT, |limit| limit + LONGEST_CALL),
            alive,
        }
    }

    fn take(&mut self) -> Result<PgConnection, Fault> {
        let gone = || Fault::new(FaultKind::Unknown, format!("database `{}`: the connection is gone", self.name));
        self.connection.take().ok_or_else(gone)
    }

    /// Takes the connection back where it is of use yet.
    fn end<T>(&mut self, connection: PgConnection, done: Result<T, Trouble>, statement: &str) -> Result<T, Fault> {
        if !done.as_ref().is_err_and(ends_session) {
            self.connection = Some(connection);
        }
        done.map_err(|trouble| fault(trouble, &self.name, statement))
    }

    /// What an account needs that may not keep marks.
    fn rights(&self, fault: Fault) -> Fault {
        if fault.kind != FaultKind::Denied {
            return fault;
        }
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let (schema, user, database) = (marks::SCHEMA, quoted(&self.facts.user), quoted(&self.facts.database));
        fault.help(format!(
            "omni keeps `{}` there: let an administrator run `GRANT CREATE ON DATABASE {database} TO {user}`, or \
             `CREATE SCHEMA {schema} AUTHORIZATION {user}`; where the schema is another's, `GRANT USAGE, CREATE ON \
             SCHEMA {schema} TO {user}` and `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO \
             {user}`",
            marks::table(Dialect::Postgres)
        ))
    }
}

/// One call of omni's own.
macro_rules! call {
    ($session:ident, $connection:ident => $work:expr) => {{
        let mut taken = $session.take()?;
        let $connection = &mut taken;
        let done = in_time(Some($session.patience), $work).await;
        $session.end(taken, done, "")
    }};
}

/// One call for a ledger. A script that a dump of the database was made into empties the search path, under which the
/// ledger's table would not be found.
macro_rules! call_ledger {
    ($session:ident, $connection:ident => $work:expr) => {{
        let mut taken = $session.take()?;
        let $connection = &mut taken;
        let work = async {
            restore(&mut *$connection, &$session.search_path).await?;
            $work.await
        };
        let done = in_time(Some($session.patience), work).await;
        $session.end(taken, done, "")
    }};
}

#[async_trait]
impl Session for PostgresSession {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    async fn try_lock(&mut self, keys: &[i64]) -> Result<bool, Fault> {
        call!(self, connection => try_lock(connection, keys))
    }

    async fn end_others(&mut self, application: &str) -> Result<usize, Fault> {
        call!(self, connection => end_others(connection, application))
    }

    async fn begin(&mut self) -> Result<(), Fault> {
        call!(self, connection => run(connection, "BEGIN"))
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        let mut connection = self.take()?;
        let done = in_time(Some(self.commit), commit(&mut connection)).await;
        self.end(connection, done, "")
    }

    async fn abort(&mut self) -> Result<(), Fault> {
        call!(self, connection => run(connection, "ROLLBACK"))
    }

    async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        let mut connection = self.take()?;
        let done = self.alive.answer(run(&mut connection, statement)).await;
        self.end(connection, done, statement)
    }

    async fn ledger(&mut self, ledger: &Ledger) -> Result<Option<Vec<Row>>, Fault> {
        call_ledger!(self, connection => keeping::ledger(connection, ledger))
    }

    async fn make_ledger(&mut self, ledger: &Ledger) -> Result<(), Fault> {
        call_ledger!(self, connection => keeping::make_ledger(connection, ledger))
    }

    async fn record(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        call_ledger!(self, connection => keeping::all(connection, &ledger.add(writing)))
    }

    async fn record_begun(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        call_ledger!(self, connection => keeping::all(connection, &ledger.begin(writing)))
    }

    async fn unrecord(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault> {
        call_ledger!(self, connection => keeping::all(connection, &ledger.remove(writing)))
    }

    async fn marks(&mut self) -> Result<Vec<Mark>, Fault> {
        let read = call!(self, connection => keeping::marks(connection, Dialect::Postgres, None));
        read.map_err(|fault| self.rights(fault))
    }

    async fn mark_of(&mut self, migration: &str) -> Result<Option<Mark>, Fault> {
        let read = call!(self, connection => keeping::marks(connection, Dialect::Postgres, Some(migration)));
        read.map(|marks| marks.into_iter().next()).map_err(|fault| self.rights(fault))
    }

    async fn mark(&mut self, mark: &Mark) -> Result<(), Fault> {
        let marked = call!(self, connection => keeping::mark(connection, Dialect::Postgres, mark));
        marked.map_err(|fault| self.rights(fault))
    }

    async fn unmark(&mut self, migration: &str) -> Result<(), Fault> {
        let unmarked = call!(self, connection => keeping::unmark(connection, Dialect::Postgres, migration));
        unmarked.map_err(|fault| self.rights(fault))
    }

    async fn catalogue(&mut self, without: &[String]) -> Result<Catalogue, Fault> {
        call!(self, connection => catalogue::read(connection, without))
    }

    async fn value(&mut self, query: &str) -> Result<Option<String>, Fault> {
        let mut connection = self.take()?;
        let done = in_time(Some(self.patience), value(&mut connection, query)).await;
        self.end(connection, done, query)
    }
}

/// Puts the search path back where a script has changed it.
async fn restore(connection: &mut PgConnection, search_path: &str) -> Result<(), Trouble> {
    let restore = "SELECT pg_catalog.set_config('search_path', $1, false) \
                   WHERE pg_catalog.current_setting('search_path') OPERATOR(pg_catalog.<>) $1";
    sent(sqlx::query(restore).persistent(false).bind(search_path).execute(connection)).await?;
    Ok(())
}

/// Tries each lock; gives back those that it got where another session has one of them.
async fn try_lock(connection: &mut PgConnection, keys: &[i64]) -> Result<bool, Trouble> {
    for (at, key) in keys.iter().enumerate() {
        if ask(connection, format!("SELECT pg_catalog.pg_try_advisory_lock({key})")).await? {
            continue;
        }
        for key in &keys[..at] {
            run(connection, &format!("SELECT pg_catalog.pg_advisory_unlock({key})")).await?;
        }
        return Ok(false);
    }
    Ok(true)
}

async fn ask(connection: &mut PgConnection, question: String) -> Result<bool, Trouble> {
    Ok(sent(sqlx::raw_sql(AssertSqlSafe(question)).fetch_one(connection)).await?.try_get(0)?)
}

/// Ends the sessions of a name in this database: on the same server the same apply may be at work in another one. They
/// are of the account that has logged in, which may not be the one that a role is set to work as.
async fn end_others(connection: &mut PgConnection, application: &str) -> Result<usize, Trouble> {
    let end = "SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity \
               WHERE application_name = left($1, 63) AND datname = current_database() AND usename = session_user \
               AND pid <> pg_catalog.pg_backend_pid()";
    run(connection, "SET ROLE NONE").await?;
    let ended = sent(sqlx::query_scalar(end).persistent(false).bind(application).fetch_one(&mut *connection)).await;
    run(connection, "RESET ROLE").await?;
    let ended: i64 = ended?;
    Ok(usize::try_from(ended).unwrap_or_default())
}

/// Commits. A server answers `ROLLBACK` without an error where a statement of the transaction had failed.
async fn commit(connection: &mut PgConnection) -> Result<(), Trouble> {
    run(connection, "SELECT 1").await?;
    run(connection, "COMMIT").await
}

async fn value(connection: &mut PgConnection, query: &str) -> Result<Option<String>, Trouble> {
    let row = sent(sqlx::raw_sql(AssertSqlSafe(query.to_owned())).fetch_optional(connection)).await?;
    Ok(row.map(|row| row.try_get_unchecked::<Option<String>, _>(0)).transpose()?.flatten())
}
