//! `Anywhere`: opens sessions on whichever kind of database a URL leads to.

use async_trait::async_trait;

use crate::migration::Dialect;
use crate::provider::database::postgres::Postgres;
use crate::provider::database::sqlite::Sqlite;
use crate::provider::database::{Connect, Session, Target};
use crate::provider::{Fault, FaultKind};

/// Opens sessions on whichever kind of database a URL leads to.
#[derive(Debug, Default)]
pub struct Anywhere {
    servers: Postgres,
}

#[async_trait]
impl Connect for Anywhere {
    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, Fault> {
        match Dialect::of_url(&target.url) {
            Some(Dialect::Postgres) => self.servers.connect(target).await,
            Some(Dialect::Sqlite) => Sqlite.connect(target).await,
            None => {
                let text = format!("the URL of database.{} is neither PostgreSQL's nor SQLite's", target.name);
                Err(Fault::new(FaultKind::Failed, text).help("start it with `postgres://` or `sqlite:`"))
            }
        }
    }
}
