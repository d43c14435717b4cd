//! What a script does: its statements, what they touch, destroy, lock and rewrite, and how they may run.
//!
//! `Analysis` is a whole script. PostgreSQL is read with PostgreSQL's grammar, SQLite with SQLite's own; what neither
//! reads is said to be not understood, and nothing is guessed of it. What is a matter of style or of danger, is told by
//! `lint`. Which file a script stands in and when it runs, is left to `layout`, `plan` and `apply`.

mod analysis;
mod codes;
mod deed;
mod effect;
mod finding;
mod lint;
mod lock;
mod postgres;
mod script;
mod sqlite;
mod statement;
mod thing;
mod unit;

#[cfg(test)]
mod tests;

pub use analysis::Analysis;
pub use codes::codes;
pub use effect::{Effect, Loss, Writing};
pub use finding::{Finding, Severity};
pub use lint::lint;
pub use lock::{Lock, Locked};
pub use statement::{Boundary, Concurrent, Statement, Transactional};
pub use thing::{Kind, Name, Thing};
pub use unit::{Refusal, Unit};
