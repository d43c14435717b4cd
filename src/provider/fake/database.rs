//! `FakeDatabase`: a database in memory, as nasty as a measured server.
//!
//! A transaction is a copy that takes the place of the whole; a lock waits for nobody; a session whose client is gone
//! stays for a moment, with its locks and what it runs; an index that was being made and was cut off stays invalid. It
//! knows a few statements of SQL and a ledger of versions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::migration::Mark;
use crate::migration::catalogue::{Catalogue, Fact};
use crate::migration::ledger::Row;
use crate::provider::{Fault, FaultKind};

/// What is in a database.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    /// The tables, and the rows that each has.
    pub(super) tables: BTreeMap<String, u64>,
    /// The indexes, and whether each is valid.
    pub(super) indexes: BTreeMap<String, bool>,
    /// The versions of the ledger, in order; none where there is no ledger.
    pub(super) ledger: Option<Vec<String>>,
    /// What omni has noted, by migration.
    pub(super) marks: BTreeMap<String, Mark>,
}

impl Content {
    /// The statements that make its tables and indexes.
    pub(super) fn schema(&self) -> String {
        let tables = self.tables.keys().map(|name| format!("CREATE TABLE {name} (id int);\n"));
        tables.chain(self.indexes.keys().map(|name| format!("CREATE INDEX {name};\n"))).collect()
    }

    /// How many rows each table has, omni's own and the ledger too.
    pub(super) fn rows(&self) -> BTreeMap<String, u64> {
        let tables = self.tables.iter().map(|(name, rows)| (format!("public.{name}"), *rows));
        let ledger = self.ledger.iter().map(|rows| ("public.schema_migrations".to_owned(), rows.len() as u64));
        tables.chain(ledger).chain([("omni.marks".to_owned(), self.marks.len() as u64)]).collect()
    }
}

/// One connection, as the server has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Connection {
    pub(super) application: String,
    /// What it would commit; none outside a transaction.
    pub(super) open: Option<Content>,
    /// Whether a statement of the open transaction was refused.
    pub(super) is_failed: bool,
    pub(super) locks: BTreeSet<i64>,
    /// The savepoint of the open transaction.
    pub(super) saved: Option<Content>,
    /// The databases that the open transaction renames. Nobody else may use their names until it ends.
    pub(super) renames: Vec<(String, String)>,
    /// The rows that were counted last, as JSON.
    pub(super) counted: Option<String>,
}

/// A database in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct FakeDatabase {
    pub(super) content: Content,
    pub(super) connections: BTreeMap<u64, Connection>,
}

impl FakeDatabase {
    /// The content as a connection sees it.
    pub(super) fn seen(&self, number: u64) -> &Content {
        self.connections.get(&number).and_then(|one| one.open.as_ref()).unwrap_or(&self.content)
    }

    /// A connection that the server still has.
    pub(super) fn connection(&mut self, number: u64) -> Result<&mut Connection, Fault> {
        self.connections.get_mut(&number).ok_or_else(gone)
    }

