//! The store's lock: one row that says who has it, and the rule that every write is conditional on it.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use crate::failpoint::hastened;
use crate::lock::{Held, Holder, LEASE};
use crate::store::column::{counted, json, kept, parsed, time};
use crate::store::seal::{check, seal};
use crate::store::sqlite::counters::Counters;
use crate::store::sqlite::trouble::Trouble;
use crate::store::{Locking, Machine, StoreError};

const ROW: &str = "the row of the lock";

/// The row of the lock.
#[derive(Debug, Serialize)]
struct Lease {
    fence: i64,
    holder: String,
    since: String,
    until: String,
}

/// What came of a try to take the lock.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one is made per try")]
pub(super) enum Taken {
    /// It was decided.
    Decided(Locking),
    /// The lock was broken meanwhile, so the lock file that was locked proves nothing: try again with the new one.
    Broken,
}

/// Who has the lock, and how often it was broken.
pub(super) async fn held(
    connection: &mut SqliteConnection,
    now: Timestamp,
) -> Result<(Option<Held>, Counters), Trouble> {
    let counters = Counters::read(connection).await?;
    let lease = Lease::read(connection).await?;
    if lease.as_ref().map_or(0, |lease| lease.fence) != counters.held {
        return Err(Trouble::damaged(format!("{ROW} is missing")));
    }
    Ok((lease.map(|lease| lease.held(now)).transpose()?, counters))
}

/// Takes the lock. The caller has locked the file that belongs to `breaks`, so no process of this machine's present run
/// can have the lock any more.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    holder: &Holder,
    above: u64,
    breaks: i64,
    machine: &Machine,
) -> Result<Taken, Trouble> {
    let now = machine.now();
    let (found, mut counters) = held(connection, now).await?;
    if counters.breaks != breaks {
        return Ok(Taken::Broken);
    }
    if let Some(found) = found {
        let same_run = !holder.boot.is_empty() && found.holder.boot == holder.boot;
        if !same_run && !machine.is_gone(&found) {
            return Ok(Taken::Decided(Locking::Refused(found)));
        }
    }
    counters.last_fence = counters.last_fence.max(kept(above)).saturating_add(1);
    counters.held = counters.last_fence;
    counters.save(connection).await?;
    let lease = Lease {
        fence: counters.last_fence,
        holder: json(holder)?,
        since: now.to_string(),
        until: (now + hastened(LEASE)).to_string(),
    };
    lease.save(connection).await?;
    Ok(Taken::Decided(Locking::Locked(lease.held(now)?)))
}

/// Renews the lease.
pub(super) async fn renew(connection: &mut SqliteConnection, fence: u64, now: Timestamp) -> Result<(), Trouble> {
    let mut lease = own(connection, fence).await?;
    lease.until = (now + hastened(LEASE)).to_string();
    lease.save(connection).await
}

/// Gives the lock back; true where it was ours.
pub(super) async fn give_back(connection: &mut SqliteConnection, fence: u64) -> Result<bool, Trouble> {
    let mut counters = Counters::read(connection).await?;
    if counters.held != kept(fence) {
        return Ok(false);
    }
    free(connection, &mut counters).await?;
    Ok(true)
}

/// Takes the lock away from the holder with this fence, and says how often that was done before.
pub(super) async fn take_away(
    connection: &mut SqliteConnection,
    fence: u64,
    by: &Holder,
    now: Timestamp,
) -> Result<i64, Trouble> {
    let Some(lease) = Lease::read(connection).await? else {
        return Err(StoreError::Absent("lock that anybody has".to_owned()).into());
    };
    if lease.fence != kept(fence) {
        return Err(StoreError::FenceLost(fence).into());
    }
    let mut counters = Counters::read(connection).await?;
    counters.breaks += 1;
    sqlx::query("INSERT INTO audit (at, fence, broken, who) VALUES (?, ?, ?, ?)")
        .bind(now.to_string())
        .bind(lease.fence)
        .bind(&lease.holder)
        .bind(json(by)?)
        .execute(&mut *connection)
        .await?;
    free(connection, &mut counters).await?;
    Ok(counters.breaks - 1)
}

async fn free(connection: &mut SqliteConnection, counters: &mut Counters) -> Result<(), Trouble> {
    counters.held = 0;
    counters.save(connection).await?;
    sqlx::query("DELETE FROM lock").execute(connection).await?;
    Ok(())
}

/// Refuses a write of anybody but the holder with this fence.
pub(super) async fn require(connection: &mut SqliteConnection, fence: u64) -> Result<(), Trouble> {
    own(connection, fence).await.map(|_| ())
}

async fn own(connection: &mut SqliteConnection, fence: u64) -> Result<Lease, Trouble> {
    let lease = Lease::read(connection).await?.filter(|lease| lease.fence == kept(fence));
    lease.ok_or_else(|| StoreError::FenceLost(fence).into())
}

impl Lease {
    async fn read(connection: &mut SqliteConnection) -> Result<Option<Self>, Trouble> {
        let Some(row) = sqlx::query("SELECT * FROM lock").fetch_optional(connection).await? else { return Ok(None) };
        let lease = Self {
            fence: row.try_get("fence")?,
            holder: row.try_get("holder")?,
            since: row.try_get("since")?,
            until: row.try_get("until")?,
        };
        check(&lease, row.try_get("hash")?, || ROW.to_owned())?;
        Ok(Some(lease))
    }

    async fn save(&self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        sqlx::query("INSERT OR REPLACE INTO lock VALUES (1, ?, ?, ?, ?, ?)")
            .bind(self.fence)
            .bind(&self.holder)
            .bind(&self.since)
            .bind(&self.until)
            .bind(seal(self))
            .execute(connection)
            .await?;
        Ok(())
    }

    fn held(&self, now: Timestamp) -> Result<Held, Trouble> {
        Ok(Held {
            holder: parsed(&self.holder, ROW)?,
            fence: counted(self.fence)?,
            since: time(&self.since, ROW)?,
            until: time(&self.until, ROW)?,
            now,
            id: self.fence.to_string(),
        })
    }
}
