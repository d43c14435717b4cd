//! Applies: opened, taken over, closed; and those that are over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::journal::{Apply, Outcome, Past};
use crate::lock::Op;
use crate::release::Release;
use crate::store::column::{counted, json, kept, op_of, plan_of};
use crate::store::postgres::counters::Counters;
use crate::store::postgres::sealed::{body, same};
use crate::store::postgres::trouble::Trouble;
use crate::store::postgres::{files, locking, releases};
use crate::store::seal::seal;
use crate::store::{StoreError, purpose_word};

/// The row of an apply, without the plan itself: `plan_hash` stands for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ApplyRow {
    pub(super) op: String,
    /// How many applies were opened up to this one.
    position: i64,
    /// The fence of the process that may write its journal.
    pub(super) fence: i64,
    number: u64,
    tag: String,
    purpose: String,
    who: String,
    opened: Timestamp,
    steps: u64,
    closed: Option<Timestamp>,
    /// When its first `Unwinding` was recorded.
    pub(super) turned: Option<Timestamp>,
    outcome: Option<Outcome>,
    /// The checksum of the plan, with which the chain of records begins.
    pub(super) plan_hash: String,
    /// How many records it has.
    pub(super) records: i64,
    /// The checksum of the last of them.
    pub(super) head: String,
    /// The backups that its plan leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    without_backup: Vec<Address>,
}

/// The apply that is open.
pub(super) async fn open_one(connection: &mut PgConnection) -> Result<Option<Apply>, Trouble> {
    let open = Counters::read(connection).await?.open;
    let rows = sqlx::query("SELECT * FROM applies WHERE NOT closed").fetch_all(connection).await?;
    let row = match rows.as_slice() {
        [] if open.is_empty() => return Ok(None),
        [row] => row,
        _ => return Err(Trouble::damaged(format!("{} applies are open", rows.len()))),
    };
    let opened = ApplyRow::read(row)?;
    same(&opened.op, &open, &opened.name())?;
    let plan: &str = row.try_get("plan")?;
    same(&Fingerprint::of_bytes(plan.as_bytes()).to_string(), &opened.plan_hash, &opened.name())?;
    Ok(Some(Apply {
        op: op_of(&opened.op)?,
        fence: counted(opened.fence)?,
        plan: plan_of(plan, &opened.op, &opened.name())?,
        release: opened.number,
        by: opened.who,
        opened: opened.opened,
    }))
}

/// All applies that are over, newest first; without their plans, which history does not show and which can be long.
pub(super) async fn past(connection: &mut PgConnection) -> Result<Vec<Past>, Trouble> {
    let counters = Counters::read(connection).await?;
    let query = "SELECT op, position, closed, body, hash FROM applies WHERE closed ORDER BY position DESC";
    let rows = sqlx::query(query).fetch_all(connection).await?;
    let over = counters.applies - i64::from(!counters.open.is_empty());
    if usize::try_from(over) != Ok(rows.len()) {
        return Err(Trouble::damaged(format!("of {over} closed applies {} are there", rows.len())));
    }
    rows.iter().map(|row| ApplyRow::read(row)?.past()).collect()
}

