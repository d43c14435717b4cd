//! The contract of `Store`, held by `Memory` and `Sqlite` alike, and what only a file can suffer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

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
#[path = "store/processes.rs"]
mod processes;
#[path = "store/sample.rs"]
mod sample;
