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

use async_trait::async_trait;

use crate::provider::Fault;
use crate::provider::database::sqlite::session::SqliteSession;
use crate::provider::database::{Connect, Session, Target};

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