    /// Changes what a connection sees.
    pub(super) fn change(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut Content) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let connection = self.connections.get_mut(&number).ok_or_else(gone)?;
        if connection.is_failed {
            return Err(refused("25P02", "the transaction has failed already"));
        }
        let changed = if let Some(open) = &mut connection.open {
            change(open)
        } else {
            let mut after = self.content.clone();
            let changed = change(&mut after);
            if changed.is_ok() {
                self.content = after;
            }
            changed
        };
        connection.is_failed = changed.is_err() && connection.open.is_some();
        changed
    }

    /// One message: a statement of a script, or several, of which all are done or none.
    pub(super) fn run(&mut self, number: u64, message: &str) -> Result<(), Fault> {
        let before = self.clone();
        let statements = message.split(';').filter(|statement| !statement.trim().is_empty());
        let done = statements.into_iter().try_for_each(|statement| self.statement(number, statement));
        if done.is_err() && self.connections.get(&number).is_none_or(|one| one.open.is_none()) {
            self.content = before.content;
        }
        done
    }

    fn statement(&mut self, number: u64, statement: &str) -> Result<(), Fault> {
        let words: Vec<_> =
            statement.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
        let upper: Vec<_> = words.iter().take(4).map(|word| word.to_uppercase()).collect();
        let upper: Vec<_> = upper.iter().map(String::as_str).collect();
        let at = |place: usize| words.get(place).map(|word| (*word).to_owned()).unwrap_or_default();
        let (content, rows) = (self.content.clone(), self.seen(number).rows());
        let connection = self.connection(number)?;
        match upper.as_slice() {
            ["BEGIN", "ISOLATION", ..] => connection.open = Some(content),
            ["SELECT", ..] if statement.contains("omni.rows") => {
                let counted: BTreeMap<_, _> =
                    rows.iter().filter(|(name, _)| statement.contains(&format!("ONLY {name})"))).collect();
                connection.counted = serde_json::to_string(&counted).ok();
            }
            ["SAVEPOINT", ..] => connection.saved.clone_from(&connection.open),
            ["ROLLBACK", "TO", ..] => {
                connection.open = connection.saved.clone();
                connection.is_failed = false;
            }
            ["CREATE" | "DROP", "INDEX", "CONCURRENTLY", ..] if connection.open.is_some() => {
                return Err(refused("25001", "it cannot run inside a transaction block"));
            }
            ["CREATE", "INDEX", "CONCURRENTLY", _] => {
                let index = at(3);
                // It is there before it is valid, and stays if it is cut off.
                return self.change(number, |content| match content.indexes.insert(index.clone(), false) {
                    None => Ok(()),
                    Some(was) => {
                        content.indexes.insert(index.clone(), was);
                        Err(refused("42P07", &format!("relation \"{index}\" already exists")))
                    }
                });
            }
            ["DROP", "INDEX", "CONCURRENTLY", "IF"] => {
                return self.change(number, |content| {
                    content.indexes.remove(&at(5));
                    Ok(())
                });
            }
            ["DROP", "INDEX", "CONCURRENTLY", _] => {
                return self.change(number, |content| gone_with(content.indexes.remove(&at(3)).is_some(), &at(3)));
            }
            ["CREATE", "INDEX", _, ..] => {
                return self.change(number, |content| match content.indexes.insert(at(2), true) {
                    None => Ok(()),
                    Some(_) => Err(refused("42P07", &format!("relation \"{}\" already exists", at(2)))),
                });
            }
            ["CREATE", "TABLE", ..] => {
                return self.change(number, |content| match content.tables.insert(at(2), 0) {
                    None => Ok(()),
                    Some(_) => Err(refused("42P07", &format!("relation \"{}\" already exists", at(2)))),
                });
            }
            ["DROP", "TABLE", ..] => {
                return self.change(number, |content| gone_with(content.tables.remove(&at(2)).is_some(), &at(2)));
            }
            ["INSERT", "INTO", ..] => {
                return self.change(number, |content| match content.tables.get_mut(&at(2)) {
                    Some(rows) => {
                        *rows += 1;
                        Ok(())
                    }
                    None => gone_with(false, &at(2)),
                });
            }
            ["SELECT" | "SET", ..] => {}
            _ => return Err(refused("42601", &format!("syntax error at or near \"{}\"", at(0)))),
        }
        Ok(())
    }

    /// The one value of a query about what is in the database.
    pub(super) fn value(&self, number: u64, query: &str) -> Option<String> {
        let content = self.seen(number);
        let asks = |words: &str| query.contains(words);
        if asks("indisvalid") {
            let index = content.indexes.iter().find(|(name, _)| asks(&format!("\"{name}\"")));
            return index.map(|(_, valid)| valid.to_string());
        }
        if asks("format('%I.%I'") {
            return serde_json::to_string(&content.rows().into_keys().collect::<Vec<_>>()).ok();
        }
        if asks("current_setting('omni.rows')") {
            return self.connections.get(&number)?.counted.clone();
        }
        if asks("pg_largeobject_metadata") {
            return Some("{\"large objects\": 0}".to_owned());
        }
        if asks("n_tup_ins") {
            return Some(content.tables.values().sum::<u64>().to_string());
        }
        Some("1".to_owned())
    }

    /// What an index that was being made becomes when nothing has cut it off.
    pub(super) fn settle(&mut self, number: u64, statement: &str) {
        let words: Vec<_> = statement.split_whitespace().collect();
        if let ["CREATE", "INDEX", "CONCURRENTLY", index, ..] = words.as_slice()
            && self.connections.contains_key(&number)
            && let Some(valid) = self.content.indexes.get_mut(*index)
        {
            *valid = true;
        }
    }

    /// Ends a connection: what it has not committed is gone.
    pub(super) fn end(&mut self, number: u64) {
        self.connections.remove(&number);
    }

    pub(super) fn rows(content: &Content) -> Option<Vec<Row>> {
        let row = |version: &String| Row::from([("version".to_owned(), Some(version.clone()))]);
        Some(content.ledger.as_ref()?.iter().map(row).collect())
    }

    pub(super) fn catalogue(content: &Content) -> Catalogue {
        let fact = |kind: &str, name: &String, attribute: &str| Fact {
            kind: kind.to_owned(),
            name: format!("public.{name}"),
            attribute: attribute.to_owned(),
        };
        let tables = content.tables.keys().map(|name| (fact("table", name, "exists"), "yes".to_owned()));
        let indexes = content.indexes.iter().flat_map(|(name, valid)| {
            let invalid = (!valid).then(|| (fact("index", name, "valid"), "no".to_owned()));
            std::iter::once((fact("index", name, "exists"), "yes".to_owned())).chain(invalid)
        });
        Catalogue(tables.chain(indexes).collect())
    }
}

/// What a session is told whose connection the server has ended.
pub(super) fn gone() -> Fault {
    Fault::new(FaultKind::Unknown, "the connection to the database broke")
}

fn gone_with(was: bool, name: &str) -> Result<(), Fault> {
    if was { Ok(()) } else { Err(refused("42P01", &format!("relation \"{name}\" does not exist"))) }
}

pub(super) fn refused(code: &str, text: &str) -> Fault {
    Fault::new(FaultKind::Failed, format!("{text} ({code})"))
}
