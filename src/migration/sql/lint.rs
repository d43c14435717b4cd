//! `lint`: what the author of a history of migrations should know of it.

use crate::migration::sql::Finding;
use crate::migration::{Dialect, Script};

/// The findings of a history, in the order of its scripts and their lines.
#[must_use]
pub fn lint(_dialect: Dialect, _scripts: &[Script]) -> Vec<Finding> {
    Vec::new()
}
