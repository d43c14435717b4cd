//! `Alive`: whether a server still works on a statement of which nobody knows how long it takes.
//!
//! Where the server's machine is gone, or something on the way has forgotten the connection, no answer ever comes and
//! nothing says so. A second connection asks now and then what became of the first one's process.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::time::{sleep, timeout};

use crate::failpoint::hastened;
use crate::provider::database::trouble::Trouble;

/// The wait before each look.
const PAUSE: Duration = Duration::from_secs(30);

/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// After so many looks in a row that found nobody at work, no answer is waited for any more.
const MISSES: u32 = 4;

/// The server process of a session.
pub(super) struct Alive {
    /// The way to its server.
    pub(super) options: PgConnectOptions,
    /// Its number.
    pub(super) pid: i32,
    /// When it was started, in the server's words, since numbers come again; none where the account may not see it.
    pub(super) since: Option<String>,
}

impl Alive {
    /// The answer to a statement, unless the server is found not to work on it any more.
    pub(super) async fn answer<T>(&self, answer: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.gone() => Err(Trouble::Silent),
        }
    }

    async fn gone(&self) {
        let mut missed = 0;
        while missed < MISSES {
            sleep(hastened(PAUSE)).await;
            let works = timeout(hastened(PATIENCE), self.works()).await.unwrap_or(false);
            missed = if works { 0 } else { missed + 1 };
        }
    }

    /// Whether it is at work; a server that answers and does not say counts as one that is.
    async fn works(&self) -> bool {
        let mut connection = match self.options.clone().application_name("omni/look").connect().await {
            Ok(connection) => connection,
            Err(error) => return error.as_database_error().is_some(),
        };
        let since = self.since.as_ref().map_or_else(|| "NULL".to_owned(), |since| format!("'{since}'"));
        let question = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE pid = {} \
             AND extract(epoch FROM backend_start)::text IS NOT DISTINCT FROM {since} \
             AND (state IS NULL OR state NOT LIKE 'idle%'))",
            self.pid
        );
        let works = sqlx::query_scalar(AssertSqlSafe(question)).persistent(false).fetch_one(&mut connection).await;
        // Whether it hears of our leaving changes nothing.
        let _ = connection.close().await;
        works.unwrap_or_else(|error| error.as_database_error().is_some())
    }
}
