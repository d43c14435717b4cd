//! `Sqlite`: sessions on a file.
//!
//! A session is one connection, whose statements run on a thread of its own. Where a call is given up the statement is
//! stopped, and what was not committed is taken back. Where a relative path begins is left to those that make the URL.

mod catalogue;
mod connect;
mod fault;
mod session;
mod stop;
mod wire;

use std::path::PathBuf;
use std::str::FromStr;

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnectOptions;

use crate::provider::Fault;
use crate::provider::database::sqlite::session::SqliteSession;
use crate::provider::database::{Connect, Session, Target};

/// The code of a file that is there and is no database, or one whose pages make no sense.
pub const UNREADABLE: &str = "omni::database::unreadable";

/// The file that a URL leads to; none where it is none of `SQLite`.
#[must_use]
pub fn file(url: &str) -> Option<PathBuf> {
    SqliteConnectOptions::from_str(url).ok().map(|options| options.get_filename().to_owned())
}

/// Opens sessions on files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sqlite;

#[async_trait]
impl Connect for Sqlite {
    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, Fault> {
        let (opened, facts) = connect::connect(target).await?;
        Ok(Box::new(SqliteSession::new(target, facts, opened)))
    }
}
