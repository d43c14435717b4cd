//! `Counters`: what a store counts: fences, breaks of its lock, releases and applies.
//!
//! A checksum tells that a row was changed, and nothing of a row that can no longer be found. So this one row also says
//! which rows there have to be. Whoever writes has it locked, so that one writes at a time.

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row};

use crate::store::column::json;
use crate::store::postgres::sealed::{body, same};
use crate::store::postgres::trouble::Trouble;
use crate::store::seal::seal;

const ROW: &str = "the row of its counters";

/// What a store counts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Counters {
    /// The fence of the last lock taken; 0 before the first. Only grows.
    pub(super) last_fence: i64,
    /// How often the lock was broken; each break leaves the session lock of the broken holder behind.
    pub(super) breaks: i64,
    /// The number of the latest release; 0 before the first.
    pub(super) head: i64,
    /// How many releases are kept.
    pub(super) releases: i64,
    /// How many applies were opened.
    pub(super) applies: i64,
    /// The op of the open apply; empty where none is.
    pub(super) open: String,
    /// The fence of the lock that somebody has; 0 where it is free.
    pub(super) held: i64,
}

impl Counters {
    /// Reads and checks them.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, Trouble> {
        let row = sqlx::query("SELECT held, body, hash FROM counters").fetch_optional(connection).await?;
        let row = row.ok_or_else(|| Trouble::damaged(format!("{ROW} is missing")))?;
        let counters: Self = body(&row, ROW)?;
        same(&row.try_get("held")?, &counters.held, ROW)?;
        Ok(counters)
    }

    /// Keeps them.
    pub(super) async fn save(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let body = json(self)?;
        let save = "INSERT INTO counters VALUES (1, $1, $2, $3, '') \
                    ON CONFLICT (id) DO UPDATE SET held = $1, body = $2, hash = $3";
        sqlx::query(save).bind(self.held).bind(&body).bind(seal(body.as_str())).execute(connection).await?;
        Ok(())
    }
}
