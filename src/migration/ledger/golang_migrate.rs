//! golang-migrate's `schema_migrations`: one row with the newest version, and whether that is half applied.

use super::table::{Table, filled, plain, quoted};
use super::tool::{Tool, column, is_true, whole};
use crate::migration::ledger::{Entry, Row, Sql, Writing};
use crate::migration::{Dialect, Layout, Script, checksum};

pub(super) struct GolangMigrate;

impl Tool for GolangMigrate {
    fn name(&self, _dialect: Dialect) -> &'static str {
        "schema_migrations"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["version", "dirty"]
    }

    fn create(&self, table: &Table) -> Vec<Sql> {
        let table_name = table.quoted();
        if table.is_postgres() {
            let columns = "version bigint not null primary key, dirty boolean not null";
            return vec![plain(format!("CREATE TABLE IF NOT EXISTS {table_name} ({columns})"))];
        }
        let (index, name) = (table.beside("version_unique"), quoted(&table.name));
        vec![
            plain(format!("CREATE TABLE IF NOT EXISTS {table_name} (version uint64,dirty bool)")),
            plain(format!("CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {name} (version)")),
        ]
    }

    fn read(&self, table: &Table) -> Sql {
        table.rows(&["version", "dirty"], "version")
    }

    /// Every script up to the version counts as applied. A dirty row may also come of the way back of the script after
    /// it, and one with version -1 comes of that of the first.
    fn said(&self, rows: &[Row], scripts: &[Script]) -> Vec<Entry> {
        let Some((row, version)) = rows.last().and_then(|row| Some((row, column(row, "version")?))) else {
            return Vec::new();
        };
        let up_to = |script: &&Script| Layout::GolangMigrate.order(&script.version, version).is_le();
        let mut said: Vec<_> = scripts.iter().filter(up_to).map(|script| whole(&script.version, None)).collect();
        let is_known = said.last().is_some_and(|last| last.version == version);
        let is_dirty = is_true(row, "dirty");
        if !is_known {
            let first = scripts.first().filter(|_| is_dirty && version.starts_with('-'));
            let shown = first.map_or(version, |first| &first.version);
            if is_dirty || !version.starts_with('-') {
                said.push(whole(shown, None));
            }
        }
        if let Some(last) = said.last_mut().filter(|_| is_dirty) {
            last.half = Some(format!("the ledger says `dirty` of version {version}"));
        }
        said
    }

    fn through<'r>(&self, rows: &'r [Row]) -> Option<&'r str> {
        column(rows.last()?, "version").filter(|version| !version.starts_with('-'))
    }

    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        set(table, Some((&writing.script.version, false)))
    }

    fn begin(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        set(table, Some((&writing.script.version, true)))
    }

    fn remove(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        set(table, writing.previous.map(|script| (script.version.as_str(), false)))
    }

    /// Its command takes the name of the database with the slash of the URL, a program that has it built in without.
    fn locks(&self, table: &Table, database: &str, schema: &str) -> Vec<i64> {
        let schema = table.schema.as_deref().unwrap_or(schema);
        let key = |database: String| {
            let named = format!("{schema}\0{}\0{database}", table.name);
            i64::from(checksum::crc32(named.as_bytes()).wrapping_mul(1_486_364_155))
        };
        vec![key(format!("/{database}")), key(database.to_owned())]
    }
}

/// What makes this the only row; none empties the table.
fn set(table: &Table, row: Option<(&str, bool)>) -> Vec<Sql> {
    let quoted = table.quoted();
    let insert = row.map(|(version, dirty)| {
        let (number, dirty) = (table.number(1), if dirty { "TRUE" } else { "FALSE" });
        filled(format!("INSERT INTO {quoted} (version, dirty) VALUES ({number}, {dirty})"), [version])
    });
    [plain(format!("DELETE FROM {quoted}"))].into_iter().chain(insert).collect()
}
