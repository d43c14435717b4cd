//! What omni reads and writes beside the scripts: the ledger of the tool, and marks of its own.
//!
//! Several statements that belong together run in one transaction: the one that is open, or one of their own.

use crate::migration::ledger::{Ledger, Row, Sql};
use crate::migration::{Dialect, Mark};
use crate::provider::database::marks;
use crate::provider::database::trouble::Trouble;
use crate::provider::database::wire::Wire;

/// The codes for a table or schema that is there already, or is just being made by somebody else.
const TAKEN: [&str; 4] = ["42P07", "42P06", "42710", "23505"];

/// The rows of a ledger; none where there is no such table.
pub(super) async fn ledger(wire: &mut impl Wire, ledger: &Ledger) -> Result<Option<Vec<Row>>, Trouble> {
    if wire.rows(&ledger.is_there()).await?.is_empty() {
        return Ok(None);
    }
    wire.rows(&ledger.read()).await.map(Some)
}

/// Makes a ledger where there is none.
pub(super) async fn make_ledger(wire: &mut impl Wire, ledger: &Ledger) -> Result<(), Trouble> {
    let table = ledger.tables("").join(",");
    make(wire, &table, &ledger.is_there(), &ledger.create()).await
}

/// Every mark, or that of one migration; none where there is no such table.
pub(super) async fn marks(wire: &mut impl Wire, dialect: Dialect, of: Option<&str>) -> Result<Vec<Mark>, Trouble> {
    if wire.rows(&marks::is_there(dialect)).await?.is_empty() {
        return Ok(Vec::new());
    }
    let rows = wire.rows(&marks::read(dialect, of)).await?;
    let damaged = |row: &Row| {
        let migration = row.get("migration").cloned().flatten().unwrap_or_default();
        Trouble::Damaged(format!("the mark of `{migration}` in `{}` is not as omni wrote it", marks::table(dialect)))
    };
    rows.iter().map(|row| marks::of_row(row).ok_or_else(|| damaged(row))).collect()
}

/// Sets a mark. The table is made where it is missing.
pub(super) async fn mark(wire: &mut impl Wire, dialect: Dialect, mark: &Mark) -> Result<(), Trouble> {
    if wire.rows(&marks::is_there(dialect)).await?.is_empty() {
        make(wire, marks::table(dialect), &marks::is_there(dialect), &marks::create(dialect)).await?;
    }
    wire.send(&marks::set(dialect, mark)).await
}

/// Removes the mark of a migration.
pub(super) async fn unmark(wire: &mut impl Wire, dialect: Dialect, migration: &str) -> Result<(), Trouble> {
    if wire.rows(&marks::is_there(dialect)).await?.is_empty() {
        return Ok(());
    }
    wire.send(&marks::unset(dialect, migration)).await
}

/// Runs statements that belong together.
pub(super) async fn all(wire: &mut impl Wire, statements: &[Sql]) -> Result<(), Trouble> {
    let opened = match statements {
        [] => return Ok(()),
        [statement] => return wire.send(statement).await,
        _ => wire.open().await?,
    };
    let sent = each(wire, statements).await;
    wire.close(opened, sent).await
}

/// Makes a table where there is none. Another omni waits meanwhile; where somebody else makes it at the same time, it
/// is looked for again.
async fn make(wire: &mut impl Wire, table: &str, is_there: &Sql, create: &[Sql]) -> Result<(), Trouble> {
    let opened = wire.open().await?;
    let made = make_alone(wire, table, is_there, create).await;
    match wire.close(opened, made).await {
        // In a transaction of somebody else nothing can be looked for after a failure.
        Err(trouble) if opened && TAKEN.contains(&trouble.code().as_str()) => {
            if wire.rows(is_there).await?.is_empty() {
                Err(trouble)
            } else {
                Ok(())
            }
        }
        made => made,
    }
}

async fn make_alone(wire: &mut impl Wire, table: &str, is_there: &Sql, create: &[Sql]) -> Result<(), Trouble> {
    wire.exclude(table).await?;
    if wire.rows(is_there).await?.is_empty() { each(wire, create).await } else { Ok(()) }
}

async fn each(wire: &mut impl Wire, statements: &[Sql]) -> Result<(), Trouble> {
    for statement in statements {
        wire.send(statement).await?;
    }
    Ok(())
}
