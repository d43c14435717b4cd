//! The tools themselves on databases that omni migrates, and omni on databases that they migrate.
//!
//! Run by `scripts/tools-accept`, which installs them; `scripts/test` leaves this binary out. Needs a Docker engine, for
//! omni's lock alone, and the programs of a `PostgreSQL` server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the script reads how many cells there were")]

#[expect(dead_code, reason = "no tool's table is written here by hand")]
#[path = "e2e_histories/base.rs"]
mod base;
#[expect(dead_code, reason = "four layouts, one after the other")]
#[path = "e2e_histories/case.rs"]
mod case;
#[path = "e2e_histories/files.rs"]
#[expect(dead_code, reason = "no apply fails here")]
mod files;
#[expect(dead_code, reason = "what befalls a server is tried elsewhere")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "e2e_histories/rows.rs"]
mod rows;
#[path = "tools_accept/shared.rs"]
mod shared;
#[path = "tools_accept/tool.rs"]
mod tool;
#[expect(dead_code, reason = "nothing serves here")]
#[path = "e2e_faults/world.rs"]
mod world;
