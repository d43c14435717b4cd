//! The contract of `Store`, held by `Memory`, `Sqlite` and `Postgres` alike, and what only a file or a server can suffer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

#[path = "store/care.rs"]
mod care;
#[path = "support/change.rs"]
mod change;
#[path = "store/contract.rs"]
mod contract;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/disk.rs"]
mod disk;
#[path = "store/house.rs"]
mod house;
#[path = "support/plan.rs"]
mod plan;
#[path = "support/pool.rs"]
mod pool;
#[expect(dead_code, reason = "where its programs are, the tests of backups ask")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "store/processes.rs"]
mod processes;
#[path = "store/sample.rs"]
mod sample;
#[path = "store/served.rs"]
mod served;
