//! `Postgres`: the store on a server, for a team whose machines share no disk.
//!
//! One session, with every commit synced, in a schema for each deployment. Who has the lock has a lock of the session
//! too, which the server frees with it, and writes over that session alone. Rows carry checksums and records a chain.
//! Which server it is, is left to `cli`.

mod applies;
mod connect;
mod counters;
mod files;
mod locking;
mod meta;
mod place;
mod records;
mod releases;
mod schema;
mod sealed;
mod session;
mod trouble;

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::PgConnection;
use tokio::sync::Mutex;

use crate::address::Scope;
use crate::fingerprint::{Fingerprint, Key};
use crate::journal::{Apply, Outcome, Past, Record};
use crate::lock::{Held, Holder, Op};
use crate::release::Release;
use crate::store::postgres::meta::Meta;
use crate::store::postgres::place::Place;
use crate::store::postgres::records::Link;
use crate::store::postgres::session::{Intent, PAUSE, Session, in_time};
use crate::store::postgres::trouble::{Trouble, server};
use crate::store::{Locking, Machine, Store, StoreError, column, named_files};

/// How often to look whether the server has noticed that a holder is gone who is known to be dead, and who is just
/// taking or giving back the lock: 5 s in all.
const LOOKS: u32 = 100;

/// The store on a server.
pub struct Postgres {
    machine: Machine,
    lineage: String,
    scope: Scope,
    key: Key,
    session: Mutex<Session>,
}

/// Works in one transaction. Where the connection is lost it is tried again on a new one.
macro_rules! transact {
    ($session:expr, $intent:expr, $connection:ident => $work:expr) => {{
        let session: &mut Session = $session;
        let intent: Intent = $intent;
        loop {
            let done = match in_time(session.begin(intent)).await {
                Ok($connection) => {
                    let done = in_time($work).await;
                    session.end(intent, done).await
                }
                Err(trouble) => Err(trouble),
            };
            match done {
                Err(trouble) if session.may_try_again(&trouble).await => {}
                done => break done.map_err(|trouble: Trouble| trouble.at(&session.place)),
            }
        }
    }};
}

/// Reads in one transaction, so that a writer beside it is seen wholly or not at all.
macro_rules! read {
    ($store:ident, $connection:ident => $work:expr) => {
        transact!(&mut *$store.session.lock().await, Intent::Read, $connection => $work)
    };
}

/// Writes in one transaction.
macro_rules! write {
    ($store:ident, $intent:expr, $connection:ident => $work:expr) => {
        transact!($store.session.get_mut(), $intent, $connection => $work)
    };
}

impl Postgres {
    /// Opens the deployment's store on the server at `url`, and makes it where there is none.
    ///
    /// # Errors
    /// When the server cannot be reached or may not be used so, or the store is damaged, too new, or belongs to another
    /// deployment.
    pub async fn create(url: &str, scope: &Scope, machine: Machine) -> Result<Self, StoreError> {
        let place = Place::new(url, scope)?;
        let named = place.clone();
        let opened = Self::open(place, scope, machine, true).await.map_err(|trouble| trouble.at(&named))?;
        opened.ok_or_else(|| StoreError::Damaged("it went while it was opened".to_owned()))
    }

    /// Opens the deployment's store on the server at `url`; none where there is none.
    ///
    /// # Errors
    /// As `create`.
    pub async fn open_existing(url: &str, scope: &Scope, machine: Machine) -> Result<Option<Self>, StoreError> {
        let place = Place::new(url, scope)?;
        let named = place.clone();
        Self::open(place, scope, machine, false).await.map_err(|trouble| trouble.at(&named))
    }

    /// The server, user and database of a URL, without what is secret in it.
    ///
    /// # Errors
    /// When it cannot be understood.
    pub fn shown(url: &str, scope: &Scope) -> Result<String, StoreError> {
        Place::new(url, scope).map(|place| place.shown)
    }

    async fn open(place: Place, scope: &Scope, machine: Machine, make: bool) -> Result<Option<Self>, Trouble> {
        let mut session = Session::start(place).await?;
        let place = session.place.clone();
        let connection = session.connection().await?;
        if !in_time(schema::is_there(connection, &place)).await? {
            if !make {
                return Ok(None);
            }
            in_time(connect::refuse_pooler(connection, &place)).await?;
            in_time(schema::make(connection, &place, scope)).await?;
        }
        let meta = in_time(schema::read(connection, scope)).await?;
        let (key, lineage, scope) = (meta.key()?, meta.lineage, scope.clone());
        Ok(Some(Self { machine, lineage, scope, key, session: Mutex::new(session) }))
    }

