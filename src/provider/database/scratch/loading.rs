//! Loading a schema into a scratch database, and what could not be copied.

use crate::migration::catalogue::{Catalogue, SchemaDifference};
use crate::provider::Fault;
use crate::provider::database::scratch::Scratch;

/// A schema that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// In what the copy differs from the real one; empty where it is the same. What a dump does not carry is the
    /// database's own: its owner, and who may connect.
    pub differences: Vec<SchemaDifference>,
}

/// Runs the text of a schema in an empty scratch database, as one message, and compares what came of it with the real
/// schema.
///
/// # Errors
/// When a statement of it is refused: an extension or a role is missing there.
pub async fn load(scratch: &dyn Scratch, text: &str, real: &Catalogue, without: &[String]) -> Result<Loaded, Fault> {
    let mut session = scratch.open().await?;
    if !text.trim().is_empty() {
        session.run(text).await?;
    }
    // A dump leaves the session without a search path.
    drop(session);
    let copy = scratch.open().await?.catalogue(without).await?;
    let mut differences = real.differences(&copy);
    differences.retain(|difference| difference.kind != "database");
    Ok(Loaded { differences })
}
