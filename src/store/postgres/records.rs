//! The journal: records in a chain, in which each carries the checksum of the one before it.
//!
//! A record is kept with one statement, which is one way to the server and back. It is conditional on the fence and on
//! the end of the chain, so that it is there once however often it was sent.

use jiff::Timestamp;
use sqlx::{PgConnection, Row};

use crate::journal::Record;
use crate::lock::Op;
use crate::store::column::{json, kept, parsed};
use crate::store::postgres::applies::ApplyRow;
use crate::store::postgres::trouble::Trouble;
use crate::store::seal::seal;

/// A record that is to be kept, and the row of its apply with it.
#[derive(Debug, Clone)]
pub(super) struct Link {
    at: String,
    body: String,
    prev: String,
    /// The row of the apply as it will be.
    pub(super) opened: ApplyRow,
}

/// Inserts a record where the fence holds the lock and the row of the apply is the one that was known.
const APPEND: &str = "
WITH mine AS (SELECT held FROM counters WHERE held = $1 FOR UPDATE),
moved AS (
    UPDATE applies SET body = $2, hash = $3 WHERE op = $4 AND hash = $5 AND NOT closed AND EXISTS (SELECT FROM mine)
    RETURNING op
)
INSERT INTO records SELECT op, $6, $7, $8, $9, $10 FROM moved";

impl Link {
    /// The record as the next of an apply.
    pub(super) fn after(opened: &ApplyRow, record: &Record, at: Timestamp) -> Result<Self, Trouble> {
        let (prev, at_text, body) = (opened.head.clone(), at.to_string(), json(record)?);
        let mut opened = opened.clone();
        opened.records += 1;
        opened.head = link(&prev, &opened.op, opened.records, &at_text, &body);
        if matches!(record, Record::Unwinding { .. }) {
            opened.turned.get_or_insert(at);
        }
        Ok(Self { at: at_text, body, prev, opened })
    }

    /// Keeps it in the apply whose row was `before`; false where the lock or the row is not what it was.
    pub(super) async fn keep(
        &self,
        connection: &mut PgConnection,
        before: &ApplyRow,
        fence: u64,
    ) -> Result<bool, Trouble> {
        let ((body, hash), (_, known)) = (self.opened.sealed()?, before.sealed()?);
        let done = sqlx::query(APPEND)
            .bind(kept(fence))
            .bind(body)
            .bind(hash)
            .bind(&self.opened.op)
            .bind(known)
            .bind(self.opened.records)
            .bind(&self.at)
            .bind(&self.body)
            .bind(&self.prev)
            .bind(&self.opened.head)
            .execute(connection)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

/// Appends a record, unless it is there already: then an answer was lost on the way. Returns what is kept.
pub(super) async fn append(
    connection: &mut PgConnection,
    op: &Op,
    fence: u64,
    (record, at): (&Record, Timestamp),
    sent: Option<&Link>,
) -> Result<Link, Trouble> {
    let before = ApplyRow::own(connection, op, fence).await?;
    if let Some(sent) = sent.filter(|sent| sent.opened.head == before.head && sent.opened.records == before.records) {
        return Ok(sent.clone());
    }
    let link = Link::after(&before, record, at)?;
    if link.keep(connection, &before, fence).await? {
        Ok(link)
    } else {
        Err(Trouble::damaged(format!("the row of apply {op} changed while it was locked")))
    }
}

/// The records of an apply. The row of the apply says how many there are and where the chain ends, so that a lost
/// record is missed as surely as a changed one.
pub(super) async fn all(connection: &mut PgConnection, op: &Op) -> Result<Vec<Record>, Trouble> {
    let opened = ApplyRow::find(connection, op).await?;
    let query = sqlx::query("SELECT * FROM records WHERE op = $1 ORDER BY seq");
    let rows = query.bind(op.as_str()).fetch_all(connection).await?;
    let mut records = Vec::with_capacity(rows.len());
    let mut head = opened.plan_hash;
    for (row, expected) in rows.iter().zip(1..) {
        let name = format!("record {expected} of apply {op}");
        let (seq, at): (i64, &str) = (row.try_get("seq")?, row.try_get("at")?);
        let (body, prev, kept): (&str, &str, &str) =
            (row.try_get("body")?, row.try_get("prev_hash")?, row.try_get("hash")?);
        if seq != expected || prev != head || link(prev, op.as_str(), seq, at, body) != kept {
            return Err(Trouble::damaged(format!("{name} is not what was written")));
        }
        records.push(parsed(body, &name)?);
        kept.clone_into(&mut head);
    }
    if head != opened.head || rows.len() != usize::try_from(opened.records).unwrap_or(usize::MAX) {
        return Err(Trouble::damaged(format!("record {} of apply {op} is missing", rows.len() + 1)));
    }
    Ok(records)
}

fn link(prev: &str, op: &str, seq: i64, at: &str, body: &str) -> String {
    seal(&(prev, op, seq, at, body))
}
