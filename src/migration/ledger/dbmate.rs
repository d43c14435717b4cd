//! dbmate's `schema_migrations`: the versions that are applied, as text. That of Rails looks the same.

use super::table::{Table, filled, plain};
use super::tool::{Tool, versions};
use crate::migration::ledger::{Entry, Row, Sql, Writing};
use crate::migration::{Dialect, Script};

pub(super) struct Dbmate;

impl Tool for Dbmate {
    fn name(&self, _dialect: Dialect) -> &'static str {
        "schema_migrations"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["version"]
    }

    fn create(&self, table: &Table) -> Vec<Sql> {
        let kind = if table.is_postgres() { "varchar" } else { "varchar(128)" };
        vec![plain(format!("CREATE TABLE IF NOT EXISTS {} (version {kind} primary key)", table.quoted()))]
    }

    fn read(&self, table: &Table) -> Sql {
        table.rows(&["version"], if table.is_postgres() { "version COLLATE \"C\"" } else { "version" })
    }

    fn said(&self, rows: &[Row], _scripts: &[Script]) -> Vec<Entry> {
        versions(rows)
    }

    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        let text = format!("INSERT INTO {} (version) VALUES ({})", table.quoted(), table.text(1));
        vec![filled(text, [&writing.script.version])]
    }
}
