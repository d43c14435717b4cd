//! `Backup`: a copy of a database's content, made before it is migrated.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::units::Period;

/// How a database is backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The database, by its name in deploy.toml.
    pub database: String,
    /// The folder of the backups, relative to deploy.toml.
    pub dir: String,
    /// How many of the newest are kept; all where none.
    pub keep_last: Option<u32>,
    /// For how long one is kept beyond those.
    pub keep_for: Option<Period>,
    /// The age recipients it is encrypted to; it is not encrypted where there are none.
    pub encrypt_to: BTreeSet<String>,
    /// How a new one is tried.
    pub verify: Verify,
}

/// How a backup is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// It is restored into a scratch database, and that is compared.
    #[default]
    Restore,
    /// It is read back, and its hash compared.
    Checksum,
}
