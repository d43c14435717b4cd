//! `Session`: the one connection of a store, the session lock it has, and transactions that outlive a lost connection.
//!
//! Lock and writes go through one connection, so that a write that arrives has the lock. Where the connection is lost a
//! new one is made, for a while; it has to get the lock again before anything is written. Whether a commit whose answer
//! was lost took place, is read from the mark that each write leaves.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use crate::store::StoreError;
use crate::store::postgres::connect;
use crate::store::postgres::place::Place;
use crate::store::postgres::records::Link;
use crate::store::postgres::trouble::Trouble;
use crate::store::random::random_hex;

/// How long one transaction may take. The server gives up before.
const TURN: Duration = Duration::from_secs(10);

/// How long a lost connection is looked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait between two tries.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// What a transaction will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Read one consistent picture.
    Read,
    /// Write. Nobody else can meanwhile.
    Write,
    /// Write as the holder of the lock with this fence.
    Under(u64),
}

/// The session lock that a session has.
#[derive(Debug, Clone, Copy)]
struct Guard {
    number: i64,
    /// The fence of the lock it stands behind; 0 until there is one.
    fence: u64,
}

/// The one connection of a store.
pub(super) struct Session {
    pub(super) place: Place,
    /// Its name, by which nobody else's session is called.
    name: String,
    connection: Option<PgConnection>,
    guard: Option<Guard>,
    /// Whether a transaction may be open that a call left which was given up.
    is_open: bool,
    /// Until when a lost connection is looked for; none while all is well.
    until: Option<Instant>,
    /// The mark of the write under way.
    mark: String,
    /// The last record that was kept, or at least sent.
    pub(super) last: Option<Link>,
}

impl Session {
    /// A session with the server at `place`.
    pub(super) async fn start(place: Place) -> Result<Self, Trouble> {
        let name = format!("omni/{}/{}", std::process::id(), random_hex::<6>().map_err(sqlx::Error::Io)?);
        let connection = Some(connect::connect(&place, &name).await?);
        Ok(Self { place, name, connection, guard: None, is_open: false, until: None, mark: String::new(), last: None })
    }

    /// The connection for one statement without a transaction, where there is one on which nothing is open. `rest` has
    /// to follow; where it does not, because the call was given up, nothing is known of the statement.
    pub(super) const fn busy(&mut self) -> Option<&mut PgConnection> {
        if self.is_open {
            return None;
        }
        self.is_open = true;
        self.connection.as_mut()
    }

    /// The statement is over.
    pub(super) fn rest<T>(&mut self, done: &Result<T, Trouble>) {
        self.is_open = false;
        if done.as_ref().is_err_and(Trouble::is_lost) {
            self.connection = None;
        }
    }

