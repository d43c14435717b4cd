//! `Verdict`: what a way back is worth.

use serde::{Deserialize, Serialize};

use crate::migration::catalogue::SchemaDifference;
use crate::migration::proof::Failure;

/// What a way back is worth, seen from the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It leads back to exactly the schema before.
    Exact,
    /// Nothing but the order of columns is otherwise.
    ColumnOrder {
        /// Of which tables.
        differences: Vec<SchemaDifference>,
    },
    /// It leads to another schema.
    Lossy {
        /// In what it differs, the worst first.
        differences: Vec<SchemaDifference>,
    },
    /// It does nothing, though the way up did something.
    Empty,
    /// The database refuses it.
    Fails {
        /// What, and where.
        failure: Failure,
    },
    /// The way up changes no schema, and neither does this: what it is worth cannot be seen.
    NoSchemaChange,
    /// There is no way back.
    NoDown,
    /// The database refuses the way up, or what verifies it.
    UpFails {
        /// What, and where.
        failure: Failure,
    },
    /// It was not tried, because the way up of one before it fails.
    NotReached,
}

impl Verdict {
    /// The verdict of a way back that ended in a schema with these differences from the one before. `changed` says
    /// whether the way up had changed the schema, and `moved` whether the way back did.
    #[must_use]
    pub fn of(differences: Vec<SchemaDifference>, changed: bool, moved: bool) -> Self {
        match (differences.is_empty(), changed, moved) {
            (true, false, _) => Self::NoSchemaChange,
            (true, true, _) => Self::Exact,
            (false, true, false) => Self::Empty,
            (false, ..) if SchemaDifference::is_order_only(&differences) => Self::ColumnOrder { differences },
            (false, ..) => Self::Lossy { differences },
        }
    }

    /// Whether it leads back to exactly the schema before, as far as the schema tells.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::Exact | Self::NoSchemaChange)
    }

    /// Its word in counts and in JSON.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::ColumnOrder { .. } => "column_order",
            Self::Lossy { .. } => "lossy",
            Self::Empty => "empty",
            Self::Fails { .. } => "fails",
            Self::NoSchemaChange => "no_schema_change",
            Self::NoDown => "no_down",
            Self::UpFails { .. } => "up_fails",
            Self::NotReached => "not_reached",
        }
    }
}
