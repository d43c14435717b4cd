//! Settling: what became of a statement that runs in no transaction, when nobody heard of its end.
//!
//! The catalogue tells: an index that is not valid is dropped and made again, a partition that is half detached is
//! detached to the end. A statement that says that what it makes is there already, or that what it takes away is gone,
//! was done.

use crate::migration::Dialect;
use crate::migration::sql::{Concurrent, Name, Statement};
use crate::provider::database::{Session, marks};
use crate::provider::{Fault, FaultKind};

/// The database's codes for what is there already.
const THERE: [&str; 6] = ["42710", "42P07", "42701", "42P06", "42723", "42P04"];
/// The database's codes for what is not there.
const GONE: [&str; 8] = ["42P01", "42704", "42703", "42883", "3F000", "42P02", "3D000", "2BP01"];

/// Whether a statement that was begun is done. What it left by half is cleared away, so that it can be run again.
///
/// # Errors
/// When the database does not answer, or it cannot be told what the statement has left.
pub(super) async fn is_done(session: &mut dyn Session, migration: &str, statement: &Statement) -> Result<bool, Fault> {
    match &statement.concurrent {
        None => Ok(false),
        Some(Concurrent::CreatesIndex { index: Some(index), .. }) => match validity(session, index).await? {
            Some(true) => Ok(true),
            Some(false) => {
                session.run(&format!("DROP INDEX CONCURRENTLY IF EXISTS {}", quoted(index))).await?;
                Ok(false)
            }
            None => Ok(false),
        },
        Some(Concurrent::CreatesIndex { index: None, table, .. }) => {
            let made = format!("i.indrelid = {} AND c.relname !~ '_cc(new|old)[0-9]*$'", regclass(table));
            drop_all(session, &since(migration, &format!("{made} AND NOT i.indisvalid"))).await?;
            Ok(session.value(&since(migration, &format!("{made} AND i.indisvalid"))).await?.is_some())
        }
        Some(Concurrent::DropsIndex(index)) => Ok(validity(session, index).await?.is_none()),
        Some(Concurrent::Reindexes(name)) => {
            let left = format!(
                "NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND EXISTS (SELECT FROM pg_catalog.pg_class t \
                 LEFT JOIN pg_catalog.pg_index n ON n.indexrelid = t.oid WHERE t.oid = {} \
                 AND (i.indrelid IN (t.oid, n.indrelid, t.reltoastrelid) \
                 OR i.indrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree(t.oid))))",
                regclass(name)
            );
            drop_all(session, &since(migration, &left)).await?;
            Ok(false)
        }
        Some(Concurrent::Detaches { table, partition }) => {
            let query = format!(
                "SELECT coalesce(to_jsonb(i) ->> 'inhdetachpending', 'false') FROM pg_catalog.pg_inherits i \
                 WHERE i.inhparent = {} AND i.inhrelid = {}",
                regclass(table),
                regclass(partition)
            );
            match session.value(&query).await?.as_deref() {
                None => Ok(true),
                Some("true") => {
                    let (table, partition) = (quoted(table), quoted(partition));
                    session.run(&format!("ALTER TABLE {table} DETACH PARTITION {partition} FINALIZE")).await?;
                    Ok(true)
                }
                Some(_) => Ok(false),
            }
        }
    }
}

/// Whether the statement was refused since what it makes is there: a second try of one that was done.
pub(super) fn is_there_already(fault: &Fault) -> bool {
    has_code(fault, &THERE)
}

/// Whether the statement was refused since things are already as it would make them.
pub(super) fn is_so_already(fault: &Fault) -> bool {
    is_there_already(fault) || has_code(fault, &GONE) || fault.kind == FaultKind::Failed && is_so_in_a_file(fault)
}

/// A file has one code for whatever is wrong with a statement: its words tell.
fn is_so_in_a_file(fault: &Fault) -> bool {
    let says = |words: &str| fault.message.contains(words);
    says("no such ") || says("(1)") && (says(" already exists") || says("duplicate column name"))
}

fn has_code(fault: &Fault, codes: &[&str]) -> bool {
    fault.kind == FaultKind::Failed && codes.iter().any(|code| fault.message.contains(&format!("({code})")))
}

/// The question for the indexes of which this is true, and that were made since the mark of a migration was set. It is
/// set right before a statement is run, so what others have left before is not meant.
fn since(migration: &str, condition: &str) -> String {
    let marks = marks::table(Dialect::Postgres);
    format!(
        "SELECT string_agg(i.indexrelid::regclass::text, ', ') FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE {condition} \
         AND age(c.xmin) < (SELECT age(m.xmin) FROM {marks} m WHERE m.migration = '{}')",
        migration.replace('\'', "''")
    )
}

/// Drops the indexes that a question finds.
async fn drop_all(session: &mut dyn Session, query: &str) -> Result<(), Fault> {
    for index in session.value(query).await?.iter().flat_map(|indexes| indexes.split(", ")) {
        session.run(&format!("DROP INDEX CONCURRENTLY IF EXISTS {index}")).await?;
    }
    Ok(())
}

/// Whether an index is valid; none where there is none.
async fn validity(session: &mut dyn Session, index: &Name) -> Result<Option<bool>, Fault> {
    let query =
        format!("SELECT i.indisvalid::text FROM pg_catalog.pg_index i WHERE i.indexrelid = {}", regclass(index));
    Ok(session.value(&query).await?.map(|valid| valid == "true"))
}

fn regclass(name: &Name) -> String {
    format!("to_regclass('{}')", quoted(name).replace('\'', "''"))
}

fn quoted(name: &Name) -> String {
    let one = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    match &name.schema {
        Some(schema) => format!("{}.{}", one(schema), one(&name.name)),
        None => one(&name.name),
    }
}
