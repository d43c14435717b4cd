//! `Worth`: what is known of a migration's way back.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is known of a migration's way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    /// It was run, and the schema was as before.
    Proven,
    /// It was run, and the schema was as before but for the order of columns.
    ColumnOrder,
    /// It was run, and the schema was as before; the rows that the way up deletes were not.
    SchemaOnly,
    /// It was run on the rows of a backup, and brought the schema back, but not these: `2 of 3 rows of public.users`.
    RowsLost(Vec<String>),
    /// It was run, and holds where the way up came to its end, but not where that was cut off between two units: what
    /// came of it there.
    NotFromMiddle(String),
    /// Nobody has run it.
    Unproven,
    /// It was run, and came to this afterwards: `LOSES index users_email_idx`.
    Loses(Vec<String>),
    /// It was run, and did nothing.
    Nothing,
    /// It was run, and failed.
    Fails(String),
    /// It could not be run, because the way up fails.
    UpFails(String),
    /// There is none.
    Absent,
}

impl Worth {
    /// Whether the way back can be relied on to bring the schema back, as far as anybody knows, wherever an apply ends.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        matches!(self, Self::Proven | Self::ColumnOrder | Self::SchemaOnly | Self::RowsLost(_) | Self::Unproven)
    }

    /// Whether what is applied as a whole can be taken back by it. What was cut off in the middle is another matter.
    #[must_use]
    pub const fn is_trusted_at_the_end(&self) -> bool {
        self.is_trusted() || matches!(self, Self::NotFromMiddle(_))
    }

    /// Whether it was run and brought the schema back.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        matches!(self, Self::Proven | Self::ColumnOrder | Self::SchemaOnly | Self::RowsLost(_))
    }

    /// Whether no row is lost on the way there and back, as far as anybody knows.
    #[must_use]
    pub const fn keeps_rows(&self) -> bool {
        !matches!(self, Self::SchemaOnly | Self::RowsLost(_))
    }
}

impl fmt::Display for Worth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven => f.write_str("down proven"),
            Self::ColumnOrder => f.write_str("down proven but for the order of columns"),
            Self::SchemaOnly => f.write_str("down restores the schema, NOT the rows"),
            Self::RowsLost(what) => write!(f, "down does NOT bring back {}", what.join(", ")),
            Self::NotFromMiddle(what) => write!(f, "down NOT proven from the middle: {what}"),
            Self::Unproven => f.write_str("down unproven"),
            Self::Loses(what) => write!(f, "down {}", what.join(", ")),
            Self::Nothing => f.write_str("down does nothing"),
            Self::Fails(why) => write!(f, "down fails: {why}"),
            Self::UpFails(why) => write!(f, "up fails: {why}"),
            Self::Absent => f.write_str("no down"),
        }
    }
}
