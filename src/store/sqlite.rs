//! `Sqlite`: the store as one file, which survives `kill -9`, a full disk and a lost machine.
//!
//! One connection in WAL mode with every commit synced. Rows carry checksums and records a chain, which are checked on
//! reading: a store is either what was written or an error. docs/journal.md tells the tables. Where the file is, is
//! left to `cli`.

mod applies;
mod connect;
mod counters;
mod files;
mod guard;
mod locking;
mod meta;
mod mount;
mod place;
mod reach;
mod records;
mod releases;
mod schema;
mod transaction;
mod trouble;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::Mutex;

use crate::address::Scope;
use crate::fingerprint::{Fingerprint, Key};
use crate::journal::{Apply, Outcome, Past, Record};
use crate::lock::{Held, Holder, Op};
use crate::release::Release;
use crate::store::sqlite::guard::Guard;
use crate::store::sqlite::locking::Taken;
use crate::store::sqlite::meta::Meta;
use crate::store::sqlite::place::{Place, discard};
use crate::store::sqlite::reach::Reach;
use crate::store::sqlite::transaction::Intent;
use crate::store::sqlite::trouble::{Trouble, unusable};
use crate::store::{Locking, Machine, Store, StoreError, column, named_files};

/// How often, and how long apart, to look who is just taking or giving back the lock: 5 s in all.
const LOOKS: u32 = 1000;
const LOOK: Duration = Duration::from_millis(5);

/// The store as one file.
pub struct Sqlite {
    place: Place,
    machine: Machine,
    lineage: String,
    scope: Scope,
    key: Key,
    connection: Mutex<SqliteConnection>,
    guard: Option<Guard>,
}

/// Reads in one transaction, so that a writer beside it is seen wholly or not at all.
macro_rules! read {
    ($store:ident, $connection:ident => $work:expr) => {{
        let mut locked = $store.connection.lock().await;
        let $connection: &mut SqliteConnection = &mut locked;
        let done = match transaction::begin(&mut *$connection, Intent::Read).await {
            Ok(()) => {
                let done = $work.await;
                transaction::end(&mut *$connection, done).await
            }
            Err(trouble) => Err(trouble),
        };
        done.map_err(|trouble: Trouble| trouble.at($store.place.file()))
    }};
}

/// Writes in one transaction, and notes how far the store has come. Where the disk is full the ballast is given up, and
/// it is tried once more.
macro_rules! write {
    ($store:ident, $connection:ident => $work:expr) => {{
        loop {
            let $connection: &mut SqliteConnection = $store.connection.get_mut();
            let done = match transaction::begin(&mut *$connection, Intent::Write).await {
                Ok(()) => {
                    let done = match $work.await {
                        Ok(done) => Reach::of(&mut *$connection).await.map(|reach| (done, reach)),
                        Err(trouble) => Err(trouble),
                    };
                    transaction::end(&mut *$connection, done).await
                }
                Err(trouble) => Err(trouble),
            };
            match done {
                Err(trouble) if trouble.is_full() && $store.place.drop_ballast() => {}
                Err(trouble) => break Err(trouble.at($store.place.file())),
                Ok((done, reach)) => {
                    // Where that fails an older copy may be missed; nothing is ever taken for one.
                    let _ = reach.keep(&$store.place.reach(), &$store.lineage);
                    break Ok(done);
                }
            }
        }
    }};
}

impl Sqlite {
    /// Opens the store at `path`, and makes it where there is none.
    ///
    /// # Errors
    /// When it cannot be read or made there, is damaged, too new, or belongs to another deployment.
    pub async fn create(path: &Path, scope: &Scope, machine: Machine) -> Result<Self, StoreError> {
        let place = Place::new(path)?;
        if !place.is_there()? {
            connect::make(&place, scope).await?;
        }
        Self::open_at(place, scope, machine).await
    }

    /// Opens the store at `path`; none where there is none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, too new, or belongs to another deployment.
    pub async fn open_existing(path: &Path, scope: &Scope, machine: Machine) -> Result<Option<Self>, StoreError> {
        let place = Place::new(path)?;
        if place.is_there()? { Self::open_at(place, scope, machine).await.map(Some) } else { Ok(None) }
    }

    async fn open_at(place: Place, scope: &Scope, machine: Machine) -> Result<Self, StoreError> {
        let (connection, meta) = connect::connect(&place, scope).await?;
        let key = meta.key().map_err(|trouble| trouble.at(place.file()))?;
        let (connection, lineage, scope) = (Mutex::new(connection), meta.lineage, scope.clone());
        Ok(Self { place, machine, lineage, scope, key, connection, guard: None })
    }

