//! `Ledger`: the table in which a tool keeps what it has applied, read and written as the tool itself does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::migration::{Dialect, Layout};

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

/// One statement of omni's own, with its values in the order of `$1`, `$2`, … (`?1`, `?2`, … on SQLite), each as text.
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
    pub script: &'a crate::migration::Script,
    /// The script before it in the order of its tool; none for the first.
    pub previous: Option<&'a crate::migration::Script>,
    /// The apply, as `Op`'s text: what has to be unique in the row is made of it.
    pub op: &'a str,
    /// How long it took, in milliseconds.
    pub took: u64,
}

impl Ledger {
    /// The question whether the table is there: one row where it is, none where it is not.
    #[must_use]
    pub fn is_there(&self) -> Sql {
        Sql { text: String::new(), values: Vec::new() }
    }

    /// The question for the names of the table's columns: one row for each, in the column `name`.
    #[must_use]
    pub fn columns(&self) -> Sql {
        Sql { text: String::new(), values: Vec::new() }
    }

    /// Whether a table with these columns is this tool's: golang-migrate, dbmate and Rails all call theirs
    /// `schema_migrations`. That of Rails has dbmate's columns, and is taken for dbmate's.
    #[must_use]
    pub fn is_own(&self, _columns: &[String]) -> bool {
        true
    }

    /// What makes the table as its tool would, and what has to be in it from the start.
    #[must_use]
    pub fn create(&self) -> Vec<Sql> {
        Vec::new()
    }

    /// The question for all its rows: every column as text, in the order in which the rows were written.
    #[must_use]
    pub fn read(&self) -> Sql {
        Sql { text: String::new(), values: Vec::new() }
    }

    /// What its rows say of the scripts, in the order of the tool: those that are applied, wholly or half.
    #[must_use]
    pub fn entries(&self, _rows: &[Row], _scripts: &[crate::migration::Script]) -> Vec<Entry> {
        Vec::new()
    }

    /// What writes a script in as applied.
    #[must_use]
    pub fn add(&self, _writing: &Writing<'_>) -> Vec<Sql> {
        Vec::new()
    }

    /// What writes a script in as begun; nothing where its tool does not do so.
    #[must_use]
    pub fn begin(&self, _writing: &Writing<'_>) -> Vec<Sql> {
        Vec::new()
    }

    /// What takes a script out, begun or applied.
    #[must_use]
    pub fn remove(&self, _writing: &Writing<'_>) -> Vec<Sql> {
        Vec::new()
    }

    /// The advisory locks that exclude the tool itself while omni migrates, beside omni's own; none where it takes none.
    #[must_use]
    pub fn locks(&self, _database: &str, _schema: &str) -> Vec<i64> {
        Vec::new()
    }

    /// The tables of the ledger as `schema.table`, which are no part of the schema that is compared. `schema` is where an
    /// unqualified name is made.
    #[must_use]
    pub fn tables(&self, _schema: &str) -> Vec<String> {
        Vec::new()
    }
}
