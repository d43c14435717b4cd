//! Connecting: where the server is, the settings of a session, and whether it is a server that can be migrated.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row};

use crate::migration::Dialect;
use crate::provider::database::postgres::alive::Alive;
use crate::provider::database::postgres::fault::{DIRECT, unopened};
use crate::provider::database::postgres::session::PostgresSession;
use crate::provider::database::trouble::{Trouble, in_time};
use crate::provider::database::wire::sent;
use crate::provider::database::{Facts, Target};
use crate::provider::{Fault, FaultKind};

/// The oldest server that is still looked after.
const OLDEST: i32 = 120_000;

/// The oldest server that looks for its client while it works.
const LOOKS: i32 = 140_000;

/// Nobody waits for ever for a transaction that was left open, and the server notices a client whose machine is gone.
/// What a script may rely on, such as the search path, is as the server, the database and the role say.
const SETTINGS: &str = "
SET idle_in_transaction_session_timeout = '60s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '25s';
SET client_min_messages = warning";

/// The driver asks for a time zone and an order of dates of its own when it connects. Scripts were written for those of
/// the role and the database, of which the more special one is set last; what the server's file says nobody can ask.
const ZONE: &str = "
SELECT pg_catalog.set_config(split_part(said, '=', 1), substr(said, strpos(said, '=') + 1), false)
FROM (
    SELECT said FROM pg_catalog.pg_db_role_setting AS s, unnest(s.setconfig) AS said
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
    AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
    AND lower(split_part(said, '=', 1)) IN ('timezone', 'datestyle')
    ORDER BY s.setrole <> 0, s.setdatabase <> 0 OFFSET 0
) AS each";

const FACTS: &str = "SELECT current_setting('server_version_num')::int AS number, \
     split_part(current_setting('server_version'), ' ', 1) AS version, current_database()::text AS database, \
     coalesce(current_schema()::text, 'public') AS schema, current_user::text AS account, \
     current_setting('search_path') AS search_path, pg_backend_pid() AS pid, \
     (SELECT extract(epoch FROM backend_start)::text FROM pg_catalog.pg_stat_activity \
      WHERE pid = pg_backend_pid()) AS since";

/// Where a database is.
pub(super) struct Place {
    options: PgConnectOptions,
    way: String,
}

impl Place {
    /// The place of a target.
    ///
    /// # Errors
    /// `Failed` when its URL cannot be understood. The fault holds nothing of it.
    pub(super) fn new(target: &Target) -> Result<Self, Fault> {
        let options = PgConnectOptions::from_str(&with_host(&target.url)).map_err(|_| malformed(&target.name))?;
        // Statements are not kept: what they refer to is changed by the scripts.
        let options = options
            .application_name(&target.application)
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let host = options.get_socket().map_or_else(|| options.get_host().into(), |socket| socket.to_string_lossy());
        let (port, database, user) = (options.get_port(), options.get_database(), options.get_username());
        let way = format!("{user}@{host}:{port}/{}", database.unwrap_or(user));
        Ok(Self { options, way })
    }

    /// The database.
    pub(super) fn database(&self) -> &str {
        self.options.get_database().unwrap_or_else(|| self.options.get_username())
    }

    /// What a pool decides by how it deals with a connection.
    pub(super) fn way(&self) -> &str {
        &self.way
    }
}

/// The URL with a host where it has a user or a port alone, as clients of `PostgreSQL` take it: the host is a parameter
/// then.
fn with_host(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else { return url.into() };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let at = authority.rfind('@').map_or(0, |at| at + 1);
    match authority.split_at(at) {
        ("", "") => url.into(),
        (user, port) if port.is_empty() || port.starts_with(':') => {
            format!("{scheme}://{user}localhost{port}{path}").into()
        }
        _ => url.into(),
    }
}

fn malformed(name: &str) -> Fault {
    let help = "write it like `postgres://USER@HOST:5432/DATABASE`; a password in it has to be percent-encoded";
    Fault::new(FaultKind::Failed, format!("the URL of database `{name}` cannot be understood")).help(help)
}

/// A session with all its settings made.
pub(super) async fn connect(place: &Place, target: &Target, is_direct: bool) -> Result<PostgresSession, Fault> {
    let welcomed = in_time(Some(target.connect_timeout), welcomed(place, target, is_direct)).await;
    let (connection, facts, is_pooled) = welcomed.map_err(|trouble| unopened(trouble, &target.name))?;
    if facts.number < OLDEST {
        let message = format!("database `{}`: PostgreSQL {} is too old", target.name, facts.version);
        return Err(Fault::new(FaultKind::Failed, message).help("use a server of PostgreSQL 12 or newer"));
    }
    if is_pooled {
        let why = "a transaction pooler is in between, through which no session keeps its lock";
        return Err(Fault::new(FaultKind::Failed, format!("database `{}`: {why}", target.name)).help(DIRECT));
    }
    let alive = Alive { options: place.options.clone(), pid: facts.pid, since: facts.since.clone() };
    let (facts, search_path) = facts.told();
    Ok(PostgresSession::new(target, facts, search_path, connection, alive))
}

