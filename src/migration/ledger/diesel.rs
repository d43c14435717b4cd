//! `__diesel_schema_migrations`: the versions that are applied, as text.

use super::table::{Table, filled, plain};
use super::tool::{Tool, versions};
use crate::migration::ledger::{Entry, Row, Sql, Writing};
use crate::migration::{Dialect, Script};

pub(super) struct Diesel;

impl Tool for Diesel {
    fn name(&self, _dialect: Dialect) -> &'static str {
        "__diesel_schema_migrations"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["version", "run_on"]
    }

    fn create(&self, table: &Table) -> Vec<Sql> {
        let columns = "version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP";
        vec![plain(format!("CREATE TABLE IF NOT EXISTS {} ({columns})", table.quoted()))]
    }

    fn read(&self, table: &Table) -> Sql {
        table.rows(&["version"], "run_on, version")
    }

    fn said(&self, rows: &[Row], _scripts: &[Script]) -> Vec<Entry> {
        versions(rows)
    }

    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let text = format!("INSERT INTO {} (version) VALUES ({})", table.quoted(), table.text(1));
        vec![filled(text, [&writing.script.version])]
    }
}
