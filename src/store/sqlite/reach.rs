//! `Reach`: how far a store has come, in a small file beside it, so that an older copy of the store is noticed.
//!
//! A log that is lost or damaged, and a copy that is put back, leave a store in which every row is right and the last
//! ones are missing. It is written after each commit and never synced: it may lag behind the store, and is
//! nowhere ahead of it. One that cannot be read, or is of another store, says nothing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use crate::store::seal::seal;
use crate::store::sqlite::counters::Counters;
use crate::store::sqlite::place::private;
use crate::store::sqlite::trouble::Trouble;

/// How far a store has come: no write makes it less. Fields are in the order in which they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Reach {
    last_fence: i64,
    applies: i64,
    /// Records of the latest apply.
    records: i64,
    /// Whether that apply is closed.
    is_closed: bool,
    /// Releases, below zero: some are forgotten after an apply is closed.
    releases: i64,
    /// Whether the lock is free again.
    is_free: bool,
}

impl Reach {
    /// How far the store has come, as its rows say.
    pub(super) async fn of(connection: &mut SqliteConnection) -> Result<Self, Trouble> {
        let counters = Counters::read(connection).await?;
        let latest =
            "SELECT records, closed IS NOT NULL AS closed FROM applies NOT INDEXED ORDER BY rowid DESC LIMIT 1";
        let latest = sqlx::query(latest).fetch_optional(connection).await?;
        let (records, is_closed) = match latest {
            Some(row) => (row.try_get("records")?, row.try_get("closed")?),
            None => (0, false),
        };
        Ok(Self {
            last_fence: counters.last_fence,
            applies: counters.applies,
            records,
            is_closed,
            releases: -counters.releases,
            is_free: counters.held == 0,
        })
    }

    /// What is kept of the store with this lineage; none where there is none that can be read.
    pub(super) fn read(path: &Path, lineage: &str) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let fields: Vec<_> = text.split_whitespace().collect();
        let [of, fence, applies, records, closed, releases, free, sum] = fields.as_slice() else { return None };
        let reach = Self {
            last_fence: fence.parse().ok()?,
            applies: applies.parse().ok()?,
            records: records.parse().ok()?,
            is_closed: *closed == "1",
            releases: releases.parse().ok()?,
            is_free: *free == "1",
        };
        (*of == lineage && *sum == seal(&(lineage, reach))).then_some(reach)
    }

    /// Keeps it. All are of one length, so that each is written over the last one, on a full disk too.
    pub(super) fn keep(&self, path: &Path, lineage: &str) -> io::Result<()> {
        let Self { last_fence, applies, records, is_closed, releases, is_free } = *self;
        let line = format!(
            "{lineage} {last_fence:020} {applies:020} {records:020} {} {releases:020} {} {}\n",
            u8::from(is_closed),
            u8::from(is_free),
            seal(&(lineage, self)),
        );
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
        file.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLY: Reach =
        Reach { last_fence: 7, applies: 2, records: 3, is_closed: false, releases: -2, is_free: false };

    #[test]
    fn it_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reach");
        assert_eq!(Reach::read(&path, "ab"), None);
        EARLY.keep(&path, "ab").unwrap();
        let late = Reach { records: 4, is_closed: true, releases: -1000, is_free: true, ..EARLY };
        let length = fs::metadata(&path).unwrap().len();
        late.keep(&path, "ab").unwrap();
        assert_eq!((Reach::read(&path, "ab"), fs::metadata(&path).unwrap().len()), (Some(late), length));
        assert_eq!(Reach::read(&path, "cd"), None, "it is of another store");
    }

    #[test]
    fn half_of_it_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reach");
        EARLY.keep(&path, "ab").unwrap();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() - 1 {
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(Reach::read(&path, "ab"), None, "cut at {at}");
        }
        fs::write(&path, String::from_utf8(whole).unwrap().replacen('7', "9", 1)).unwrap();
        assert_eq!(Reach::read(&path, "ab"), None, "changed");
    }

    #[test]
    fn what_is_written_later_is_further() {
        let order = [
            EARLY,
            Reach { records: 4, ..EARLY },
            Reach { records: 4, is_closed: true, ..EARLY },
            Reach { records: 4, is_closed: true, releases: -1, ..EARLY },
            Reach { records: 4, is_closed: true, releases: -1, is_free: true, ..EARLY },
            Reach { last_fence: 8, applies: 2, records: 4, is_closed: true, releases: -1, is_free: false },
            Reach { last_fence: 8, applies: 3, records: 0, is_closed: false, releases: -1, is_free: false },
        ];
        assert!(order.is_sorted());
    }
}
