//! `SchemaDifference`: one way in which a schema differs from the one that it should be.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One way in which a schema differs from the one that it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaDifference {
    /// What kind of thing differs: `column`, `index`, `column order`.
    pub kind: String,
    /// Its name as the catalogue has it: `public.users.email`.
    pub name: String,
    /// What is so of it.
    pub change: SchemaChange,
    /// All of it in one line: `index users_email_idx is missing`.
    pub text: String,
    /// What a down did that came to this, to be said after `down `: `LOSES index users_email_idx`.
    pub brief: String,
}

/// What is so of a thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SchemaChange {
    /// It should be there.
    Missing,
    /// One of its attributes has another value; none is the usual one.
    Changed {
        /// Which attribute: `default`, `not null`, `grant to app`.
        attribute: String,
        /// What it should be.
        from: Option<String>,
        /// What it is.
        to: Option<String>,
    },
    /// It should not be there.
    LeftBehind,
}

impl SchemaDifference {
    /// Whether only the order of columns differs, which `SELECT *` and `INSERT` without names see.
    #[must_use]
    pub fn is_order(&self) -> bool {
        self.kind == "column order"
    }

    /// Whether these are differences, and of the order of columns alone.
    #[must_use]
    pub fn is_order_only(differences: &[Self]) -> bool {
        !differences.is_empty() && differences.iter().all(Self::is_order)
    }
}

impl fmt::Display for SchemaDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
