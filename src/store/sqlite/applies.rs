//! Applies: opened, taken over, closed; and those that are over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::journal::{Apply, Outcome, Past};
use crate::lock::Op;
use crate::release::Release;
use crate::store::column::{counted, json, kept, op_of, parsed, plan_of, time};
use crate::store::seal::{check, seal};
use crate::store::sqlite::counters::Counters;
use crate::store::sqlite::trouble::Trouble;
use crate::store::sqlite::{files, locking, releases};
use crate::store::{StoreError, purpose_word};

/// The row of an apply, without the plan itself: `plan_hash` stands for it.
#[derive(Debug, Serialize)]
pub(super) struct ApplyRow {
    op: String,
    /// The fence of the process that may write its journal.
    pub(super) fence: i64,
    number: i64,
    tag: String,
    purpose: String,
    who: String,
    opened: String,
    steps: i64,
    closed: Option<String>,
    /// When its first `Unwinding` was recorded.
    pub(super) turned: Option<String>,
    outcome: Option<String>,
    /// The checksum of the plan, with which the chain of records begins.
    pub(super) plan_hash: String,
    /// How many records it has.
    pub(super) records: i64,
    /// The checksum of the last of them.
    pub(super) head: String,
}

/// What history shows of a plan, whichever version of omni made it.
#[derive(Deserialize)]
struct LeftOut {
    #[serde(default)]
    without_backup: Vec<Address>,
}

/// The apply that is open.
pub(super) async fn open_one(connection: &mut SqliteConnection) -> Result<Option<Apply>, Trouble> {
    let open = Counters::read(connection).await?.open;
    let rows = sqlx::query("SELECT * FROM applies NOT INDEXED WHERE closed IS NULL").fetch_all(connection).await?;
    let row = match rows.as_slice() {
        [] if open.is_empty() => return Ok(None),
        [row] => row,
        _ => return Err(Trouble::damaged(format!("{} applies are open", rows.len()))),
    };
    let opened = ApplyRow::read(row)?;
    if opened.op != open {
        return Err(Trouble::damaged(format!("apply {} is open, and not {open}", opened.op)));
    }
    let plan: &str = row.try_get("plan")?;
    if Fingerprint::of_bytes(plan.as_bytes()).to_string() != opened.plan_hash {
        return Err(Trouble::damaged(format!("the plan of apply {} is not what was written", opened.op)));
    }
    let name = opened.name();
    let plan = plan_of(plan, &opened.op, &name)?;
    Ok(Some(Apply {
        op: op_of(&opened.op)?,
        fence: counted(opened.fence)?,
        plan,
        release: counted(opened.number)?,
        by: opened.who,
        opened: time(&opened.opened, &name)?,
    }))
}

/// All applies that are over, newest first.
pub(super) async fn past(connection: &mut SqliteConnection) -> Result<Vec<Past>, Trouble> {
    let counters = Counters::read(connection).await?;
    let query = sqlx::query(ApplyRow::CLOSED);
    let rows = query.fetch_all(connection).await?;
    let over = counters.applies - i64::from(!counters.open.is_empty());
    if usize::try_from(over) != Ok(rows.len()) {
        return Err(Trouble::damaged(format!("of {over} closed applies {} are there", rows.len())));
    }
    let past = |row| {
        let opened = ApplyRow::read(row)?;
        let without_backup = opened.left_out(row.try_get("plan")?)?;
        Ok(Past { without_backup, ..opened.past()? })
    };
    rows.iter().map(past).collect()
}

/// Opens an apply.
pub(super) async fn open(
    connection: &mut SqliteConnection,
    apply: &Apply,
    files: &[(Fingerprint, Vec<u8>)],
) -> Result<(), Trouble> {
    locking::require(connection, apply.fence).await?;
    let query = sqlx::query_scalar("SELECT count(*) FROM applies NOT INDEXED WHERE op = ?");
    let twice: i64 = query.bind(apply.op.as_str()).fetch_one(&mut *connection).await?;
    let mut counters = Counters::read(connection).await?;
    if twice > 0 || !counters.open.is_empty() {
        return Err(StoreError::AlreadyOpen.into());
    }
    files::keep(connection, files).await?;
    let plan = json(&apply.plan)?;
    let plan_hash = Fingerprint::of_bytes(plan.as_bytes()).to_string();
    let opened = ApplyRow {
        op: apply.op.to_string(),
        fence: kept(apply.fence),
        number: kept(apply.release),
        tag: apply.plan.tag.clone(),
        purpose: purpose_word(&apply.plan.purpose).to_owned(),
        who: apply.by.clone(),
        opened: apply.opened.to_string(),
        steps: kept(apply.plan.steps().count() as u64),
        closed: None,
        turned: None,
        outcome: None,
        head: plan_hash.clone(),
        plan_hash,
        records: 0,
    };
    counters.open.clone_from(&opened.op);
    counters.applies += 1;
    counters.save(connection).await?;
    opened.insert(connection, &plan).await
}

/// Takes an open apply over under a new fence.
pub(super) async fn take_over(connection: &mut SqliteConnection, op: &Op, fence: u64) -> Result<(), Trouble> {
    locking::require(connection, fence).await?;
    let mut opened = ApplyRow::find_open(connection, op).await?;
    opened.fence = kept(fence);
    opened.save(connection).await
}

