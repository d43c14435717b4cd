//! Whole histories through the real binary, on real databases: in the layout of each tool, with the ledger it keeps.
//!
//! What a ledger and a schema have is asked by SQL of the tests' own and never through omni. Needs a Docker engine, for
//! its lock alone, and the programs of a `PostgreSQL` server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "e2e_histories/adopted.rs"]
mod adopted;
#[path = "e2e_histories/base.rs"]
mod base;
#[path = "e2e_histories/case.rs"]
mod case;
#[path = "e2e_histories/files.rs"]
mod files;
#[path = "e2e_histories/named.rs"]
mod named;
#[expect(dead_code, reason = "what befalls a server is tried elsewhere")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "e2e_histories/released.rs"]
mod released;
#[path = "e2e_histories/rows.rs"]
mod rows;
#[expect(dead_code, reason = "nothing serves here")]
#[path = "e2e_faults/world.rs"]
mod world;
