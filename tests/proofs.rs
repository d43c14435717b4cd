//! What ways back are worth, on real databases: pairs of scripts with the right verdict of each, batches, histories,
//! and the scratch databases on which they are tried.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

#[path = "proofs/batches.rs"]
mod batches;
#[path = "proofs/bench.rs"]
mod bench;
#[path = "proofs/history.rs"]
mod history;
#[path = "proofs/middles.rs"]
mod middles;
#[path = "proofs/pairs.rs"]
mod pairs;
#[path = "proofs/pairs_postgres.rs"]
mod pairs_postgres;
#[path = "proofs/pairs_sqlite.rs"]
mod pairs_sqlite;
#[expect(dead_code, reason = "the server is that of the store's tests, which cut sessions too")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "proofs/rows.rs"]
mod rows;
#[path = "proofs/scratches.rs"]
mod scratches;