    /// Ends the session, and waits until the server has heard it. Dropping the store ends it too, a moment later.
    ///
    /// # Errors
    /// When the server cannot be told; nothing is lost by that.
    pub async fn shut(self) -> Result<(), StoreError> {
        let session = self.session.into_inner();
        let place = session.place.clone();
        session.shut().await.map_err(|trouble| trouble.at(&place))
    }

    /// Who has the lock, and how often it was broken.
    async fn look(&self) -> Result<(Option<Held>, i64), StoreError> {
        let now = self.machine.now();
        let (held, counters) = read!(self, connection => locking::held(connection, now))?;
        Ok((held, counters.breaks))
    }

    /// Takes the lock row. The session has the session lock that belongs to `breaks`. None where the lock was broken
    /// meanwhile.
    async fn take_row(&mut self, holder: &Holder, above: u64, breaks: i64) -> Result<Option<Held>, StoreError> {
        let now = self.machine.now();
        let taken = write!(self, Intent::Under(0), connection => locking::take(connection, holder, above, breaks, now));
        let session = self.session.get_mut();
        match &taken {
            Ok(Some(held)) => session.stand_behind(held.fence),
            _ => session.let_go().await,
        }
        taken
    }

    /// Keeps a record with one statement, where what it depends on is known from the record before; false where
    /// anything is not as it was.
    async fn append_next(&mut self, op: &Op, fence: u64, record: &Record, at: Timestamp) -> Result<bool, Trouble> {
        let session = self.session.get_mut();
        if session.fence() != Some(fence) {
            return Ok(false);
        }
        let before = session.last.take().map(|last| last.opened);
        let Some(before) = before.filter(|before| before.op == op.as_str() && before.fence == column::kept(fence))
        else {
            return Ok(false);
        };
        let link = Link::after(&before, record, at)?;
        session.last = Some(link.clone());
        let Some(connection) = session.busy() else { return Ok(false) };
        let kept = in_time(link.keep(connection, &before, fence)).await;
        session.rest(&kept);
        kept
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("lineage", &self.lineage).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for Postgres {
    fn lineage(&self) -> &str {
        &self.lineage
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn key(&self) -> &Key {
        &self.key
    }

    async fn adopt_key(&mut self, key: &Key) -> Result<(), StoreError> {
        write!(self, Intent::Write, connection => adopt(connection, key))?;
        self.key = key.clone();
        Ok(())
    }

    async fn head(&self) -> Result<Option<Release>, StoreError> {
        read!(self, connection => releases::head(connection))
    }

    async fn releases(&self) -> Result<Vec<Release>, StoreError> {
        read!(self, connection => releases::all(connection))
    }

    async fn history(&self) -> Result<Vec<Past>, StoreError> {
        read!(self, connection => applies::past(connection))
    }

    async fn file(&self, fingerprint: &Fingerprint) -> Result<Vec<u8>, StoreError> {
        read!(self, connection => files::content(connection, fingerprint))
    }

    async fn open_apply(&self) -> Result<Option<Apply>, StoreError> {
        read!(self, connection => applies::open_one(connection))
    }

    async fn journal(&self, op: &Op) -> Result<Vec<Record>, StoreError> {
        read!(self, connection => records::all(connection, op))
    }

    async fn open(&mut self, apply: &Apply, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        write!(self, Intent::Under(apply.fence), connection => applies::open(connection, apply, &files))
    }

    async fn take_over(&mut self, op: &Op, fence: u64) -> Result<(), StoreError> {
        self.session.get_mut().last = None;
        write!(self, Intent::Under(fence), connection => applies::take_over(connection, op, fence))
    }

    async fn append(&mut self, op: &Op, fence: u64, record: &Record, at: Timestamp) -> Result<(), StoreError> {
        match self.append_next(op, fence, record, at).await {
            Ok(true) => return Ok(()),
            Err(trouble) if !trouble.is_lost() => return Err(trouble.at(&self.session.get_mut().place)),
            // Why it could not be kept, or whether it was, the longer way tells.
            Ok(false) | Err(_) => {}
        }
        let sent = self.session.get_mut().last.take();
        let (sent, what) = (sent.as_ref(), (record, at));
        let kept = write!(self, Intent::Under(fence), connection => records::append(connection, op, fence, what, sent));
        self.session.get_mut().last = Some(kept?);
        Ok(())
    }

    async fn keep(&mut self, op: &Op, fence: u64, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        write!(self, Intent::Under(fence), connection => applies::keep(connection, op, fence, &files))
    }

    async fn close(
        &mut self,
        op: &Op,
        fence: u64,
        outcome: &Outcome,
        release: Option<&Release>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.session.get_mut().last = None;
        let intent = Intent::Under(fence);
        write!(self, intent, connection => applies::close(connection, op, fence, outcome, release, at))
    }

    async fn lock(&self) -> Result<Option<Held>, StoreError> {
        Ok(self.look().await?.0)
    }

    async fn last_fence(&self) -> Result<u64, StoreError> {
        read!(self, connection => last_fence(connection))
    }

    async fn take_lock(&mut self, holder: &Holder, above: u64) -> Result<Locking, StoreError> {
        let mut probed = false;
        let mut seen = None;
        for _ in 0..LOOKS {
            let (held, breaks) = self.look().await?;
            let number = locking::number(&self.lineage, breaks);
            let session = self.session.get_mut();
            if let Some(fence) = session.fence() {
                match held {
                    Some(held) if held.fence == fence => return Ok(Locking::Refused(held)),
                    // It was broken: the session lock is of no use any more.
                    _ => session.let_go().await,
                }
            }
            let taken = match session.probe(&mut probed).await {
                Ok(()) => session.take(number).await,
                Err(trouble) => Err(trouble),
            };
            match taken {
                Ok(true) => {
                    if let Some(held) = self.take_row(holder, above, breaks).await? {
                        return Ok(Locking::Locked(held));
                    }
                    continue;
                }
                Ok(false) => {}
                Err(trouble) if session.may_try_again(&trouble).await => continue,
                Err(trouble) => return Err(trouble.at(&session.place)),
            }
            match held {
                Some(held) if !self.machine.is_gone(&held) => return Ok(Locking::Refused(held)),
                // It is dead, and the server has not noticed; or it is between the session lock and the row.
                held => seen = held,
            }
            tokio::time::sleep(PAUSE).await;
        }
        let place = &self.session.get_mut().place;
        let silent = || server(place, "a session has its lock, and does not say who it is", "run it again in a moment");
        seen.map(Locking::Refused).ok_or_else(silent)
    }

    async fn renew_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        let now = self.machine.now();
        write!(self, Intent::Under(fence), connection => locking::renew(connection, fence, now))
    }

    async fn drop_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        if self.session.get_mut().fence() != Some(fence) {
            return Ok(());
        }
        match write!(self, Intent::Under(fence), connection => locking::give_back(connection, fence)) {
            Ok(()) | Err(StoreError::FenceLost(_)) => {}
            Err(error) => return Err(error),
        }
        self.session.get_mut().let_go().await;
        Ok(())
    }

    async fn break_lock(&mut self, fence: u64, by: &Holder) -> Result<(), StoreError> {
        let now = self.machine.now();
        write!(self, Intent::Write, connection => locking::take_away(connection, fence, by, now))
    }

    async fn forget(&mut self, releases: &[u64], fence: u64) -> Result<(), StoreError> {
        write!(self, Intent::Under(fence), connection => forget(connection, releases, fence))
    }
}

async fn adopt(connection: &mut PgConnection, key: &Key) -> Result<(), Trouble> {
    if releases::head(connection).await?.is_some() {
        return Err(StoreError::HasReleases.into());
    }
    Meta::read(connection).await?.adopt(connection, key).await
}

async fn last_fence(connection: &mut PgConnection) -> Result<u64, Trouble> {
    Ok(column::counted(counters::Counters::read(connection).await?.last_fence)?)
}

/// Forgets releases, and every file that no release left and no open apply names.
async fn forget(connection: &mut PgConnection, numbers: &[u64], fence: u64) -> Result<(), Trouble> {
    locking::require(connection, fence).await?;
    releases::drop(connection, numbers).await?;
    let (left, open) = (releases::all(connection).await?, applies::open_one(connection).await?);
    files::drop_unnamed(connection, &named_files(left.iter(), open.as_ref())).await
}
