//! The contract of `Session`, held by real databases of both kinds, and what only a server or a file can suffer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

#[path = "database/catalogue.rs"]
mod catalogue;
#[path = "database/contract.rs"]
mod contract;
#[path = "database/filed.rs"]
mod filed;
#[path = "database/house.rs"]
mod house;
#[path = "database/ledgers.rs"]
mod ledgers;
#[path = "support/pool.rs"]
mod pool;
#[expect(dead_code, reason = "where its programs are, the tests of backups ask")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "database/served.rs"]
mod served;
#[path = "database/undoing.rs"]
mod undoing;
