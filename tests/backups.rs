//! Backups of real databases: that what was backed up comes back, that what is damaged is told, and that what fails
//! leaves everything as it was.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what it is helped by too")]

#[path = "backups/bench.rs"]
mod bench;
#[path = "support/change.rs"]
mod change;
#[path = "backups/commands.rs"]
mod commands;
#[path = "backups/damage.rs"]
mod damage;
#[path = "backups/files.rs"]
mod files;
#[path = "backups/inside.rs"]
mod inside;
#[path = "backups/lost.rs"]
mod lost;
#[path = "backups/many.rs"]
mod many;
#[path = "backups/measure.rs"]
mod measure;
#[expect(dead_code, reason = "the server is that of the store's tests, which cut sessions too")]
#[path = "support/postgres.rs"]
mod postgres;
#[path = "backups/servers.rs"]
mod servers;
#[path = "backups/shelves.rs"]
mod shelves;
#[path = "backups/skipping.rs"]
mod skipping;
#[path = "backups/steps.rs"]
mod steps;
#[path = "backups/trust.rs"]
mod trust;