    /// The connection. Where it was lost a new one is made, with the lock that the old one had.
    pub(super) async fn connection(&mut self) -> Result<&mut PgConnection, Trouble> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let mut connection = connect::connect(&self.place, &self.name).await?;
            if let Some(guard) = self.guard
                && !regain(&mut connection, &self.name, guard.number).await?
            {
                self.guard = None;
            }
            self.is_open = false;
            connection
        };
        Ok(self.connection.insert(connection))
    }

    /// Begins a transaction.
    pub(super) async fn begin(&mut self, intent: Intent) -> Result<&mut PgConnection, Trouble> {
        self.connection().await?;
        if let Intent::Under(fence) = intent
            && self.guard.is_none_or(|guard| guard.fence != fence)
        {
            return Err(StoreError::FenceLost(fence).into());
        }
        let connection = self.connection.as_mut().ok_or(Trouble::Silent)?;
        if self.is_open {
            run(connection, "ROLLBACK").await?;
        }
        self.is_open = true;
        if intent == Intent::Read {
            run(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        } else {
            run(connection, "BEGIN").await?;
            self.mark = random_hex::<8>().map_err(sqlx::Error::Io)?;
            let mark = sqlx::query("UPDATE counters SET last_write = $1").bind(&self.mark);
            // It locks the row, so that one writes at a time.
            mark.execute(&mut *connection).await?;
        }
        Ok(connection)
    }

    /// Ends a transaction: commits what was done, or takes it back where that failed.
    pub(super) async fn end<T>(&mut self, intent: Intent, done: Result<T, Trouble>) -> Result<T, Trouble> {
        let connection = self.connection.as_mut().ok_or(Trouble::Silent)?;
        let value = match done {
            Ok(value) => value,
            Err(trouble) => {
                if trouble.is_lost() || in_time(run(connection, "ROLLBACK")).await.is_err() {
                    self.connection = None;
                }
                self.is_open = false;
                return Err(trouble);
            }
        };
        let trouble = match in_time(run(connection, "COMMIT")).await {
            Ok(()) => {
                self.is_open = false;
                self.until = None;
                return Ok(value);
            }
            Err(trouble) => trouble,
        };
        // An answer that was lost on the way says nothing of what was done.
        while intent != Intent::Read && self.may_try_again(&trouble).await {
            match in_time(self.is_marked()).await {
                Ok(true) => {
                    self.until = None;
                    return Ok(value);
                }
                Ok(false) => break,
                Err(again) if again.is_lost() => self.connection = None,
                Err(again) => return Err(again),
            }
        }
        Err(trouble)
    }

    /// Whether the last write that the server kept is the one under way.
    async fn is_marked(&mut self) -> Result<bool, Trouble> {
        let connection = self.connection().await?;
        let mark: Option<String> =
            sqlx::query_scalar("SELECT last_write FROM counters").fetch_optional(connection).await?;
        Ok(mark.as_ref() == Some(&self.mark))
    }

    /// Whether something that failed for this is worth another try, after a pause: the connection was lost, and not for
    /// too long.
    pub(super) async fn may_try_again(&mut self, trouble: &Trouble) -> bool {
        if !trouble.is_lost() {
            return false;
        }
        self.connection = None;
        let until = *self.until.get_or_insert_with(|| Instant::now() + PATIENCE);
        // Once it was over, each call tries once, until one gets through.
        if Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(PAUSE).await;
        true
    }

    /// The fence that the session lock stands behind.
    pub(super) fn fence(&self) -> Option<u64> {
        self.guard.map(|guard| guard.fence)
    }

    /// Refuses a transaction pooler, once it is known.
    pub(super) async fn probe(&mut self, probed: &mut bool) -> Result<(), Trouble> {
        if !*probed {
            let place = self.place.clone();
            in_time(connect::refuse_pooler(self.connection().await?, &place)).await?;
            *probed = true;
        }
        Ok(())
    }

    /// Takes the session lock of this number; false where another session has it.
    pub(super) async fn take(&mut self, number: i64) -> Result<bool, Trouble> {
        self.connection().await?;
        // One whose answer is lost may be had.
        self.guard = Some(Guard { number, fence: 0 });
        let connection = self.connection.as_mut().ok_or(Trouble::Silent)?;
        let taken = in_time(try_lock(connection, number)).await;
        if !matches!(taken, Ok(true)) {
            self.guard = None;
        }
        if taken.is_err() {
            self.connection = None;
        }
        taken
    }

    /// Puts the session lock behind a fence.
    pub(super) fn stand_behind(&mut self, fence: u64) {
        if let Some(guard) = &mut self.guard {
            guard.fence = fence;
        }
    }

    /// Gives the session lock back. Where that cannot be said the session is ended, and the lock with it.
    pub(super) async fn let_go(&mut self) {
        let Some(guard) = self.guard.take() else { return };
        self.last = None;
        let Some(connection) = self.busy() else {
            self.connection = None;
            return;
        };
        let unlock = sqlx::query("SELECT pg_advisory_unlock($1)").bind(guard.number).execute(connection);
        if in_time(async { Ok(unlock.await?) }).await.is_err() {
            self.connection = None;
        }
        self.is_open = false;
    }

    /// Ends the session.
    pub(super) async fn shut(self) -> Result<(), Trouble> {
        match self.connection {
            Some(connection) => Ok(sqlx::Connection::close(connection).await?),
            None => Ok(()),
        }
    }
}

/// Gets the lock again that a lost connection of this session had. The server may not have noticed yet that it is lost;
/// then it is told.
async fn regain(connection: &mut PgConnection, name: &str, number: i64) -> Result<bool, Trouble> {
    let until = Instant::now() + PATIENCE / 2;
    while !try_lock(connection, number).await? {
        if Instant::now() >= until {
            return Ok(false);
        }
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE application_name = $1 AND usename = current_user AND pid <> pg_backend_pid()";
        let ended: i64 = sqlx::query_scalar(end).bind(name).fetch_one(&mut *connection).await?;
        if ended == 0 && !try_lock(connection, number).await? {
            return Ok(false);
        } else if ended == 0 {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}

async fn try_lock(connection: &mut PgConnection, number: i64) -> Result<bool, Trouble> {
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(number).fetch_one(connection).await?)
}

/// Does not wait for ever for what a server does.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::time::timeout(TURN, work).await.unwrap_or(Err(Trouble::Silent))
}

async fn run(connection: &mut PgConnection, statement: &'static str) -> Result<(), Trouble> {
    sqlx::raw_sql(statement).execute(connection).await?;
    Ok(())
}
