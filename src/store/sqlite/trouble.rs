//! `Trouble`: what went wrong in the file, before it is known to a reader as a `StoreError`.

use std::fmt;
use std::path::Path;

use crate::store::StoreError;

/// What went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// `SQLite` said no.
    Sql(sqlx::Error),
    /// A rule of the store says no.
    Store(StoreError),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// `SQLITE_IOERR_WRITE` and `SQLITE_IOERR_SHMSIZE`: a quota, or no room for the index beside the file.
const NO_ROOM: [i32; 2] = [778, 4874];

impl Trouble {
    /// A row is not what was written.
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Damaged(what.into()))
    }

    /// Whether there was no room on the disk.
    pub(super) fn is_full(&self) -> bool {
        self.code().is_some_and(|code| code & 0xff == 13 || NO_ROOM.contains(&code))
    }

    /// Whether the file cannot be opened for what may be a lack of room: its index has to be made anew after a crash.
    pub(super) fn is_shut(&self) -> bool {
        self.is_full() || self.code().is_some_and(|code| matches!(code & 0xff, 10 | 14))
    }

    /// Whether a transaction was begun within another one.
    pub(super) fn is_nested(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(error)) if error.message().contains("within a transaction"))
    }

    /// The error for the reader, of the store at `place`.
    pub(super) fn at(self, place: &Path) -> StoreError {
        let code = self.code().map(|code| code & 0xff);
        match self {
            Self::Store(error) => error,
            Self::Sql(error) => match (&error, code) {
                // SQLITE_ERROR (a table is missing), CORRUPT, CONSTRAINT, MISMATCH, NOTADB.
                (_, Some(1 | 11 | 19 | 20 | 26)) => StoreError::Damaged(told(&error)),
                (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound, _) => {
                    StoreError::Damaged(error.to_string())
                }
                (_, Some(5)) => unusable(place, "another process has been writing to it for too long"),
                _ => unusable(place, told(&error)),
            },
        }
    }

    fn code(&self) -> Option<i32> {
        let Self::Sql(error) = self else { return None };
        error.as_database_error()?.code()?.parse().ok()
    }
}

/// `SQLite`'s own words, without the wrapping.
fn told(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

/// The store at `place` cannot be used.
pub(super) fn unusable(place: &Path, why: impl fmt::Display) -> StoreError {
    StoreError::Unusable { place: place.display().to_string(), why: why.to_string() }
}
