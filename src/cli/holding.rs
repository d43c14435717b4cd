//! Holding: who has the lock now, and what is known of that process.

use crate::cli::failure::Failure;
use crate::cli::identity;
use crate::cli::project::{Engine, Project};
use crate::lock::{Held, Standing};
use crate::provider::Anchor;
use crate::store::Store;

/// Who has the lock, on the engine or in the store; the newer one where they differ. None where it is free.
///
/// # Errors
/// When one of them does not answer.
pub(crate) async fn look(
    project: &Project,
    engine: &Engine,
    store: Option<&dyn Store>,
) -> Result<Option<(Held, Standing)>, Failure> {
    let anchor = engine.anchor(project.scope()).await?;
    let in_store = match store {
        Some(store) => store.lock().await?,
        None => None,
    };
    // The anchor comes last and wins: it is what other machines see, and its lease is renewed at least as often.
    let newest = [in_store, anchor].into_iter().flatten().max_by_key(|held| held.fence);
    Ok(newest.map(|held| {
        let standing = standing(&held);
        (held, standing)
    }))
}

/// What is known from here of a lock's holder.
#[must_use]
pub(crate) fn standing(held: &Held) -> Standing {
    held.standing(identity::is_alive(&held.holder))
}
