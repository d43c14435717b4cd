//! The promise for databases, through the real binary on real servers: whatever happens, the schema is wholly before or
//! wholly after, and the ledger says so.
//!
//! Needs a Docker engine, the `docker` command and a `PostgreSQL` server; the matrix of kills needs `--all-features`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "e2e_databases/amid.rs"]
mod amid;
#[path = "e2e_databases/cut.rs"]
mod cut;
#[path = "e2e_databases/filed.rs"]
mod filed;
#[path = "e2e_databases/full.rs"]
mod full;
#[path = "e2e_databases/inside.rs"]
mod inside;
#[path = "e2e_databases/killed.rs"]
mod killed;
#[path = "e2e_databases/mishaps.rs"]
mod mishaps;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "e2e_databases/proven.rs"]
mod proven;
#[path = "e2e_databases/scripts.rs"]
mod scripts;
#[path = "support/share.rs"]
#[expect(dead_code, reason = "every row is wanted here")]
mod share;
#[path = "e2e_databases/shop.rs"]
mod shop;
#[path = "e2e_faults/tier/tally.rs"]
#[expect(dead_code, reason = "what is counted on the engine alone is not counted here")]
mod tally;
#[path = "e2e_databases/wire.rs"]
mod wire;
#[path = "e2e_faults/world.rs"]
#[expect(dead_code, reason = "what serves on the engine is looked at elsewhere")]
mod world;
#[path = "e2e_databases/written.rs"]
mod written;
