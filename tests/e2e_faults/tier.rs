//! The tier on the real engine: every trouble at every call, an engine that dies, and omni that dies at its calls.
//!
//! What runs per pull request is a share of it; `scripts/faults-engine` runs all. Each row prints how many cells it had.

#[path = "tier/deployment.rs"]
pub(crate) mod deployment;
#[path = "tier/dying.rs"]
mod dying;
#[path = "tier/engines.rs"]
mod engines;
#[path = "tier/interrupted.rs"]
mod interrupted;
#[path = "tier/private.rs"]
mod private;
#[path = "tier/tally.rs"]
pub(crate) mod tally;
#[path = "tier/troubles.rs"]
mod troubles;
#[path = "tier/witness.rs"]
mod witness;
