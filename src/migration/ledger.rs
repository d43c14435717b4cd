//! `Ledger`: the table in which a tool keeps what it has applied, read and written as the tool itself does.
//!
//! Each tool has its file; omni's own stands in for Sqitch's. Statements are made here and run by others: values are
//! bound as text and cast in SQL, so that one way of binding does for all.

mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod omni;
mod prisma;
mod sqlx_cli;
mod table;
#[cfg(test)]
mod tests;
mod through;
mod tool;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use self::dbmate::Dbmate;
use self::diesel::Diesel;
use self::flyway::Flyway;
use self::golang_migrate::GolangMigrate;
use self::goose::Goose;
use self::omni::Omni;
use self::prisma::Prisma;
use self::sqlx_cli::Sqlx;
use self::table::Table;
use self::tool::Tool;
use crate::migration::{Dialect, Layout, Script};
use crate::plain::plain;

pub use self::through::Through;

/// One row of a ledger as text, by column; none for NULL.
pub type Row = BTreeMap<String, Option<String>>;

/// Which table it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// The tool that made it, or would have.
    pub layout: Layout,
    /// The kind of database it is in.
    pub dialect: Dialect,
    /// Its name where it is not the tool's usual one, as deploy.toml says it: `app.migrations`.
    pub table: Option<String>,
}

impl fmt::Display for Ledger {
    /// As `golang-migrate`, ``golang-migrate in `app.migrations` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) => write!(f, "{} in `{}`", self.layout, plain(table)),
            None => write!(f, "{}", self.layout),
        }
    }
}

/// What a ledger says of one script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version as the ledger has it.
    pub version: String,
    /// The checksum of the script that was applied, as the tool writes it; none where it keeps none.
    pub checksum: Option<String>,
    /// Why the tool itself would call it half applied; none where it is applied as a whole.
    pub half: Option<String>,
}

/// One statement of omni's own, with its values in the order of `$1`, `$2`, … (`?1`, `?2`, … on `SQLite`), each as
/// text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql {
    /// The statement.
    pub text: String,
    /// Its values; none for NULL.
    pub values: Vec<Option<String>>,
}

/// What is known of a script when it is written into a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writing<'a> {
    /// The script.
    pub script: &'a Script,
    /// The script before it in the order of its tool; none for the first.
    pub previous: Option<&'a Script>,
    /// The apply, as `Op`'s text: what has to be unique in the row is made of it.
    pub op: &'a str,
    /// How long it took, in milliseconds.
    pub took: u64,
}

impl Ledger {
    /// The question whether the table is there: one row where it is, none where it is not.
    #[must_use]
    pub fn is_there(&self) -> Sql {
        self.table().is_there()
    }

    /// The question for the names of the table's columns: one row for each, in the column `name`.
    #[must_use]
    pub fn columns(&self) -> Sql {
        self.table().columns()
    }

    /// Whether a table with these columns is this tool's: golang-migrate, dbmate and Rails all call theirs
    /// `schema_migrations`. That of Rails has dbmate's columns, and is taken for dbmate's.
    #[must_use]
    pub fn is_own(&self, columns: &[String]) -> bool {
        let own = self.tool().columns();
        let has = |name: &&str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        // A single column is not enough to know a table by, unless it is the only one.
        own.iter().all(has) && (own.len() > 1 || columns.len() == 1)
    }

    /// What makes the table as its tool would, and what has to be in it from the start. It does nothing where that is
    /// there.
    #[must_use]
    pub fn create(&self) -> Vec<Sql> {
        let table = self.table();
        let schema = table.schema_made();
        schema.into_iter().chain(self.tool().create(&table)).collect()
    }

    /// The question for all its rows: every column that counts as text, in the order in which the rows were written.
    #[must_use]
    pub fn read(&self) -> Sql {
        self.tool().read(&self.table())
    }

    /// What its rows say of the scripts, in the order of the tool: those that are applied, wholly or half. The version
    /// of an entry is that of its script, also where the tool writes the same version otherwise. One that has no
    /// script stands before the first that its tool would run after it.
    #[must_use]
    pub fn entries(&self, rows: &[Row], scripts: &[Script]) -> Vec<Entry> {
        let layout = self.layout;
        let is_same = |entry: &str, script: &str| {
            entry == script || (layout == Layout::Flyway && layout.order(entry, script).is_eq())
        };
        let mut said = self.tool().said(rows, scripts);
        let mut entries: Vec<Entry> = Vec::new();
        for script in scripts {
            if let Some(at) = said.iter().position(|entry| is_same(&entry.version, &script.version)) {
                entries.push(Entry { version: script.version.clone(), ..said.remove(at) });
            }
        }
        for entry in said {
            let after = |other: &Entry| layout.order(&other.version, &entry.version).is_gt();
            let at = entries.iter().position(after).unwrap_or(entries.len());
            entries.insert(at, entry);
        }
        entries
    }

    /// The version up to which its rows say that every one is applied, whether there is a script for it or not; none
    /// where each has a row of its own.
    #[must_use]
    pub fn through(&self, rows: &[Row]) -> Option<Through> {
        let version = self.tool().through(rows)?.to_owned();
        Some(Through { layout: self.layout, version })
    }

    /// What writes a script in as applied. One that was written in as begun is finished.
    #[must_use]
    pub fn add(&self, writing: &Writing<'_>) -> Vec<Sql> {
        self.tool().add(&self.table(), writing)
    }

    /// What writes a script in as begun; nothing where its tool does not do so.
    #[must_use]
    pub fn begin(&self, writing: &Writing<'_>) -> Vec<Sql> {
        self.tool().begin(&self.table(), writing)
    }

    /// What takes a script out, begun or applied.
    #[must_use]
    pub fn remove(&self, writing: &Writing<'_>) -> Vec<Sql> {
        self.tool().remove(&self.table(), writing)
    }

    /// The advisory locks that exclude the tool itself while omni migrates, beside omni's own; none where it takes
    /// none.
    #[must_use]
    pub fn locks(&self, database: &str, schema: &str) -> Vec<i64> {
        match self.dialect {
            Dialect::Postgres => self.tool().locks(&self.table(), database, schema),
            Dialect::Sqlite => Vec::new(),
        }
    }

    /// The tables of the ledger as `schema.table`, which are no part of the schema that is compared. `schema` is where
    /// an unqualified name is made.
    #[must_use]
    pub fn tables(&self, schema: &str) -> Vec<String> {
        let table = self.table();
        vec![format!("{}.{}", table.schema.as_deref().unwrap_or(schema), table.name)]
    }

    fn table(&self) -> Table {
        let name = self.table.as_deref().unwrap_or_else(|| self.tool().name(self.dialect));
        Table::called(name, self.dialect)
    }

    fn tool(&self) -> &'static dyn Tool {
        match self.layout {
            Layout::Prisma => &Prisma,
            Layout::Sqlx => &Sqlx,
            Layout::GolangMigrate => &GolangMigrate,
            Layout::Dbmate => &Dbmate,
            Layout::Diesel => &Diesel,
            Layout::Goose => &Goose,
            Layout::Flyway => &Flyway,
            Layout::Sqitch => &Omni,
        }
    }
}
