//! The journal: records in a chain, in which each carries the checksum of the one before it.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use crate::journal::Record;
use crate::lock::Op;
use crate::store::column::{json, parsed};
use crate::store::seal::seal;
use crate::store::sqlite::applies::ApplyRow;
use crate::store::sqlite::trouble::Trouble;

/// Appends a record.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    op: &Op,
    fence: u64,
    record: &Record,
    at: Timestamp,
) -> Result<(), Trouble> {
    let mut opened = ApplyRow::own(connection, op, fence).await?;
    let (seq, at, record_json) = (opened.records + 1, at.to_string(), json(record)?);
    let hash = link(&opened.head, op, seq, &at, &record_json);
    sqlx::query("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)")
        .bind(op.as_str())
        .bind(seq)
        .bind(&at)
        .bind(&record_json)
        .bind(&opened.head)
        .bind(&hash)
        .execute(&mut *connection)
        .await?;
    if matches!(record, Record::Unwinding { .. }) {
        opened.turned.get_or_insert(at);
    }
    opened.records = seq;
    opened.head = hash;
    opened.save(connection).await
}

/// The records of an apply. The row of the apply says how many there are and where the chain ends, so that a lost
/// record is missed as surely as a changed one.
pub(super) async fn all(connection: &mut SqliteConnection, op: &Op) -> Result<Vec<Record>, Trouble> {
    let opened = ApplyRow::find(connection, op).await?;
    let rows =
        sqlx::query("SELECT * FROM records WHERE op = ? ORDER BY seq").bind(op.as_str()).fetch_all(connection).await?;
    let mut records = Vec::with_capacity(rows.len());
    let mut head = opened.plan_hash;
    for (row, expected) in rows.iter().zip(1..) {
        let name = || format!("record {expected} of apply {op}");
        let seq: i64 = row.try_get("seq")?;
        let (at, record, prev): (&str, &str, &str) =
            (row.try_get("at")?, row.try_get("json")?, row.try_get("prev_hash")?);
        let kept: &str = row.try_get("hash")?;
        if seq != expected || prev != head || link(prev, op, seq, at, record) != kept {
            return Err(Trouble::damaged(format!("{} is not what was written", name())));
        }
        records.push(parsed(record, &name())?);
        kept.clone_into(&mut head);
    }
    if head != opened.head || rows.len() != usize::try_from(opened.records).unwrap_or(usize::MAX) {
        return Err(Trouble::damaged(format!("record {} of apply {op} is missing", rows.len() + 1)));
    }
    Ok(records)
}

fn link(prev: &str, op: &Op, seq: i64, at: &str, record: &str) -> String {
    seal(&(prev, op.as_str(), seq, at, record))
}
