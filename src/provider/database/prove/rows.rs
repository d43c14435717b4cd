//! What the rows of a scratch database add up to: counted and summed by the database itself.
//!
//! A sum may take longer than a call of omni's own may, so it is run as a statement, and its result is asked for
//! afterwards. Settings that a script made, and that say how a value is written, are put aside meanwhile.

use std::collections::BTreeMap;

use crate::migration::Dialect;
use crate::migration::proof::{Contents, TableContent};
use crate::provider::database::{Session, marks};
use crate::provider::{Fault, FaultKind};

/// How many columns are summed in one statement: a row holds no more than 1,664 values.
const AT_ONCE: usize = 400;

const SERVER_TABLES: &str = "SELECT coalesce(json_object_agg(format('%I.%I', n.nspname, c.relname), \
       (SELECT coalesce(json_agg(a.attname ORDER BY a.attname), '[]') FROM pg_catalog.pg_attribute a \
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))::text, '{}') \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind = 'r' AND c.relpersistence <> 't' \
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'omni') \
       AND n.nspname NOT LIKE 'pg\\_toast%' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
         WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

const FILE_TABLES: &str = "SELECT json_group_object(l.name, \
       (SELECT json_group_array(x.name) FROM pragma_table_xinfo(l.name, 'main') AS x WHERE x.hidden <> 1)) \
     FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.type = 'table' \
       AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// How values are written, as it is, and as it is for sums.
const HELD: &str = "SELECT json_object_agg(name, current_setting(name))::text FROM unnest(ARRAY['DateStyle', \
     'IntervalStyle', 'TimeZone', 'bytea_output', 'extra_float_digits', 'lc_monetary', 'search_path']) AS name";
const PLAIN: [(&str, &str); 7] = [
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("search_path", "pg_catalog"),
];

/// What the rows add up to, without these tables: those of the ledger.
pub(super) async fn contents(session: &mut dyn Session, without: &[String]) -> Result<Contents, Fault> {
    let dialect = session.facts().dialect;
    let mut held = BTreeMap::<String, String>::new();
    if dialect == Dialect::Postgres {
        held = read(session, HELD).await?;
        set(session, PLAIN).await?;
    }
    let list = if dialect == Dialect::Postgres { SERVER_TABLES } else { FILE_TABLES };
    let mut tables: BTreeMap<String, Vec<String>> = read(session, list).await?;
    tables.retain(|table, _| !is_left_out(&table.replace('"', ""), without));
    let mut found = Contents::default();
    for (table, columns) in tables {
        let content = match dialect {
            Dialect::Postgres => of_server(session, &table, &columns).await?,
            Dialect::Sqlite => of_file(session, &table, &columns).await?,
        };
        found.0.insert(table, content);
    }
    set(session, held.iter().map(|(name, value)| (name.as_str(), value.as_str()))).await?;
    Ok(found)
}

/// Whether a table is one of the ledger's, or of omni's own.
fn is_left_out(table: &str, without: &[String]) -> bool {
    let bare = |name: &str| name.strip_prefix("main.").map_or_else(|| name.to_owned(), str::to_owned);
    let schema = table.split_once('.').map(|(schema, _)| format!("{schema}.*"));
    table == marks::table(Dialect::Sqlite)
        || without.iter().any(|name| bare(name) == table || schema.as_ref().is_some_and(|schema| schema == name))
}

async fn set<'a>(session: &mut dyn Session, to: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), Fault> {
    let one = |(name, value): (&str, &str)| format!("pg_catalog.set_config({}, {}, false)", text(name), text(value));
    let all: Vec<_> = to.into_iter().map(one).collect();
    if all.is_empty() { Ok(()) } else { session.run(&format!("SELECT {}", all.join(", "))).await }
}

