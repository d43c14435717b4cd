//! `Trouble`: what went wrong on the way to a database or there, before a reader knows it as a `Fault`.
//!
//! What a database's own codes mean is left to `postgres` and `sqlite`.

use std::time::Duration;

/// What went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The database said no, or cannot be heard.
    Sql(sqlx::Error),
    /// It did not answer in time.
    Silent,
    /// What omni keeps there is not as omni wrote it.
    Damaged(String),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl Trouble {
    /// The database's code for it; empty where it said nothing.
    pub(super) fn code(&self) -> String {
        let Self::Sql(error) = self else { return String::new() };
        error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default().into_owned()
    }
}

/// Does not wait longer than this for what a database does; for ever where there is no limit.
pub(super) async fn in_time<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or(Err(Trouble::Silent)),
        None => work.await,
    }
}
