//! The promise, through the real binary on the real engine: whatever happens, what serves is wholly before or wholly after.
//!
//! Needs a Docker engine, the `docker` command, `rustc` and a `PostgreSQL` server; the matrix of kills needs `--all-features`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "e2e_faults/failing.rs"]
mod failing;
#[path = "e2e_faults/kills.rs"]
mod kills;
#[path = "e2e_faults/locks.rs"]
mod locks;
#[path = "e2e_faults/looks.rs"]
mod looks;
#[path = "e2e_faults/losses.rs"]
mod losses;
#[path = "e2e_faults/middle.rs"]
mod middle;
#[expect(dead_code, reason = "where its programs are, the tests of backups ask")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "e2e_faults/proxy.rs"]
mod proxy;
#[path = "e2e_faults/races.rs"]
mod races;
#[path = "support/share.rs"]
mod share;
#[path = "e2e_faults/signals.rs"]
mod signals;
#[path = "e2e_faults/specs.rs"]
mod specs;
#[path = "e2e_faults/team.rs"]
mod team;
#[path = "e2e_faults/tier.rs"]
mod tier;
#[path = "e2e_faults/world.rs"]
mod world;
