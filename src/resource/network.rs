//! `Network`: a network that containers join.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its name on the engine.
    pub name: String,
    /// Whether somebody else made it: omni looks it up and never changes or removes it.
    pub external: bool,
    /// The driver: `bridge`.
    pub driver: String,
    /// Options of the driver.
    pub options: BTreeMap<String, String>,
    /// Labels beside omni's own.
    pub labels: BTreeMap<String, String>,
    /// Whether it has no way out to other networks.
    pub internal: bool,
    /// Its address range, as `172.30.0.0/16`; the engine chooses where none.
    pub subnet: Option<String>,
}

#[cfg(test)]
impl Network {
    /// A network of which nothing is asked but a name.
    pub(crate) fn bridge(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            external: false,
            driver: "bridge".to_owned(),
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
            internal: false,
            subnet: None,
        }
    }
}