/// Keeps files for the release of an open apply.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    op: &Op,
    fence: u64,
    files: &[(Fingerprint, Vec<u8>)],
) -> Result<(), Trouble> {
    ApplyRow::own(connection, op, fence).await?;
    files::keep(connection, files).await
}

/// Closes an apply, and keeps the release it made.
pub(super) async fn close(
    connection: &mut SqliteConnection,
    op: &Op,
    fence: u64,
    outcome: &Outcome,
    release: Option<&Release>,
    at: Timestamp,
) -> Result<(), Trouble> {
    let mut opened = ApplyRow::own(connection, op, fence).await?;
    opened.closed = Some(at.to_string());
    opened.outcome = Some(json(outcome)?);
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
    /// The closed ones without their plans, which can be long and of which history shows one thing only: what was left
    /// out.
    const CLOSED: &str = "SELECT op, fence, number, tag, purpose, who, opened, steps, closed, turned, outcome, \
                          plan_hash, records, head, hash, \
                          CASE WHEN instr(plan, '\"without_backup\"') > 0 THEN plan END AS plan \
                          FROM applies NOT INDEXED WHERE closed IS NOT NULL ORDER BY rowid DESC";

    /// The apply of this op.
    pub(super) async fn find(connection: &mut SqliteConnection, op: &Op) -> Result<Self, Trouble> {
        let query = sqlx::query("SELECT * FROM applies WHERE op = ?").bind(op.as_str());
        let row = query.fetch_optional(connection).await?;
        Self::read(&row.ok_or_else(|| StoreError::Absent(format!("apply {op}")))?)
    }

    async fn find_open(connection: &mut SqliteConnection, op: &Op) -> Result<Self, Trouble> {
        let found = Self::find(connection, op).await?;
        if found.closed.is_some() {
            return Err(StoreError::Absent(format!("open apply {op}")).into());
        }
        Ok(found)
    }

    /// The open apply of this op, where this fence may write to it.
    pub(super) async fn own(connection: &mut SqliteConnection, op: &Op, fence: u64) -> Result<Self, Trouble> {
        locking::require(connection, fence).await?;
        let found = Self::find_open(connection, op).await?;
        if found.fence != kept(fence) {
            return Err(StoreError::FenceLost(fence).into());
        }
        Ok(found)
    }

    fn read(row: &SqliteRow) -> Result<Self, Trouble> {
        let opened = Self {
            op: row.try_get("op")?,
            fence: row.try_get("fence")?,
            number: row.try_get("number")?,
            tag: row.try_get("tag")?,
            purpose: row.try_get("purpose")?,
            who: row.try_get("who")?,
            opened: row.try_get("opened")?,
            steps: row.try_get("steps")?,
            closed: row.try_get("closed")?,
            turned: row.try_get("turned")?,
            outcome: row.try_get("outcome")?,
            plan_hash: row.try_get("plan_hash")?,
            records: row.try_get("records")?,
            head: row.try_get("head")?,
        };
        check(&opened, row.try_get("hash")?, || opened.name())?;
        Ok(opened)
    }

    async fn insert(&self, connection: &mut SqliteConnection, plan: &str) -> Result<(), Trouble> {
        sqlx::query("INSERT INTO applies VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, ?, ?, ?, ?, ?)")
            .bind(&self.op)
            .bind(self.fence)
            .bind(self.number)
            .bind(&self.tag)
            .bind(&self.purpose)
            .bind(&self.who)
            .bind(&self.opened)
            .bind(self.steps)
            .bind(plan)
            .bind(&self.plan_hash)
            .bind(self.records)
            .bind(&self.head)
            .bind(seal(self))
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Keeps what can change of it.
    pub(super) async fn save(&self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        let update = "UPDATE applies SET fence = ?, closed = ?, turned = ?, outcome = ?, records = ?, head = ?, \
                      hash = ? WHERE op = ?";
        sqlx::query(update)
            .bind(self.fence)
            .bind(&self.closed)
            .bind(&self.turned)
            .bind(&self.outcome)
            .bind(self.records)
            .bind(&self.head)
            .bind(seal(self))
            .bind(&self.op)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// The backups that its plan leaves out; none where that does not speak of any.
    fn left_out(&self, plan: Option<&str>) -> Result<Vec<Address>, Trouble> {
        let Some(plan) = plan else { return Ok(Vec::new()) };
        if Fingerprint::of_bytes(plan.as_bytes()).to_string() != self.plan_hash {
            return Err(Trouble::damaged(format!("the plan of apply {} is not what was written", self.op)));
        }
        Ok(parsed::<LeftOut>(plan, &self.name())?.without_backup)
    }

    fn name(&self) -> String {
        format!("the row of apply {}", self.op)
    }

    fn past(self) -> Result<Past, Trouble> {
        let name = self.name();
        let missing = || Trouble::damaged(format!("{name} is half closed"));
        let (closed, outcome) = (self.closed.as_ref().ok_or_else(missing)?, self.outcome.as_ref().ok_or_else(missing)?);
        Ok(Past {
            op: op_of(&self.op)?,
            release: counted(self.number)?,
            purpose: self.purpose,
            opened: time(&self.opened, &name)?,
            closed: time(closed, &name)?,
            turned: self.turned.as_deref().map(|turned| time(turned, &name)).transpose()?,
            outcome: parsed(outcome, &name)?,
            steps: counted(self.steps)?,
            tag: self.tag,
            by: self.who,
            without_backup: Vec::new(),
        })
    }
}