    /// Closes the file, and waits until it is closed. Dropping the store closes it too, a moment later.
    ///
    /// # Errors
    /// When the log cannot be folded back into the file; nothing is lost by that.
    pub async fn shut(self) -> Result<(), StoreError> {
        let closed = self.connection.into_inner().close().await;
        closed.map_err(|error| Trouble::from(error).at(self.place.file()))
    }

    /// Who has the lock, and how often it was broken.
    async fn look(&self) -> Result<(Option<Held>, i64), StoreError> {
        let now = self.machine.now();
        let (held, counters) = read!(self, connection => locking::held(connection, now))?;
        Ok((held, counters.breaks))
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("place", &self.place).field("lineage", &self.lineage).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for Sqlite {
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
        write!(self, connection => adopt(connection, key))?;
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
        // What cannot be kept back now could not be written during an unwind either.
        self.place.keep_ballast(apply.plan.steps().count())?;
        write!(self, connection => applies::open(connection, apply, &files))
    }

    async fn take_over(&mut self, op: &Op, fence: u64) -> Result<(), StoreError> {
        write!(self, connection => applies::take_over(connection, op, fence))
    }

    async fn append(&mut self, op: &Op, fence: u64, record: &Record, at: Timestamp) -> Result<(), StoreError> {
        write!(self, connection => records::append(connection, op, fence, record, at))
    }

    async fn keep(&mut self, op: &Op, fence: u64, files: Vec<(Fingerprint, Vec<u8>)>) -> Result<(), StoreError> {
        write!(self, connection => applies::keep(connection, op, fence, &files))
    }

    async fn close(
        &mut self,
        op: &Op,
        fence: u64,
        outcome: &Outcome,
        release: Option<&Release>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, connection => applies::close(connection, op, fence, outcome, release, at))
    }

    async fn lock(&self) -> Result<Option<Held>, StoreError> {
        Ok(self.look().await?.0)
    }

    async fn last_fence(&self) -> Result<u64, StoreError> {
        read!(self, connection => last_fence(connection))
    }

    async fn take_lock(&mut self, holder: &Holder, above: u64) -> Result<Locking, StoreError> {
        for _ in 0..LOOKS {
            let (held, breaks) = self.look().await?;
            let file = self.place.lock_file(breaks.unsigned_abs());
            let Some(guard) = Guard::try_take(&file).map_err(|error| unusable(&file, error))? else {
                if let Some(held) = held {
                    return Ok(Locking::Refused(held));
                }
                // Its holder is between the file and the row, on the way in or out.
                tokio::time::sleep(LOOK).await;
                continue;
            };
            let machine = self.machine.clone();
            let taken = write!(self, connection => locking::take(connection, holder, above, breaks, &machine))?;
            if let Taken::Decided(locking) = taken {
                if matches!(locking, Locking::Locked(_)) {
                    self.guard = Some(guard);
                }
                return Ok(locking);
            }
        }
        Err(unusable(self.place.file(), "a process has its lock file, and does not say who it is"))
    }

    async fn renew_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        let now = self.machine.now();
        write!(self, connection => locking::renew(connection, fence, now))
    }

    async fn drop_lock(&mut self, fence: u64) -> Result<(), StoreError> {
        if write!(self, connection => locking::give_back(connection, fence))? {
            self.guard = None;
        }
        Ok(())
    }

    async fn break_lock(&mut self, fence: u64, by: &Holder) -> Result<(), StoreError> {
        let now = self.machine.now();
        let breaks = write!(self, connection => locking::take_away(connection, fence, by, now))?;
        discard(&self.place.lock_file(breaks.unsigned_abs()));
        Ok(())
    }

    async fn forget(&mut self, releases: &[u64], fence: u64) -> Result<(), StoreError> {
        write!(self, connection => forget(connection, releases, fence))
    }
}

async fn adopt(connection: &mut SqliteConnection, key: &Key) -> Result<(), Trouble> {
    if releases::head(connection).await?.is_some() {
        return Err(StoreError::HasReleases.into());
    }
    Meta::read(connection).await?.adopt(connection, key).await
}

async fn last_fence(connection: &mut SqliteConnection) -> Result<u64, Trouble> {
    Ok(column::counted(counters::Counters::read(connection).await?.last_fence)?)
}

/// Forgets releases, and every file that no release left and no open apply names.
async fn forget(connection: &mut SqliteConnection, numbers: &[u64], fence: u64) -> Result<(), Trouble> {
    locking::require(connection, fence).await?;
    releases::drop(connection, numbers).await?;
    let (left, open) = (releases::all(connection).await?, applies::open_one(connection).await?);
    files::drop_unnamed(connection, &named_files(left.iter(), open.as_ref())).await
}