async fn of_server(session: &mut dyn Session, table: &str, columns: &[String]) -> Result<TableContent, Fault> {
    let names: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
    let row = names.iter().map(|name| format!("t.{name}")).collect::<Vec<_>>().join(", ");
    let mut values = vec!["count(*)::text".to_owned(), hashed(&format!("ROW({row})"))];
    values.extend(names.iter().flat_map(|name| [format!("count(t.{name})::text"), hashed(&format!("t.{name}"))]));
    let mut found: Vec<Option<String>> = Vec::with_capacity(values.len());
    for values in values.chunks(2 * AT_ONCE) {
        let sum = format!(
            "SELECT pg_catalog.set_config('omni.rows', \
             (SELECT array_to_json(ARRAY[{}])::text FROM ONLY {table} AS t), false)",
            values.join(", ")
        );
        session.run(&sum).await?;
        found.append(&mut read(session, "SELECT pg_catalog.current_setting('omni.rows')").await?);
    }
    Ok(content(columns, found))
}

fn hashed(value: &str) -> String {
    format!("sum(pg_catalog.hashtextextended({value}::text, 0))::text")
}

/// A file has no hash of its own: the lengths of values, some of their letters, the least and the greatest stand in.
async fn of_file(session: &mut dyn Session, table: &str, columns: &[String]) -> Result<TableContent, Fault> {
    let names: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
    let row = names.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(" || ',' || ");
    let row = if row.is_empty() { "''".to_owned() } else { row };
    let mut values = vec!["CAST(count(*) AS TEXT)".to_owned(), summed(&row)];
    let column = |name: &String| [format!("CAST(count({name}) AS TEXT)"), summed(&format!("quote({name})"))];
    values.extend(names.iter().flat_map(column));
    let mut found: Vec<Option<String>> = Vec::with_capacity(values.len());
    for values in values.chunks(AT_ONCE / 8) {
        session.run("DROP TABLE IF EXISTS temp.omni_rows").await?;
        let values = values.iter().map(|value| format!("json_quote({value})")).collect::<Vec<_>>().join(" || ',' || ");
        session
            .run(&format!(
                "CREATE TEMP TABLE omni_rows AS SELECT '[' || {values} || ']' AS all_of FROM main.{}",
                quoted(table)
            ))
            .await?;
        found.append(&mut read(session, "SELECT all_of FROM temp.omni_rows").await?);
    }
    session.run("DROP TABLE IF EXISTS temp.omni_rows").await?;
    Ok(content(columns, found))
}

fn summed(value: &str) -> String {
    let letter = |place: &str| format!("coalesce(sum(unicode(substr({value}, {place}, 1))), 0)");
    let (first, middle, last) = (letter("2"), letter(&format!("length({value}) / 2")), letter("-2"));
    format!(
        "(coalesce(sum(length({value})), 0) || ' ' || {first} || ' ' || {middle} || ' ' || {last} || ' ' || \
         coalesce(substr(min({value}), 1, 200), '') || ' ' || coalesce(substr(max({value}), 1, 200), ''))"
    )
}

/// The values in the order in which they were asked for: of the table, then of each column, the number and the sum.
fn content(columns: &[String], found: Vec<Option<String>>) -> TableContent {
    let mut found = found.into_iter().map(Option::unwrap_or_default);
    let mut next = || {
        let number = found.next().and_then(|number| number.parse().ok()).unwrap_or_default();
        (number, found.next().unwrap_or_default())
    };
    let (rows, sum) = next();
    TableContent { rows, sum, columns: columns.iter().map(|column| (column.clone(), next())).collect() }
}

async fn read<T: serde::de::DeserializeOwned>(session: &mut dyn Session, query: &str) -> Result<T, Fault> {
    let told = session.value(query).await?.unwrap_or_default();
    serde_json::from_str(&told)
        .map_err(|_| Fault::new(FaultKind::Failed, "the database does not tell its rows as it should"))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(value: &str) -> String {
    let escape = if value.contains('\\') { "E" } else { "" };
    format!("{escape}'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}
