//! `Proof`: the ways back of a database's migrations, tried on a scratch copy before the database is migrated.

use serde::{Deserialize, Serialize};

use crate::resource::Prove;

/// That the ways back of a database's migrations are proven before they run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The database, by its name in deploy.toml.
    pub database: String,
    /// On what they are tried.
    pub prove: Prove,
}
