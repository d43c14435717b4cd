//! `Lock`: how a statement of PostgreSQL locks a table, and what others cannot do meanwhile.

use std::fmt;

use crate::migration::sql::Name;

/// PostgreSQL's locks on a table, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// `SELECT`.
    AccessShare,
    /// `SELECT … FOR UPDATE`, and the table a new view or rule names.
    RowShare,
    /// `INSERT`, `UPDATE`, `DELETE`.
    RowExclusive,
    /// `VACUUM`, `CREATE INDEX CONCURRENTLY`, `VALIDATE CONSTRAINT`.
    ShareUpdateExclusive,
    /// `CREATE INDEX`: nobody writes.
    Share,
    /// `CREATE TRIGGER`, `ADD FOREIGN KEY`: nobody writes.
    ShareRowExclusive,
    /// `REFRESH MATERIALIZED VIEW CONCURRENTLY`: nobody writes.
    Exclusive,
    /// Most of `ALTER TABLE`, `DROP TABLE`: nobody reads or writes.
    AccessExclusive,
}

impl Lock {
    /// Whether nobody else can read the table.
    #[must_use]
    pub const fn blocks_reads(self) -> bool {
        matches!(self, Self::AccessExclusive)
    }

    /// Whether nobody else can write to the table.
    #[must_use]
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }

    /// PostgreSQL's words for it: `ACCESS EXCLUSIVE`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A table that exists already, and how it is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The table; the index where the script does not say whose it is.
    pub table: Name,
    /// How.
    pub lock: Lock,
}
