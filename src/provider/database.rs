//! Databases as they are: `Connect` opens a `Session`, one connection on which each method is one call.
//!
//! It represents a database with its own races and no repair of them, as `engine` does a container engine. `postgres`
//! and `sqlite` speak to real ones. What the calls add up to (a migration applied once, however often it was cut off)
//! is left to those that use a session.

mod anywhere;
mod keeping;
mod marks;
mod migrating;
pub mod postgres;
pub mod prove;
pub mod scratch;
mod settling;
pub mod sqlite;
mod trouble;
mod wire;

use std::time::Duration;

use async_trait::async_trait;

use crate::migration::catalogue::Catalogue;
use crate::migration::ledger::{Ledger, Row, Writing};
use crate::migration::{Dialect, Mark};
use crate::provider::Fault;

pub use anywhere::Anywhere;
pub use migrating::{Became, Migrating};

/// Where a database is, and how it is spoken to.
#[derive(Clone)]
pub struct Target {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…` or `sqlite:PATH`, with every secret filled in. It is never
    /// shown: messages name the database by `name`.
    pub url: String,
    /// The database's name in deploy.toml.
    pub name: String,
    /// What the sessions are called on the server: `omni/OP`.
    pub application: String,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// How long a statement may run; for ever where none.
    pub statement_timeout: Option<Duration>,
    /// Whether it is only looked at: `PostgreSQL` refuses every change then, and a file that would be made tells what
    /// an empty one does.
    pub is_look: bool,
}

/// What a database tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its kind.
    pub dialect: Dialect,
    /// What runs: `PostgreSQL 15.18`, `SQLite 3.51.3`.
    pub version: String,
    /// The version by which proofs are kept apart: `15` of `PostgreSQL`, `3` of `SQLite`.
    pub major: u32,
    /// The database's own name; the file's for `SQLite`.
    pub database: String,
    /// The schema in which an unqualified name is made: `public`; `main` for `SQLite`.
    pub schema: String,
    /// The account; empty for `SQLite`.
    pub user: String,
}

/// Opens sessions.
#[async_trait]
pub trait Connect: Send + Sync {
    /// Opens one, with all its settings made.
    ///
    /// # Errors
    /// `Unreachable` where nobody answers, or the server is still starting; `Denied` where the account may not;
    /// `NotFound` where there is no such database; `Failed` where it is too old, or a transaction pooler.
    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, Fault>;
}

/// One connection.
///
/// Every method answers `Unknown` where its answer was lost: the connection is gone then, and nobody knows whether it
/// took effect. A statement that the database refused answers `Failed`, with its place in the SQL and the database's
/// own code in the message (`42P01`); one that waited too long for a lock `Conflict`; one that the account may not run
/// `Denied`.
#[async_trait]
pub trait Session: Send {
    /// What the database told when the session was opened.
    fn facts(&self) -> &Facts;

    /// Tries once to get the exclusive rights of these numbers, all or none; the database frees them with the session.
    /// On `SQLite` it always succeeds: its transactions exclude each other.
    async fn try_lock(&mut self, keys: &[i64]) -> Result<bool, Fault>;

    /// Ends every other session of this application name, and answers how many were left to end.
    async fn end_others(&mut self, application: &str) -> Result<usize, Fault>;

    /// Opens a transaction. One of `SQLite` has the database to itself from there on.
    async fn begin(&mut self) -> Result<(), Fault>;

    /// Commits it.
    async fn commit(&mut self) -> Result<(), Fault>;

    /// Takes it back.
    async fn abort(&mut self) -> Result<(), Fault>;

    /// Runs one statement of a script, as a message of its own. What it answers is dropped.
    async fn run(&mut self, statement: &str) -> Result<(), Fault>;

    /// The rows of the ledger, in the order in which they were written; none where there is no such table.
    async fn ledger(&mut self, ledger: &Ledger) -> Result<Option<Vec<Row>>, Fault>;

    /// Makes the ledger as its tool would; does nothing where it is there.
    async fn make_ledger(&mut self, ledger: &Ledger) -> Result<(), Fault>;

    /// Writes a script into the ledger as applied.
    async fn record(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault>;

    /// Writes a script into the ledger as begun, where its tool does so before it runs one that is in no transaction.
    async fn record_begun(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault>;

    /// Takes a script out of the ledger, begun or applied.
    async fn unrecord(&mut self, ledger: &Ledger, writing: &Writing<'_>) -> Result<(), Fault>;

    /// Every mark that omni has set in this database, by migration; none where it never was here.
    async fn marks(&mut self) -> Result<Vec<Mark>, Fault>;

    /// The mark of one migration; none where it has none.
    async fn mark_of(&mut self, migration: &str) -> Result<Option<Mark>, Fault>;

    /// Sets a mark, in the place of one of the same migration. The table is made where it is missing.
    async fn mark(&mut self, mark: &Mark) -> Result<(), Fault>;

    /// Removes the mark of a migration; one that is not there is removed.
    async fn unmark(&mut self, migration: &str) -> Result<(), Fault>;

    /// The schema, without these tables (`schema.table`) and schemas (`schema.*`), and without omni's own. Outside a
    /// transaction it is read in one of its own.
    async fn catalogue(&mut self, without: &[String]) -> Result<Catalogue, Fault>;

    /// The one value of a query's first row, as text; none where it has no row or the value is NULL.
    async fn value(&mut self, query: &str) -> Result<Option<String>, Fault>;
}
