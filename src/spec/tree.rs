//! `Node`: the spec as a tree of values, each of which knows where in deploy.toml it was written.
//!
//! Overlays are merged and variables filled in on this tree, so a span survives every step. How text becomes a tree is
//! left to `document`; whether the keys and types are right, to `check`.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::template::Template;

/// Where something stands in the text, in bytes.
pub(super) type Span = Range<usize>;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// A value of TOML.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Table(Table),
    List(Vec<Node>),
    Text(Template),
    /// A text with a variable that has no value, which was told: nothing else is said about it.
    Unfilled,
    Int(i64),
    /// A number with a fraction, as it was written.
    Float(String),
    Bool(bool),
    Date,
}

/// Keys and values of a table, sorted by key.
pub(super) type Table = BTreeMap<String, Entry>;

/// One key of a table, where it was written, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Span,
    pub(super) node: Node,
}

impl Entry {
    /// Where a reader should look: the key of a table, else the value.
    pub(super) fn place(&self) -> Span {
        match self.node.value {
            Value::Table(_) => self.key.clone(),
            _ => self.node.span.clone(),
        }
    }
}

impl Node {
    /// The table, where it is one.
    pub(super) const fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, where it is one without a secret in it.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => text.as_plain(),
            _ => None,
        }
    }

    /// The value at a key of this table.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.table()?.get(key).map(|entry| &entry.node)
    }

    /// The value under these keys and list positions.
    pub(super) fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| match &node.value {
            Value::Table(table) => table.get(step).map(|entry| &entry.node),
            Value::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Where a reader should look for a path: the deepest part of it that was written.
    pub(super) fn place(&self, path: &[String]) -> Span {
        let mut node = self;
        let mut place = 0..0;
        for step in path {
            match &node.value {
                Value::Table(table) => match table.get(step) {
                    Some(entry) => {
                        place = entry.place();
                        node = &entry.node;
                    }
                    None => break,
                },
                Value::List(items) => match step.parse::<usize>().ok().and_then(|at| items.get(at)) {
                    Some(item) => {
                        place = item.span.clone();
                        node = item;
                    }
                    None => break,
                },
                _ => break,
            }
        }
        place
    }

    /// Where the last key of a path was written; the deepest part of it that was, otherwise.
    pub(super) fn key(&self, path: &[String]) -> Span {
        let found = path.split_last().and_then(|(last, before)| self.at(before)?.table()?.get(last));
        found.map_or_else(|| self.place(path), |entry| entry.key.clone())
    }

    /// What the value is, in the words of a message: `a list`.
    pub(super) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Table(_) => "a table",
            Value::List(_) => "a list",
            Value::Text(_) | Value::Unfilled => "a string",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Bool(_) => "a boolean",
            Value::Date => "a date",
        }
    }
}

/// The steps of a path as people write it: `services.web.environment."a.b"`.
pub(super) fn joined(path: &[String]) -> String {
    let bare = |step: &str| {
        !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    let quoted = |step: &String| {
        if bare(step) { step.clone() } else { format!("\"{}\"", crate::plain::plain(step).replace('"', "\\\"")) }
    };
    path.iter().map(quoted).collect::<Vec<_>>().join(".")
}

/// A path of these steps.
pub(super) fn path(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|step| (*step).to_owned()).collect()
}

/// The path with one more step.
pub(super) fn below(path: &[String], step: &str) -> Vec<String> {
    let mut longer = path.to_vec();
    longer.push(step.to_owned());
    longer
}
