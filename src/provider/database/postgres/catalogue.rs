//! The catalogue of a server's database: one query, under settings that make its text always the same.
//!
//! The query says of itself what it reads, and how. In a transaction that is open the settings are put back after it.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::migration::catalogue::{Catalogue, Fact};
use crate::provider::database::postgres::wire::{IS_OPEN, run};
use crate::provider::database::trouble::Trouble;
use crate::provider::database::wire::sent;

const QUERY: &str = include_str!("catalogue.sql");

/// What the text of definitions depends on, and what each has to be. `pg_temp` is last, so that no temporary table
/// hides a catalogue; `jit` and the plan that is kept are there for the time it takes.
const SETTINGS: [(&str, &str); 10] = [
    ("search_path", "pg_catalog, pg_temp"),
    ("quote_all_identifiers", "off"),
    ("TimeZone", "'UTC'"),
    ("DateStyle", "'ISO, YMD'"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "'C'"),
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// The query is kept in the session: to understand and to plan it takes longer than to run it, and a proof runs it
/// hundreds of times. A script may have thrown it away.
const IS_KEPT: &str = "EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE name = 'omni_catalogue')";

/// The facts of everything but these tables and schemas, and omni's own. Each message costs a turn, so there are few:
/// how the session stands; everything with the settings; and, in a transaction that is open, the settings put back.
pub(super) async fn read(connection: &mut PgConnection, without: &[String]) -> Result<Catalogue, Trouble> {
    let before = settings(connection).await?;
    let mut ask: Vec<_> = SETTINGS.iter().map(|(name, value)| format!("SET LOCAL {name} = {value}")).collect();
    if !before.is_kept {
        ask.push(format!("PREPARE omni_catalogue (text[]) AS {QUERY}"));
    }
    let skip: Vec<_> = without.iter().map(|name| literal(name)).collect();
    ask.push(format!("EXECUTE omni_catalogue (ARRAY[{}]::text[])", skip.join(", ")));
    let ask = ask.join(";\n");
    if before.is_open {
        let read = facts(connection, ask).await?;
        // After a failure the transaction can only be taken back, and the settings with it.
        put_back(connection, &before.values).await?;
        return Ok(read);
    }
    let read = facts(connection, format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{ask};\nROLLBACK")).await;
    if read.is_err() {
        run(connection, "ROLLBACK").await?;
    }
    read
}

/// The rows of the one statement that has any.
async fn facts(connection: &mut PgConnection, ask: String) -> Result<Catalogue, Trouble> {
    let rows = sent(sqlx::raw_sql(AssertSqlSafe(ask)).fetch_all(connection)).await?;
    let fact = |row: &sqlx::postgres::PgRow| {
        let column = |at: usize| row.try_get_unchecked::<String, _>(at);
        Ok((Fact { kind: column(0)?, name: column(1)?, attribute: column(2)? }, column(3)?))
    };
    Ok(Catalogue(rows.iter().map(fact).collect::<Result<_, sqlx::Error>>()?))
}

/// A text as it stands in a statement, whatever the session takes a backslash for.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// How a session stands before its catalogue is read.
struct Before {
    /// Whether a transaction is open.
    is_open: bool,
    /// Whether the query is kept.
    is_kept: bool,
    /// The values of the settings.
    values: Vec<String>,
}

async fn settings(connection: &mut PgConnection) -> Result<Before, Trouble> {
    let values = SETTINGS.map(|(name, _)| format!("pg_catalog.current_setting('{name}')")).join(", ");
    let ask = format!("SELECT {IS_OPEN}, {IS_KEPT}, {values}");
    let row = sent(sqlx::raw_sql(AssertSqlSafe(ask)).fetch_one(connection)).await?;
    let value = |at: usize| row.try_get_unchecked::<String, _>(at + 2);
    let values = (0..SETTINGS.len()).map(value).collect::<Result<_, sqlx::Error>>()?;
    Ok(Before { is_open: row.try_get(0)?, is_kept: row.try_get(1)?, values })
}

/// Gives the settings these values until the end of the transaction.
async fn put_back(connection: &mut PgConnection, values: &[String]) -> Result<(), Trouble> {
    let set = |((name, _), value): (&(&str, &str), &String)| {
        format!("pg_catalog.set_config('{name}', {}, true)", literal(value))
    };
    let all: Vec<_> = SETTINGS.iter().zip(values).map(set).collect();
    run(connection, &format!("SELECT {}", all.join(", "))).await
}
