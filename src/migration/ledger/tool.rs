//! `Tool`: what the ledger of one tool is, as statements on its table.

use super::table::Table;
use crate::migration::Dialect;
use crate::migration::Script;
use crate::migration::ledger::{Entry, Row, Sql, Writing};

/// The ledger of one tool.
pub(super) trait Tool: Sync {
    /// What its table is called.
    fn name(&self, dialect: Dialect) -> &'static str;

    /// The columns by which its table is known.
    fn columns(&self) -> &'static [&'static str];

    /// What makes the table, and what is in it from the start. It does nothing where that is there.
    fn create(&self, table: &Table) -> Vec<Sql>;

    /// The question for every row, in the order in which they were written.
    fn read(&self, table: &Table) -> Sql;

    /// What the rows say, in their order, with one entry for each version. The scripts are those of the folder.
    fn said(&self, rows: &[Row], scripts: &[Script]) -> Vec<Entry>;

    /// The version up to which they say that every one is applied, also those that have no row.
    fn through<'r>(&self, _rows: &'r [Row]) -> Option<&'r str> {
        None
    }

    /// What writes a script in as applied.
    fn add(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql>;

    /// What writes a script in as begun.
    fn begin(&self, _table: &Table, _writing: &Writing<'_>) -> Vec<Sql> {
        Vec::new()
    }

    /// What takes a script out.
    fn remove(&self, table: &Table, writing: &Writing<'_>) -> Vec<Sql> {
        vec![table.without("version", &writing.script.version)]
    }

    /// The numbers of the advisory locks that it takes in `PostgreSQL`.
    fn locks(&self, _table: &Table, _database: &str, _schema: &str) -> Vec<i64> {
        Vec::new()
    }
}

/// A column of a row; none where it is NULL or missing.
pub(super) fn column<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name)?.as_deref()
}

/// Whether a column of a row is true, as either dialect shows it.
pub(super) fn is_true(row: &Row, name: &str) -> bool {
    column(row, name).is_some_and(|text| ["true", "t", "1"].contains(&text.to_ascii_lowercase().as_str()))
}

/// What a row says that is applied as a whole.
pub(super) fn whole(version: &str, checksum: Option<&str>) -> Entry {
    Entry { version: version.to_owned(), checksum: checksum.map(str::to_owned), half: None }
}

/// What the rows of a table say that has nothing but versions.
pub(super) fn versions(rows: &[Row]) -> Vec<Entry> {
    rows.iter().filter_map(|row| Some(whole(column(row, "version")?, None))).collect()
}
