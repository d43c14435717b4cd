//! omni's own ledger, for scripts whose tool keeps none that another could write.

use super::table::{Table, filled, plain};
use super::tool::{Tool, column, whole};
use crate::migration::ledger::{Entry, Row, Sql, Writing};
use crate::migration::{Dialect, Script};

pub(super) struct Omni;

impl Tool for Omni {
    fn name(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Postgres => "omni.ledger",
            Dialect::Sqlite => "_omni_ledger",
        }
    }

    fn columns(&self) -> &'static [&'static str] {
        &["version", "checksum", "applied_at"]
    }

    fn create(&self, table: &Table) -> Vec<Sql> {
        let time = if table.is_postgres() {
            "timestamptz NOT NULL DEFAULT clock_timestamp()"
        } else {
            "text NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))"
        };
        let columns = format!("version text PRIMARY KEY NOT NULL, checksum text NOT NULL, applied_at {time}");
        vec![plain(format!("CREATE TABLE IF NOT EXISTS {} ({columns})", table.quoted()))]
    }

    fn read(&self, table: &Table) -> Sql {
        let last = if table.is_postgres() { "version" } else { "rowid" };
        table.rows(&["version", "checksum"], &format!("applied_at, {last}"))
    }

    fn said(&self, rows: &[Row], _scripts: &[Script]) -> Vec<Entry> {
        rows.iter().filter_map(|row| Some(whole(column(row, "version")?, column(row, "checksum")))).collect()
    }

    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let script = writing.script;
        let (version, checksum) = (table.text(1), table.text(2));
        let text = format!("INSERT INTO {} (version, checksum) VALUES ({version}, {checksum})", table.quoted());
        vec![filled(text, [&script.version, script.checksum.as_deref().unwrap_or_default()])]
    }

    /// Sqitch's own, so that it does not deploy meanwhile.
    fn locks(&self, _table: &Table, _database: &str, _schema: &str) -> Vec<i64> {
        vec![75_474_063]
    }
}