/// Opens an apply.
pub(super) async fn open(
    connection: &mut PgConnection,
    apply: &Apply,
    files: &[(Fingerprint, Vec<u8>)],
) -> Result<(), Trouble> {
    locking::require(connection, apply.fence).await?;
    let query = sqlx::query_scalar("SELECT count(*) FROM applies WHERE op = $1");
    let twice: i64 = query.bind(apply.op.as_str()).fetch_one(&mut *connection).await?;
    let mut counters = Counters::read(connection).await?;
    if twice > 0 || !counters.open.is_empty() {
        return Err(StoreError::AlreadyOpen.into());
    }
    files::keep(connection, files).await?;
    let plan = json(&apply.plan)?;
    let plan_hash = Fingerprint::of_bytes(plan.as_bytes()).to_string();
    counters.open = apply.op.to_string();
    counters.applies += 1;
    counters.save(connection).await?;
    let opened = ApplyRow {
        op: apply.op.to_string(),
        position: counters.applies,
        fence: kept(apply.fence),
        number: apply.release,
        tag: apply.plan.tag.clone(),
        purpose: purpose_word(&apply.plan.purpose).to_owned(),
        who: apply.by.clone(),
        opened: apply.opened,
        steps: apply.plan.steps().count() as u64,
        closed: None,
        turned: None,
        outcome: None,
        head: plan_hash.clone(),
        plan_hash,
        records: 0,
        without_backup: apply.plan.without_backup.clone(),
    };
    let (body, hash) = opened.sealed()?;
    sqlx::query("INSERT INTO applies VALUES ($1, $2, FALSE, $3, $4, $5)")
        .bind(&opened.op)
        .bind(opened.position)
        .bind(body)
        .bind(plan)
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes an open apply over under a new fence.
pub(super) async fn take_over(connection: &mut PgConnection, op: &Op, fence: u64) -> Result<(), Trouble> {
    locking::require(connection, fence).await?;
    let mut opened = ApplyRow::find_open(connection, op).await?;
    opened.fence = kept(fence);
    opened.save(connection).await
}

/// Keeps files for the release of an open apply.
pub(super) async fn keep(
    connection: &mut PgConnection,
    op: &Op,
    fence: u64,
    files: &[(Fingerprint, Vec<u8>)],
) -> Result<(), Trouble> {
    ApplyRow::own(connection, op, fence).await?;
    files::keep(connection, files).await
}

/// Closes an apply, and keeps the release it made.
pub(super) async fn close(
    connection: &mut PgConnection,
    op: &Op,
    fence: u64,
    outcome: &Outcome,
    release: Option<&Release>,
    at: Timestamp,
) -> Result<(), Trouble> {
    let mut opened = ApplyRow::own(connection, op, fence).await?;
    opened.closed = Some(at);
    opened.outcome = Some(outcome.clone());
    opened.save(connection).await?;
    let mut counters = Counters::read(connection).await?;
    counters.open.clear();
    counters.save(connection).await?;
    match release {
        Some(release) => releases::insert(connection, release).await,
        None => Ok(()),
    }
}

impl ApplyRow {
    /// The apply of this op.
    pub(super) async fn find(connection: &mut PgConnection, op: &Op) -> Result<Self, Trouble> {
        let query = sqlx::query("SELECT op, position, closed, body, hash FROM applies WHERE op = $1");
        let row = query.bind(op.as_str()).fetch_optional(connection).await?;
        Self::read(&row.ok_or_else(|| StoreError::Absent(format!("apply {op}")))?)
    }

    async fn find_open(connection: &mut PgConnection, op: &Op) -> Result<Self, Trouble> {
        let found = Self::find(connection, op).await?;
        if found.closed.is_some() {
            return Err(StoreError::Absent(format!("open apply {op}")).into());
        }
        Ok(found)
    }

    /// The open apply of this op, where this fence may write to it.
    pub(super) async fn own(connection: &mut PgConnection, op: &Op, fence: u64) -> Result<Self, Trouble> {
        locking::require(connection, fence).await?;
        let found = Self::find_open(connection, op).await?;
        if found.fence != kept(fence) {
            return Err(StoreError::FenceLost(fence).into());
        }
        Ok(found)
    }

    fn read(row: &PgRow) -> Result<Self, Trouble> {
        let op: String = row.try_get("op")?;
        let name = format!("the row of apply {op}");
        let opened: Self = body(row, &name)?;
        same(&op, &opened.op, &name)?;
        same(&row.try_get("position")?, &opened.position, &name)?;
        same(&row.try_get("closed")?, &opened.closed.is_some(), &name)?;
        Ok(opened)
    }

    /// Keeps what can change of it.
    pub(super) async fn save(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let (body, hash) = self.sealed()?;
        sqlx::query("UPDATE applies SET closed = $1, body = $2, hash = $3 WHERE op = $4")
            .bind(self.closed.is_some())
            .bind(body)
            .bind(hash)
            .bind(&self.op)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Its body and the checksum of that.
    pub(super) fn sealed(&self) -> Result<(String, String), Trouble> {
        let body = json(self)?;
        let hash = seal(body.as_str());
        Ok((body, hash))
    }

    fn name(&self) -> String {
        format!("the row of apply {}", self.op)
    }

    fn past(self) -> Result<Past, Trouble> {
        let (Some(closed), Some(outcome)) = (self.closed, self.outcome.clone()) else {
            return Err(Trouble::damaged(format!("{} is half closed", self.name())));
        };
        Ok(Past {
            op: op_of(&self.op)?,
            release: self.number,
            purpose: self.purpose,
            opened: self.opened,
            closed,
            turned: self.turned,
            outcome,
            steps: self.steps,
            tag: self.tag,
            by: self.who,
            without_backup: self.without_backup,
        })
    }
}
