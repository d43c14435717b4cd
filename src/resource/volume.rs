//! `Volume`: a named volume. Its content outlives every release.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A named volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its name on the engine.
    pub name: String,
    /// Whether somebody else made it: omni looks it up and never changes or removes it.
    pub external: bool,
    /// Whether several containers may write to it at once, so that a new one may start beside the old one.
    pub shared: bool,
    /// The driver: `local`.
    pub driver: String,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
    /// Labels beside omni's own.
    pub labels: BTreeMap<String, String>,
}
