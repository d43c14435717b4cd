//! The catalogue of a server's database: one query, under settings that make its text always the same.
//!
//! The query says of itself what it reads, and how. In a transaction that is open the settings are put back after it.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::migration::catalogue::{Catalogue, Fact};
use crate::provider::database::postgres::wire::{is_open, run};
use crate::provider::database::trouble::Trouble;

const QUERY: &str = include_str!("catalogue.sql");

/// What the text of definitions depends on, and what each has to be. `pg_temp` is last, so that no temporary table
/// hides a catalogue; `jit` and the plan that is kept are there for the time it takes.
const SETTINGS: [&str; 10] = [
    "search_path",
    "quote_all_identifiers",
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "bytea_output",
    "lc_monetary",
    "jit",
    "plan_cache_mode",
];
const VALUES: [&str; 10] =
    ["pg_catalog, pg_temp", "off", "UTC", "ISO, YMD", "postgres", "3", "hex", "C", "off", "force_generic_plan"];

/// The query is kept in the session: to understand and to plan it takes longer than to run it, and a proof runs it
/// hundreds of times.
const IS_KEPT: &str = "SELECT count(*) > 0 FROM pg_catalog.pg_prepared_statements WHERE name = 'omni_catalogue'";

/// omni's own schemas: the one of the marks, and those of stores that are kept in this database.
const OWN: &str = "SELECT nspname::text || '.*' FROM pg_catalog.pg_namespace \
                   WHERE nspname = 'omni' OR nspname LIKE 'omni:%'";

/// The facts of everything but these tables and schemas, and omni's own.
pub(super) async fn read(connection: &mut PgConnection, without: &[String]) -> Result<Catalogue, Trouble> {
    if is_open(connection).await? {
        let before = settings(connection).await?;
        set(connection, &VALUES).await?;
        let read = facts(connection, without).await?;
        // After a failure the transaction can only be taken back, and the settings with it.
        let before: Vec<_> = before.iter().map(String::as_str).collect();
        set(connection, &before).await?;
        return Ok(read);
    }
    run(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let read = match set(connection, &VALUES).await {
        Ok(()) => facts(connection, without).await,
        Err(trouble) => Err(trouble),
    };
    run(connection, "ROLLBACK").await?;
    read
}

async fn facts(connection: &mut PgConnection, without: &[String]) -> Result<Catalogue, Trouble> {
    let mut skip: Vec<String> = sqlx::query_scalar(OWN).persistent(false).fetch_all(&mut *connection).await?;
    skip.extend_from_slice(without);
    if !sqlx::raw_sql(IS_KEPT).fetch_one(&mut *connection).await?.try_get(0)? {
        run(connection, &format!("PREPARE omni_catalogue (text[]) AS {QUERY}")).await?;
    }
    let skip: Vec<_> = skip.iter().map(|name| literal(name)).collect();
    let ask = format!("EXECUTE omni_catalogue (ARRAY[{}]::text[])", skip.join(", "));
    let rows = sqlx::raw_sql(AssertSqlSafe(ask)).fetch_all(connection).await?;
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

/// The values of the settings as they are.
async fn settings(connection: &mut PgConnection) -> Result<Vec<String>, Trouble> {
    let ask = "SELECT pg_catalog.current_setting(name) FROM unnest($1::text[]) WITH ORDINALITY AS s (name, place) \
               ORDER BY place";
    Ok(sqlx::query_scalar(ask).persistent(false).bind(&SETTINGS[..]).fetch_all(connection).await?)
}

/// Gives the settings these values until the end of the transaction.
async fn set(connection: &mut PgConnection, values: &[&str]) -> Result<(), Trouble> {
    let set = "SELECT pg_catalog.set_config(name, value, true) FROM unnest($1::text[], $2::text[]) AS s (name, value)";
    sqlx::query(set).persistent(false).bind(&SETTINGS[..]).bind(values).execute(connection).await?;
    Ok(())
}
