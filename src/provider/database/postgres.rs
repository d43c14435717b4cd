//! `Postgres`: sessions on a server of `PostgreSQL`, from 12 on.
//!
//! A session is one connection to one server process. A call that is given up, or whose answer is lost, ends it: then
//! the server ends what it was doing, and frees its locks. What a session is for is left to those that open it.

mod alive;
mod catalogue;
mod connect;
mod fault;
mod session;
mod wire;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::provider::Fault;
use crate::provider::database::postgres::connect::Place;
use crate::provider::database::{Connect, Session, Target};

/// The database that the URL of a target leads to: where it names none, it is called as the account is.
///
/// # Errors
/// `Failed` when the URL cannot be understood.
pub fn database(target: &Target) -> Result<String, Fault> {
    Place::new(target).map(|place| place.database().to_owned())
}

/// Opens sessions on servers.
#[derive(Debug, Default)]
pub struct Postgres {
    /// The ways on which no transaction pooler is known to be in between.
    direct: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Connect for Postgres {
    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, Fault> {
        let place = Place::new(target)?;
        let is_direct = self.direct.lock().unwrap_or_else(PoisonError::into_inner).contains(place.way());
        let session = connect::connect(&place, target, is_direct).await?;
        self.direct.lock().unwrap_or_else(PoisonError::into_inner).insert(place.way().to_owned());
        Ok(Box::new(session))
    }
}
