//! `flyway_schema_history`: a row for each thing that Flyway has done, with a rank that grows.

use super::table::{Table, plain, quoted};
use super::tool::{Tool, column, is_true, whole};
use crate::migration::ledger::{Entry, Row, Sql, Writing};
use crate::migration::{Dialect, Layout, Script};

pub(super) struct Flyway;

const BASELINES: [&str; 2] = ["BASELINE", "SQL_BASELINE"];

impl Tool for Flyway {
    fn name(&self, _dialect: Dialect) -> &'static str {
        "flyway_schema_history"
    }

    fn columns(&self) -> &'static [&'static str] {
        &[
            "installed_rank",
            "version",
            "description",
            "type",
            "script",
            "checksum",
            "installed_by",
            "installed_on",
            "execution_time",
            "success",
        ]
    }

    fn create(&self, table: &Table) -> Vec<Sql> {
        let (key, index) = (format!("{}_pk", table.name), format!("{}_s_idx", table.name));
        let texts = "\"version\" VARCHAR(50), \"description\" VARCHAR(200) NOT NULL, \"type\" VARCHAR(20) NOT NULL, \
                     \"script\" VARCHAR(1000) NOT NULL";
        let by = "\"installed_by\" VARCHAR(100) NOT NULL";
        let columns = if table.is_postgres() {
            format!(
                "\"installed_rank\" INT NOT NULL, {texts}, \"checksum\" INTEGER, {by}, \
                 \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(), \"execution_time\" INTEGER NOT NULL, \
                 \"success\" BOOLEAN NOT NULL, CONSTRAINT {} PRIMARY KEY (\"installed_rank\")",
                quoted(&key)
            )
        } else {
            format!(
                "\"installed_rank\" INT NOT NULL PRIMARY KEY, {texts}, \"checksum\" INT, {by}, \
                 \"installed_on\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')), \
                 \"execution_time\" INT NOT NULL, \"success\" BOOLEAN NOT NULL"
            )
        };
        // The schema of an index stands at its table in PostgreSQL, at its own name in SQLite.
        let (index, on) = if table.is_postgres() {
            (quoted(&index), table.quoted())
        } else {
            (table.beside(&index), quoted(&table.name))
        };
        vec![
            plain(format!("CREATE TABLE IF NOT EXISTS {} ({columns})", table.quoted())),
            plain(format!("CREATE INDEX IF NOT EXISTS {index} ON {on} (\"success\")")),
        ]
    }

    fn read(&self, table: &Table) -> Sql {
        let columns = ["installed_rank", "version", "description", "type", "script", "checksum", "success"];
        table.rows(&columns, "\"installed_rank\"")
    }

    /// A baseline stands for every script up to its version, which Flyway never runs then.
    fn said(&self, rows: &[Row], scripts: &[Script]) -> Vec<Entry> {
        let mut said: Vec<Entry> = Vec::new();
        let mut baseline: Option<&str> = None;
        for row in rows {
            let is_read = column(row, "installed_rank").is_some_and(|rank| !rank.starts_with('-'));
            // A repeatable migration has no version; its file has a name.
            let Some(version) = column(row, "version").or_else(|| column(row, "script")).filter(|_| is_read) else {
                continue;
            };
            let is_other = |entry: &Entry| Layout::Flyway.order(&entry.version, version).is_ne();
            match column(row, "type") {
                Some("SCHEMA") => {}
                Some(kind) if BASELINES.contains(&kind) => baseline = Some(version),
                Some("DELETE") => said.retain(is_other),
                _ => {
                    said.retain(is_other);
                    let entry = whole(version, column(row, "checksum"));
                    let failed = "its row in the ledger says `success = false`";
                    said.push(Entry { half: (!is_true(row, "success")).then(|| failed.to_owned()), ..entry });
                }
            }
        }
        let Some(baseline) = baseline else { return said };
        let is_said = |script: &Script| said.iter().any(|entry| is_equal(&entry.version, &script.version));
        let below = scripts.iter().filter(|script| Layout::Flyway.order(&script.version, baseline).is_le());
        let below: Vec<_> =
            below.filter(|script| !is_said(script)).map(|script| whole(&script.version, None)).collect();
        below.into_iter().chain(said).collect()
    }

    fn through<'r>(&self, rows: &'r [Row]) -> Option<&'r str> {
        let is_baseline = |row: &&Row| column(row, "type").is_some_and(|kind| BASELINES.contains(&kind));
        column(rows.iter().rfind(is_baseline)?, "version")
    }

    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let (last, user) = if table.is_postgres() {
            ("GREATEST(coalesce(max(\"installed_rank\"), 0), 0)", "current_user")
        } else {
            ("max(coalesce(max(\"installed_rank\"), 0), 0)", "''")
        };
        let quoted = table.quoted();
        let text = format!(
            "INSERT INTO {quoted} (\"installed_rank\", \"version\", \"description\", \"type\", \"script\", \
             \"checksum\", \"installed_by\", \"execution_time\", \"success\") \
             SELECT {last} + 1, {}, {}, 'SQL', {}, {}, {user}, {}, TRUE FROM {quoted}",
            table.text(1),
            table.text(2),
            table.text(3),
            table.number(4),
            table.number(5)
        );
        let script = writing.script;
        let values = vec![
            Some(script.version.clone()),
            Some(script.description.clone()),
            Some(script.up.path.clone()),
            script.checksum.clone(),
            Some(writing.took.to_string()),
        ];
        vec![Sql { text, values }]
    }

    /// One that a baseline stands for stays applied: Flyway has no row of it.
    fn remove(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let mut delete = table.without("version", &writing.script.version);
        delete.text.push_str(" AND \"type\" NOT IN ('BASELINE', 'SQL_BASELINE')");
        vec![delete]
    }

    /// The same number as Flyway's: that of its name, and Java's hash of the table's.
    fn locks(&self, table: &Table, _database: &str, schema: &str) -> Vec<i64> {
        let schema = table.schema.as_deref().unwrap_or(schema);
        let named = format!("\"{schema}\".\"{}\"", table.name);
        let hash = named.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
        vec![0x466C_7977_6179 + i64::from(hash)]
    }
}

fn is_equal(a: &str, b: &str) -> bool {
    Layout::Flyway.order(a, b).is_eq()
}
