//! The store's lock: one row that says who has it, and the rule that every write is conditional on it.
//!
//! Beside the row its holder has a lock of its session, which the server frees with the session, on whatever machine
//! the holder ran. So whoever gets that one has proof that the holder's session is gone; `session` keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::fingerprint::Fingerprint;
use crate::lock::{Held, Holder, LEASE};
use crate::store::StoreError;
use crate::store::column::{counted, json, kept};
use crate::store::postgres::counters::Counters;
use crate::store::postgres::sealed::body;
use crate::store::postgres::trouble::Trouble;
use crate::store::seal::seal;

const ROW: &str = "the row of the lock";

/// The row of the lock.
#[derive(Debug, Serialize, Deserialize)]
struct Lease {
    fence: i64,
    holder: Holder,
    since: Timestamp,
    until: Timestamp,
}

/// A break, as it is noted.
#[derive(Debug, Serialize)]
struct Break<'a> {
    fence: i64,
    broken: &'a Holder,
    by: &'a Holder,
}

/// The number of the session lock that belongs to a store whose lock was broken so often.
pub(super) fn number(lineage: &str, breaks: i64) -> i64 {
    let mark = Fingerprint::of(&("omni lock", lineage, breaks)).to_string();
    // 16 hexadecimal digits are 64 bits, of which the first is the sign.
    u64::from_str_radix(&mark[..16], 16).unwrap_or_default().cast_signed()
}

/// Who has the lock, and how often it was broken.
pub(super) async fn held(connection: &mut PgConnection, now: Timestamp) -> Result<(Option<Held>, Counters), Trouble> {
    let counters = Counters::read(connection).await?;
    let lease = Lease::read(connection).await?;
    if lease.as_ref().map_or(0, |lease| lease.fence) != counters.held {
        return Err(Trouble::damaged(format!("{ROW} is missing")));
    }
    Ok((lease.map(|lease| lease.held(now)).transpose()?, counters))
}

/// Takes the lock. The caller's session has the session lock that belongs to `breaks`, so no other one has this lock.
/// None where it was broken meanwhile: the session lock proves nothing then.
pub(super) async fn take(
    connection: &mut PgConnection,
    holder: &Holder,
    above: u64,
    breaks: i64,
    now: Timestamp,
) -> Result<Option<Held>, Trouble> {
    let (_, mut counters) = held(connection, now).await?;
    if counters.breaks != breaks {
        return Ok(None);
    }
    counters.last_fence = counters.last_fence.max(kept(above)).saturating_add(1);
    counters.held = counters.last_fence;
    counters.save(connection).await?;
    let lease = Lease { fence: counters.last_fence, holder: holder.clone(), since: now, until: now + LEASE };
    lease.save(connection).await?;
    lease.held(now).map(Some)
}

/// Renews the lease.
pub(super) async fn renew(connection: &mut PgConnection, fence: u64, now: Timestamp) -> Result<(), Trouble> {
    let mut lease = own(connection, fence).await?;
    lease.until = now + LEASE;
    lease.save(connection).await
}

/// Gives the lock back, where it is still ours.
pub(super) async fn give_back(connection: &mut PgConnection, fence: u64) -> Result<(), Trouble> {
    let mut counters = Counters::read(connection).await?;
    if counters.held == kept(fence) { free(connection, &mut counters).await } else { Ok(()) }
}

/// Takes the lock away from the holder with this fence.
pub(super) async fn take_away(
    connection: &mut PgConnection,
    fence: u64,
    by: &Holder,
    now: Timestamp,
) -> Result<(), Trouble> {
    let mut counters = Counters::read(connection).await?;
    let Some(lease) = Lease::read(connection).await? else {
        return Err(StoreError::Absent("lock that anybody has".to_owned()).into());
    };
    if lease.fence != kept(fence) {
        return Err(StoreError::FenceLost(fence).into());
    }
    counters.breaks += 1;
    let noted = json(&Break { fence: lease.fence, broken: &lease.holder, by })?;
    sqlx::query("INSERT INTO audit (at, body) VALUES ($1, $2)")
        .bind(now.to_string())
        .bind(noted)
        .execute(&mut *connection)
        .await?;
    free(connection, &mut counters).await
}

async fn free(connection: &mut PgConnection, counters: &mut Counters) -> Result<(), Trouble> {
    counters.held = 0;
    counters.save(connection).await?;
    sqlx::query("DELETE FROM lock").execute(connection).await?;
    Ok(())
}

/// Refuses a write of anybody but the holder with this fence.
pub(super) async fn require(connection: &mut PgConnection, fence: u64) -> Result<(), Trouble> {
    own(connection, fence).await.map(|_| ())
}

async fn own(connection: &mut PgConnection, fence: u64) -> Result<Lease, Trouble> {
    let lease = Lease::read(connection).await?.filter(|lease| lease.fence == kept(fence));
    lease.ok_or_else(|| StoreError::FenceLost(fence).into())
}

impl Lease {
    async fn read(connection: &mut PgConnection) -> Result<Option<Self>, Trouble> {
        let row = sqlx::query("SELECT body, hash FROM lock").fetch_optional(connection).await?;
        row.map(|row| body(&row, ROW)).transpose()
    }

    async fn save(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let body = json(self)?;
        let save = "INSERT INTO lock VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET body = $1, hash = $2";
        sqlx::query(save).bind(&body).bind(seal(body.as_str())).execute(connection).await?;
        Ok(())
    }

    fn held(&self, now: Timestamp) -> Result<Held, Trouble> {
        Ok(Held {
            holder: self.holder.clone(),
            fence: counted(self.fence)?,
            since: self.since,
            until: self.until,
            now,
            id: self.fence.to_string(),
        })
    }
}
