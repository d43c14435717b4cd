//! `Tools`: the programs that dump a server's database or its schema, and restore one.
//!
//! `host` is those of this machine, `inside` those in the container of the service that runs the server.

pub mod host;
pub mod inside;

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::io::AsyncRead;

use crate::plain::plain;
use crate::provider::database::Target;
use crate::provider::{Fault, FaultKind};

/// Dumps databases of `PostgreSQL`, and restores them.
#[async_trait]
pub trait Tools: Send + Sync {
    /// Whose programs they are: `of this machine`, `of service.pg`.
    fn whose(&self) -> String;

    /// Begins to dump a database in the snapshot of this name, in the custom format of `pg_dump`, which packs it.
    /// `major` is the server's.
    ///
    /// # Errors
    /// `NotFound` where there is no such program, or only one that is older than the server.
    async fn dump(&self, target: &Target, major: u32, snapshot: &str) -> Result<Dumping, Fault>;

    /// The text that makes everything of a database but its rows.
    ///
    /// # Errors
    /// As `dump`; and when it cannot be written, or not in time.
    async fn schema(&self, target: &Target, major: u32) -> Result<String, Fault>;

    /// Restores a dump into an empty database. The first thing that is refused ends it.
    ///
    /// # Errors
    /// What was refused; what was restored before that stands.
    async fn restore(
        &self,
        target: &Target,
        major: u32,
        dump: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<(), Fault>;
}

/// A dump that is under way. Whoever drops it ends it.
pub struct Dumping {
    /// What the program writes.
    pub output: Pin<Box<dyn AsyncRead + Send>>,
    /// Ends with the program: what it wrote is a dump only where it ended well.
    pub ended: BoxFuture<'static, Result<(), Fault>>,
}

/// A program that did not end well, and what it said last.
fn refused(name: &str, said: &str) -> Fault {
    let is_error = |line: &&str| line.contains("error:");
    let line = said.lines().find(is_error).or_else(|| said.lines().rfind(|line| !line.trim().is_empty()));
    let why = plain(line.unwrap_or("it said nothing"));
    let log = said.lines().map(plain).collect();
    Fault::new(FaultKind::Failed, format!("`{name}` failed: {why}")).log(log)
}
