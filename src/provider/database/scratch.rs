//! `Scratch`: a database that may be ruined, and is removed afterwards.
//!
//! `postgres` makes one beside the real one, on the same server or another; `sqlite` makes a file. `dump` is where the
//! schema that it is to hold comes from, and `loading` brings it in and says what could not be copied; `roles` is what
//! it refers to and no dump carries. What is done with it is left to `prove`.

pub mod dump;
pub mod loading;
pub mod postgres;
pub(in crate::provider) mod roles;
pub mod sqlite;

use async_trait::async_trait;

use crate::provider::Fault;
use crate::provider::database::Session;

/// A database that may be ruined.
#[async_trait]
pub trait Scratch: Send + Sync {
    /// Opens a session on it.
    ///
    /// # Errors
    /// As `Connect::connect`.
    async fn open(&self) -> Result<Box<dyn Session>, Fault>;

    /// Makes a copy of it, rows and all. No session may be open on it meanwhile.
    ///
    /// # Errors
    /// When the server may or can not.
    async fn copy(&self) -> Result<Box<dyn Scratch>, Fault>;

    /// Removes it, with whatever sessions are open on it. One that is gone is removed.
    ///
    /// # Errors
    /// When it stays: `sweep` of its kind removes it later.
    async fn remove(&self) -> Result<(), Fault>;
}
