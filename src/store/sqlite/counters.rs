//! `Counters`: the three numbers of a store: its last fence, how often its lock was broken, and its latest release.

use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use crate::store::sqlite::seal::{check, seal};
use crate::store::sqlite::trouble::Trouble;

/// The numbers of a store, as `SQLite` keeps them.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counters {
    /// The fence of the last lock taken; 0 before the first. Only grows.
    pub(super) last_fence: i64,
    /// How often the lock was broken; each break leaves the lock file of the broken holder behind.
    pub(super) breaks: i64,
    /// The number of the latest release; 0 before the first.
    pub(super) head: i64,
}

impl Counters {
    /// Reads and checks them.
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, Trouble> {
        let Some(row) = sqlx::query("SELECT * FROM counters").fetch_optional(connection).await? else {
            return Err(Trouble::damaged("the row of its counters is missing"));
        };
        let counters =
            Self { last_fence: row.try_get("last_fence")?, breaks: row.try_get("breaks")?, head: row.try_get("head")? };
        check(&counters, row.try_get("hash")?, || "the row of its counters".to_owned())?;
        Ok(counters)
    }

    /// Keeps them.
    pub(super) async fn save(&self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        sqlx::query("UPDATE counters SET last_fence = ?, breaks = ?, head = ?, hash = ?")
            .bind(self.last_fence)
            .bind(self.breaks)
            .bind(self.head)
            .bind(seal(self))
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Keeps them in a new store.
    pub(super) async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        sqlx::query("INSERT INTO counters VALUES (1, 0, 0, 0, '')").execute(&mut *connection).await?;
        self.save(connection).await
    }
}
