//! Migrations as data: scripts and their layouts, ledgers, what a script does, and what its way back is worth.
//!
//! A tool (Prisma, sqlx, diesel, …) lays its scripts out in files and keeps a ledger, a table in the database that says
//! which of them were applied. Here both become plain data: `layout` reads the files, `ledger` reads and writes the
//! table as the tool does, so that the tool goes on; `sql` says what a script does; `catalogue` is a schema as facts
//! and `proof` what comes of running a script up and down. How a database is reached is left to `provider`; which
//! script runs when, to `plan` and `apply`.

pub mod catalogue;
mod checksum;
mod dialect;
pub mod layout;
pub mod ledger;
mod mark;
pub mod proof;
mod script;
pub mod sql;
mod worth;

pub use dialect::Dialect;
pub use layout::Layout;
pub use mark::{Mark, Way};
pub use script::{Piece, Script};
pub use worth::Worth;
