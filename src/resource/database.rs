//! `Database`: a database that omni migrates and backs up. What is in it outlives every release.

use serde::{Deserialize, Serialize};

use crate::migration::Dialect;
use crate::migration::ledger::Ledger;
use crate::template::Template;
use crate::units::Period;

/// A database that omni migrates and backs up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Where it is: `postgres://shop:${DB_PASSWORD:mark}@localhost:5432/shop`, `sqlite:data/notes.db`.
    pub url: Template,
    /// Its kind.
    pub dialect: Dialect,
    /// The service that runs it; none where it runs elsewhere.
    pub service: Option<String>,
    /// How long it may take until it answers.
    pub connect_timeout: Period,
    /// How long a statement of a migration may wait for a lock.
    pub lock_timeout: Period,
    /// How long a statement of a migration may run; for ever where none.
    pub statement_timeout: Option<Period>,
    /// The table that says what was applied; none where omni does not migrate it.
    pub ledger: Option<Ledger>,
    /// On what the ways back of its migrations are tried.
    pub prove: Prove,
}

/// On what the ways back of migrations are tried before they are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prove {
    /// On a copy of the schema.
    #[default]
    Schema,
    /// On the newest backup.
    Data,
    /// Not at all.
    Off,
}
