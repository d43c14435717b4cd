//! `Wire`: a connection as both kinds of database have it, for what omni itself keeps there.
//!
//! Every value goes and comes as text. What is kept is left to `keeping`.

use crate::failpoint::{self, Place};
use crate::migration::ledger::{Row, Sql};
use crate::provider::database::trouble::Trouble;

/// A connection.
pub(super) trait Wire: Send {
    /// Sends a statement; what it answers is dropped.
    fn send(&mut self, sql: &Sql) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// The rows that a query answers.
    fn rows(&mut self, sql: &Sql) -> impl Future<Output = Result<Vec<Row>, Trouble>> + Send;

    /// Opens a transaction where none is open; answers whether it did.
    fn open(&mut self) -> impl Future<Output = Result<bool, Trouble>> + Send;

    /// Ends a transaction that `open` opened: commits it, or takes it back where what was done in it failed.
    fn close<T: Send>(
        &mut self,
        opened: bool,
        done: Result<T, Trouble>,
    ) -> impl Future<Output = Result<T, Trouble>> + Send;

    /// Waits until no other omni makes a table of this name; in a transaction, until whose end none does.
    fn exclude(&mut self, table: &str) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// One round trip to a database, with the places before and after it at which a test makes the process die.
pub(super) async fn sent<T>(call: impl Future<Output = T>) -> T {
    failpoint::reach(Place::SqlUnsent);
    let answer = call.await;
    failpoint::reach(Place::SqlAnswered);
    answer
}
