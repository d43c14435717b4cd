//! `_sqlx_migrations`: one row for each script that is applied, with its SHA-384.

use super::table::{Table, plain};
use super::tool::{Tool, column, is_true, whole};
use crate::migration::ledger::{Entry, Row, Sql, Writing};
use crate::migration::{Dialect, Script, checksum};

pub(super) struct Sqlx;

impl Tool for Sqlx {
    fn name(&self, _dialect: Dialect) -> &'static str {
        "_sqlx_migrations"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["version", "description", "installed_on", "success", "checksum", "execution_time"]
    }

    fn create(&self, table: &Table) -> Vec<Sql> {
        let (time, bytes) = if table.is_postgres() {
            ("TIMESTAMPTZ NOT NULL DEFAULT now()", "BYTEA")
        } else {
            ("TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "BLOB")
        };
        let columns = format!(
            "version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on {time}, success BOOLEAN NOT NULL, \
             checksum {bytes} NOT NULL, execution_time BIGINT NOT NULL"
        );
        vec![plain(format!("CREATE TABLE IF NOT EXISTS {} ({columns})", table.quoted()))]
    }

    fn read(&self, table: &Table) -> Sql {
        let columns = [
            ("version", table.shown("version")),
            ("success", table.shown("success")),
            ("checksum", table.shown_bytes("checksum")),
        ];
        table.shown_rows(columns.into_iter(), "installed_on, version")
    }

    fn said(&self, rows: &[Row], _scripts: &[Script]) -> Vec<Entry> {
        let said = |row| {
            let entry = whole(column(row, "version")?, column(row, "checksum"));
            let half = (!is_true(row, "success")).then(|| "its row in the ledger says `success = false`".to_owned());
            Some(Entry { half, ..entry })
        };
        rows.iter().filter_map(said).collect()
    }

    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let text = format!(
            "INSERT INTO {} (version, description, success, checksum, execution_time) \
             VALUES ({}, {}, TRUE, {}, {} * 1000000)",
            table.quoted(),
            table.number(1),
            table.text(2),
            table.bytes(3),
            table.number(4)
        );
        let script = writing.script;
        let values = vec![
            Some(script.version.clone()),
            Some(script.description.clone()),
            script.checksum.clone(),
            Some(writing.took.to_string()),
        ];
        vec![Sql { text, values }]
    }

    fn remove(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        vec![table.without_number("version", &writing.script.version)]
    }

    /// That of the migrator that is built into programs; sqlx's command takes none.
    fn locks(&self, _table: &Table, database: &str, _schema: &str) -> Vec<i64> {
        vec![0x3d32_ad9e * i64::from(checksum::crc32(database.as_bytes()))]
    }
}
