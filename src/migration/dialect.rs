//! `Dialect`: the kinds of database that omni migrates.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of database, and the SQL it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// `PostgreSQL`, from 12 on.
    Postgres,
    /// `SQLite`: a file.
    Sqlite,
}

impl Dialect {
    /// The dialect of the database at a URL; none where the scheme is not known.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split(':').next()? {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        })
    }
}
