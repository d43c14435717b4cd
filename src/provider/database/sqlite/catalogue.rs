//! The catalogue of a file: one query, and one more for each view.

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use crate::migration::catalogue::{Catalogue, Fact};
use crate::provider::database::sqlite::wire::{open, run};
use crate::provider::database::trouble::Trouble;

const QUERY: &str = include_str!("catalogue.sql");

/// omni's own table.
const OWN: &str = "_omni_marks";

/// The facts of everything but these tables, and omni's own.
pub(super) async fn read(connection: &mut SqliteConnection, without: &[String]) -> Result<Catalogue, Trouble> {
    let opened = open(connection, "BEGIN").await?;
    let rows = rows(connection, without).await;
    if opened {
        run(connection, "ROLLBACK").await?;
    }
    rows.map(Catalogue::of_sqlite)
}

async fn rows(connection: &mut SqliteConnection, without: &[String]) -> Result<Vec<(Fact, String)>, Trouble> {
    let without = without.iter().map(|table| table.strip_prefix("main.").unwrap_or(table));
    let without: Vec<_> = without.chain([OWN]).collect();
    let without = serde_json::to_string(&without).map_err(|error| Trouble::Damaged(error.to_string()))?;
    let found = sqlx::query(QUERY).persistent(false).bind(&without).fetch_all(&mut *connection).await?;
    let fact = |row: &sqlx::sqlite::SqliteRow| {
        let column = |at: usize| row.try_get_unchecked::<String, _>(at);
        Ok((Fact { kind: column(0)?, name: column(1)?, attribute: column(2)? }, column(3)?))
    };
    let mut rows = found.iter().map(fact).collect::<Result<Vec<_>, sqlx::Error>>()?;
    let views =
        "SELECT name FROM main.sqlite_schema WHERE type = 'view' AND name NOT IN (SELECT value FROM json_each(?1))";
    let views: Vec<String> =
        sqlx::query_scalar(views).persistent(false).bind(&without).fetch_all(&mut *connection).await?;
    for view in views {
        let columns = columns(connection, &view).await?;
        let is_plain = view.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let name = if is_plain { view } else { quoted(&view) };
        rows.push((Fact { kind: "view".to_owned(), name, attribute: "columns".to_owned() }, columns));
    }
    Ok(rows)
}

/// The columns of a view, or why it has none: `SQLite` takes one on something that is not there.
async fn columns(connection: &mut SqliteConnection, view: &str) -> Result<String, Trouble> {
    let ask = AssertSqlSafe(format!("PRAGMA main.table_xinfo({})", quoted(view)));
    match sqlx::query(ask).persistent(false).fetch_all(connection).await {
        Ok(rows) => {
            let text = |row: &sqlx::sqlite::SqliteRow, at: usize| row.try_get_unchecked::<String, _>(at);
            let column = |row| Ok(format!("{} {}", text(row, 1)?, text(row, 2)?));
            Ok(rows.iter().map(column).collect::<Result<Vec<_>, sqlx::Error>>()?.join(", "))
        }
        Err(sqlx::Error::Database(error)) => Ok(format!("error: {}", error.message())),
        Err(error) => Err(error.into()),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