async fn welcomed(place: &Place, target: &Target, is_direct: bool) -> Result<(PgConnection, Told, bool), Trouble> {
    let mut connection = sent(place.options.connect()).await?;
    // No statement is prepared before it is known that the next one goes to the same server process.
    let is_pooled = !is_direct && is_pooled(&mut connection, place).await?;
    let told = Told::read(&mut connection).await?;
    if !is_pooled && told.number >= OLDEST {
        set(&mut connection, target, told.number).await?;
    }
    Ok((connection, told, is_pooled))
}

async fn set(connection: &mut PgConnection, target: &Target, number: i32) -> Result<(), Trouble> {
    let look = if target.is_look { "SET default_transaction_read_only = on;" } else { "" };
    let limits = format!(
        "SET lock_timeout = {}; SET statement_timeout = {};{look}{SETTINGS}",
        milliseconds(target.lock_timeout),
        target.statement_timeout.map_or(0, milliseconds),
    );
    sent(sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut *connection)).await?;
    sent(sqlx::raw_sql(ZONE).execute(&mut *connection)).await?;
    if number >= LOOKS {
        // Not every system can.
        let _ = sqlx::raw_sql("SET client_connection_check_interval = '500ms'").execute(connection).await;
    }
    Ok(())
}

/// A time as the server's settings have it, in which 0 would be for ever.
fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// What a server tells of itself, with the number of its version.
struct Told {
    number: i32,
    version: String,
    database: String,
    schema: String,
    user: String,
    search_path: String,
    pid: i32,
    since: Option<String>,
}

impl Told {
    async fn read(connection: &mut PgConnection) -> Result<Self, Trouble> {
        let row = sent(sqlx::raw_sql(FACTS).fetch_one(connection)).await?;
        Ok(Self {
            number: row.try_get("number")?,
            version: row.try_get("version")?,
            database: row.try_get("database")?,
            schema: row.try_get("schema")?,
            user: row.try_get("account")?,
            search_path: row.try_get("search_path")?,
            pid: row.try_get("pid")?,
            since: row.try_get("since")?,
        })
    }

    /// The facts, and the search path.
    fn told(self) -> (Facts, String) {
        let facts = Facts {
            dialect: Dialect::Postgres,
            version: format!("PostgreSQL {}", self.version),
            major: u32::try_from(self.number / 10_000).unwrap_or_default(),
            database: self.database,
            schema: self.schema,
            user: self.user,
        };
        (facts, self.search_path)
    }
}

/// Whether a pool is in between that gives each transaction to whichever server process is free: a session's lock would
/// be anybody's.
///
/// With nobody else there such a pool gives one process to all, one after the other, and no comparing of two of our
/// transactions tells. So a second connection is made: it can have the process of the first one only from a pool.
async fn is_pooled(connection: &mut PgConnection, place: &Place) -> Result<bool, Trouble> {
    let first = backend(connection).await?;
    if backend(connection).await? != first {
        return Ok(true);
    }
    let mut second = place.options.clone().application_name("omni/probe").connect().await?;
    let shared = backend(&mut second).await? == first || backend(connection).await? != first;
    // Whether it hears of our leaving changes nothing.
    let _ = sqlx::Connection::close(second).await;
    Ok(shared)
}

/// The server process behind a connection. It is asked in a transaction of its own.
async fn backend(connection: &mut PgConnection) -> Result<i32, Trouble> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid() AS pid").fetch_one(connection).await?;
    Ok(row.try_get("pid")?)
}

#[cfg(test)]
mod tests {
    use super::with_host;

    #[test]
    fn a_url_needs_no_host() {
        for (url, whole) in [
            ("postgres:///db?host=/run", "postgres:///db?host=/run"),
            ("postgres://ci:x@/db?host=/run", "postgres://ci:x@localhost/db?host=/run"),
            ("postgres://ci@:6000/db", "postgres://ci@localhost:6000/db"),
            ("postgres://:6000?host=/run", "postgres://localhost:6000?host=/run"),
            ("postgres://ci:a%40b@db:6000/db?x=@", "postgres://ci:a%40b@db:6000/db?x=@"),
            ("postgres://[::1]:6000/db", "postgres://[::1]:6000/db"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(with_host(url), whole);
        }
    }
}
