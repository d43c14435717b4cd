//! `Effect`: one thing that a statement does.

use crate::migration::sql::{Name, Thing};

/// One thing that a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Makes it.
    Creates(Thing),
    /// Takes it away.
    Drops(Thing),
    /// Changes its definition.
    Alters(Thing),
    /// Gives it another name.
    Renames {
        /// The thing, by its old name.
        what: Thing,
        /// The new name, without a schema.
        to: String,
    },
    /// Reads the rows of a table or a view.
    Reads(Name),
    /// Changes the rows of a table.
    Writes {
        /// The table.
        table: Name,
        /// How.
        how: Writing,
    },
    /// Destroys data, or may do so.
    Destroys {
        /// Whose data.
        what: Thing,
        /// How.
        how: Loss,
    },
    /// Writes every row of an existing table anew.
    Rewrites(Name),
    /// Reads every row of an existing table while it is locked.
    Scans(Name),
    /// Adds a column that every row has to fill, and that nothing fills: it fails where there are rows.
    Requires(Thing),
    /// Runs code that a plan cannot see into.
    Hides(&'static str),
    /// Sets the session: `SET`, `PRAGMA`.
    Sets(String),
}

/// How rows change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writing {
    /// Rows are added.
    Insert,
    /// Rows are overwritten.
    Update,
    /// Rows are taken away.
    Delete,
    /// All rows are taken away.
    Truncate,
}

/// How data is destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// With what holds it.
    Dropped,
    /// All rows at once.
    Truncated,
    /// The rows that a condition meets, or all.
    Deleted,
    /// Values are overwritten with others.
    Overwritten,
    /// Values are turned into another type: what that one cannot hold may be lost.
    Converted,
    /// A table is made anew from an old one: what is not copied is lost.
    Rebuilt,
}

impl Loss {
    /// Whether data is surely lost where there is any; else it may be.
    #[must_use]
    pub const fn is_certain(self) -> bool {
        !matches!(self, Self::Converted | Self::Rebuilt)
    }

    /// The word for it: `overwritten`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Truncated => "truncated",
            Self::Deleted => "deleted",
            Self::Overwritten => "overwritten",
            Self::Converted => "converted",
            Self::Rebuilt => "rebuilt",
        }
    }
}
