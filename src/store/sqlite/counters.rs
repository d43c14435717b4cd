//! `Counters`: what a store counts: fences, breaks of its lock, releases and applies.
//!
//! A checksum tells that a row was changed, and nothing of a row that can no longer be found. So this one row also says
//! which rows there have to be. Records are counted in the row of their apply.

use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use crate::store::seal::{check, seal};
use crate::store::sqlite::trouble::Trouble;

/// What a store counts, as `SQLite` keeps it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counters {
    /// The fence of the last lock taken; 0 before the first. Only grows.
    pub(super) last_fence: i64,
    /// How often the lock was broken; each break leaves the lock file of the broken holder behind.
    pub(super) breaks: i64,
    /// The number of the latest release; 0 before the first.
    pub(super) head: i64,
    /// How many releases are kept.
    pub(super) releases: i64,
    /// How many applies are kept, the open one included.
    pub(super) applies: i64,
    /// The op of the open apply; empty where none is.
    pub(super) open: String,
    /// The fence of the lock that somebody has; 0 where it is free.
    pub(super) held: i64,
}

impl Counters {
    /// Reads and checks them.
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, Trouble> {
        let Some(row) = sqlx::query("SELECT * FROM counters").fetch_optional(connection).await? else {
            return Err(Trouble::damaged("the row of its counters is missing"));
        };
        let counters = Self {
            last_fence: row.try_get("last_fence")?,
            breaks: row.try_get("breaks")?,
            head: row.try_get("head")?,
            releases: row.try_get("releases")?,
            applies: row.try_get("applies")?,
            open: row.try_get("open")?,
            held: row.try_get("held")?,
        };
        check(&counters, row.try_get("hash")?, || "the row of its counters".to_owned())?;
        Ok(counters)
    }

    /// Keeps them.
    pub(super) async fn save(&self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        let replace = "INSERT OR REPLACE INTO counters VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(replace)
            .bind(self.last_fence)
            .bind(self.breaks)
            .bind(self.head)
            .bind(self.releases)
            .bind(self.applies)
            .bind(&self.open)
            .bind(self.held)
            .bind(seal(self))
            .execute(connection)
            .await?;
        Ok(())
    }
}
