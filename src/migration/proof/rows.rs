//! `Contents`: what the rows of a database add up to, and `RowChange`: in what they do not any more.
//!
//! Of each table there is the number of rows, a sum over whole rows, and of each column how many values there are and a
//! sum over them: two that are alike hold the same rows, whatever their order. How the sums are made is left to
//! `provider`, and a sum of `SQLite` tells less than one of `PostgreSQL`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What the rows of each table add up to, by the table as SQL names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents(pub BTreeMap<String, TableContent>);

/// What the rows of one table add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableContent {
    /// How many rows there are.
    pub rows: u64,
    /// A sum over whole rows.
    pub sum: String,
    /// Of each column, how many values there are, and a sum over them.
    pub columns: BTreeMap<String, (u64, String)>,
}

/// What is otherwise with rows that were there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// The table.
    pub table: String,
    /// The column whose values are otherwise; none where it is the rows as a whole.
    pub column: Option<String>,
    /// How many rows there were, or values in the column.
    pub before: u64,
    /// How many there are now.
    pub after: u64,
}

/// What became of the rows of the newest backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsTried {
    /// What the way up changed of the rows that were there.
    pub up: Vec<RowChange>,
    /// What was otherwise than before after the way back; none where there was no way back to try.
    pub back: Option<Vec<RowChange>>,
}

impl RowsTried {
    /// What the way back does not bring back; none where it was not tried, or brings back all.
    #[must_use]
    pub fn lost(&self) -> &[RowChange] {
        self.back.as_deref().unwrap_or_default()
    }

    /// Whether rows were seen to be changed, and to come back.
    #[must_use]
    pub fn came_back(&self) -> bool {
        !self.up.is_empty() && self.back.as_ref().is_some_and(Vec::is_empty)
    }
}

impl Contents {
    /// In what the rows that this one had are otherwise in a later one. A table or a column that came since is left
    /// out: the schema tells of it.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Vec<RowChange> {
        let missing = TableContent::default();
        let changed = self.0.iter().filter(|(_, had)| had.rows > 0 || !had.columns.is_empty());
        changed.flat_map(|(table, had)| had.changes(table, now.0.get(table).unwrap_or(&missing))).collect()
    }
}

impl TableContent {
    fn changes(&self, table: &str, now: &Self) -> Vec<RowChange> {
        let change = |column: Option<&String>, before, after| RowChange {
            table: table.to_owned(),
            column: column.cloned(),
            before,
            after,
        };
        if self.rows != now.rows {
            return vec![change(None, self.rows, now.rows)];
        }
        let column = |name: &String| now.columns.get(name).cloned().unwrap_or_default();
        let changed =
            self.columns.iter().filter(|(name, had)| had.0 > 0 && column(name) != **had || column(name).0 > had.0);
        let found: Vec<_> = changed.map(|(name, had)| change(Some(name), had.0, column(name).0)).collect();
        let is_same = self.columns.keys().eq(now.columns.keys());
        if found.is_empty() && is_same && self.sum != now.sum {
            return vec![change(None, self.rows, now.rows)];
        }
        found
    }
}

impl fmt::Display for RowChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, before, after) = (&self.table, self.before, self.after);
        match &self.column {
            None if after < before => write!(f, "{} of {before} rows of {table}", before - after),
            None if after > before => write!(f, "{table} without {} new rows", after - before),
            None => write!(f, "the rows of {table} as they were put together"),
            Some(column) if after < before => write!(f, "{} of {before} values of {table}.{column}", before - after),
            Some(column) => write!(f, "the values of {table}.{column}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Contents, RowChange, TableContent};

    fn table(rows: u64, sum: &str, columns: &[(&str, u64, &str)]) -> Contents {
        let column = |(name, filled, sum): &(&str, u64, &str)| ((*name).to_owned(), (*filled, (*sum).to_owned()));
        let columns = columns.iter().map(column).collect();
        Contents([("t".to_owned(), TableContent { rows, sum: sum.to_owned(), columns })].into())
    }

    #[test]
    fn what_is_otherwise_is_said() {
        let had = table(3, "a", &[("id", 3, "x"), ("name", 2, "y")]);
        for (now, said) in [
            (table(3, "a", &[("id", 3, "x"), ("name", 2, "y")]), ""),
            (table(3, "b", &[("id", 3, "x"), ("name", 2, "y"), ("new", 3, "z")]), ""),
            (table(1, "b", &[("id", 1, "w"), ("name", 0, "")]), "2 of 3 rows of t"),
            (table(4, "b", &[]), "t without 1 new rows"),
            (Contents::default(), "3 of 3 rows of t"),
            (table(3, "b", &[("id", 3, "x"), ("name", 0, "")]), "2 of 2 values of t.name"),
            (table(3, "b", &[("id", 3, "x")]), "2 of 2 values of t.name"),
            (table(3, "b", &[("id", 3, "x"), ("name", 2, "z")]), "the values of t.name"),
            (table(3, "b", &[("id", 3, "x"), ("name", 3, "z")]), "the values of t.name"),
            (table(3, "b", &[("id", 3, "x"), ("name", 2, "y")]), "the rows of t as they were put together"),
        ] {
            let changes: Vec<_> = had.changes(&now).iter().map(RowChange::to_string).collect();
            assert_eq!(changes.join(", "), said);
        }
    }
}
