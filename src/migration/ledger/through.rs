//! `Through`: how far a ledger speaks of every version, though it has no row for each: one row of golang-migrate stands
//! for all before it, and so does a baseline of Flyway.
//!
//! It asks for no scripts, so that a version counts as applied also where its files are gone.

use crate::migration::Layout;

/// The version up to which every one is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through {
    /// The tool, by whose order versions come before others.
    pub layout: Layout,
    /// That version, as the ledger has it.
    pub version: String,
}

impl Through {
    /// Whether it stands for this version too.
    #[must_use]
    pub fn covers(&self, version: &str) -> bool {
        self.layout.order(version, &self.version).is_le()
    }
}
