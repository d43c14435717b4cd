//! `Table`: a ledger's table by its name, and the words of its dialect of which statements are made.

use crate::migration::Dialect;
use crate::migration::ledger::Sql;

/// A table. Its name is taken as it is written, large and small letters too.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) dialect: Dialect,
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

impl Table {
    /// The table that is called `name` or `schema.name`.
    pub(super) fn called(name: &str, dialect: Dialect) -> Self {
        let (schema, name) = name.split_once('.').map_or((None, name), |(schema, name)| (Some(schema), name));
        Self { dialect, schema: schema.map(str::to_owned), name: name.to_owned() }
    }

    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.dialect, Dialect::Postgres)
    }

    /// Its name for a statement.
    pub(super) fn quoted(&self) -> String {
        self.beside(&self.name)
    }

    /// The name of something else in its schema.
    pub(super) fn beside(&self, name: &str) -> String {
        let schema = self.schema.as_ref().map(|schema| format!("{}.", quoted(schema)));
        format!("{}{}", schema.unwrap_or_default(), quoted(name))
    }

    /// The value of this number, as text.
    pub(super) fn text(&self, number: usize) -> String {
        if self.is_postgres() { format!("${number}::text") } else { format!("?{number}") }
    }

    /// The value of this number, as a number.
    pub(super) fn number(&self, number: usize) -> String {
        let text = self.text(number);
        if self.is_postgres() { format!("{text}::bigint") } else { format!("CAST({text} AS INTEGER)") }
    }

    /// The value of this number, as the bytes of which it is the hexadecimal digits.
    pub(super) fn bytes(&self, number: usize) -> String {
        let text = self.text(number);
        if self.is_postgres() { format!("decode({text}, 'hex')") } else { format!("unhex({text})") }
    }

    /// The question for these columns of every row as text.
    pub(super) fn rows(&self, columns: &[&str], order: &str) -> Sql {
        let columns = columns.iter().map(|column| (*column, self.shown(column)));
        self.shown_rows(columns, order)
    }

    /// The question for these columns, each with what stands for it.
    pub(super) fn shown_rows<'a>(&self, columns: impl Iterator<Item = (&'a str, String)>, order: &str) -> Sql {
        let columns: Vec<_> = columns.map(|(column, shown)| format!("{shown} AS {}", quoted(column))).collect();
        plain(format!("SELECT {} FROM {} ORDER BY {order}", columns.join(", "), self.quoted()))
    }

    /// A column as text.
    pub(super) fn shown(&self, column: &str) -> String {
        let column = quoted(column);
        if self.is_postgres() { format!("{column}::text") } else { format!("CAST({column} AS TEXT)") }
    }

    /// A column of bytes as hexadecimal digits.
    pub(super) fn shown_bytes(&self, column: &str) -> String {
        let column = quoted(column);
        if self.is_postgres() { format!("encode({column}, 'hex')") } else { format!("lower(hex({column}))") }
    }

    /// What takes out the rows in which a column is this text.
    pub(super) fn without(&self, column: &str, value: &str) -> Sql {
        filled(format!("DELETE FROM {} WHERE {} = {}", self.quoted(), quoted(column), self.text(1)), [value])
    }

    /// What takes out the rows in which a column is this number.
    pub(super) fn without_number(&self, column: &str, value: &str) -> Sql {
        filled(format!("DELETE FROM {} WHERE {} = {}", self.quoted(), quoted(column), self.number(1)), [value])
    }

    /// The question whether it is there.
    pub(super) fn is_there(&self) -> Sql {
        if self.is_postgres() {
            let text = "SELECT 'yes' AS there WHERE to_regclass($1::text) IS NOT NULL";
            return filled(text.to_owned(), [&self.quoted()]);
        }
        let schema = quoted(self.schema.as_deref().unwrap_or("main"));
        let text = "sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
        filled(format!("SELECT 'yes' AS there FROM {schema}.{text}"), [&self.name])
    }

    /// The question for its columns.
    pub(super) fn columns(&self) -> Sql {
        if self.is_postgres() {
            let text = "SELECT attname::text AS name FROM pg_catalog.pg_attribute \
                        WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
            return filled(text.to_owned(), [&self.quoted()]);
        }
        let text = "SELECT name FROM pragma_table_info(?1, ?2) ORDER BY cid";
        filled(text.to_owned(), [self.name.as_str(), self.schema.as_deref().unwrap_or("main")])
    }

    /// What makes its schema where it has one that is missing; nothing on `SQLite`.
    pub(super) fn schema_made(&self) -> Option<Sql> {
        let schema = quoted(self.schema.as_ref().filter(|_| self.is_postgres())?);
        // `CREATE SCHEMA IF NOT EXISTS` asks for the right to make one also where it is there.
        let is_missing = format!("to_regnamespace('{}') IS NULL", schema.replace('\'', "''"));
        Some(plain(format!("DO $omni$ BEGIN IF {is_missing} THEN CREATE SCHEMA {schema}; END IF; END $omni$")))
    }
}

/// A name for a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A statement without values.
pub(super) const fn plain(text: String) -> Sql {
    Sql { text, values: Vec::new() }
}

/// A statement with values, none of them NULL.
pub(super) fn filled<const N: usize>(text: String, values: [&str; N]) -> Sql {
    Sql { text, values: values.into_iter().map(|value| Some(value.to_owned())).collect() }
}
