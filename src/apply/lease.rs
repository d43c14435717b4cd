//! Renewing both locks at once, and what it means where that fails.

use crate::failpoint::hastened;
use crate::lock::{Held, LEASE_MARGIN};
use crate::provider::{Anchor, FaultKind};
use crate::store::{Store, StoreError};

/// Why a lease could not be renewed.
pub(crate) enum Lost {
    /// Somebody else has the lock, or broke it.
    ToSomebody(String),
    /// Nobody answered; the next try may be in time.
    Perhaps(String),
}

/// Renews the lock in the store, then the one on the engine, which is waited for no longer than a lease has to spare.
pub(crate) async fn renew_both(
    store: &mut dyn Store,
    fence: u64,
    anchor: &dyn Anchor,
    held: &Held,
) -> Result<(), Lost> {
    match store.renew_lock(fence).await {
        Err(StoreError::FenceLost(fence)) => return Err(Lost::ToSomebody(fenced_out(fence))),
        Err(error) => return Err(Lost::Perhaps(error.to_string())),
        Ok(()) => {}
    }
    match tokio::time::timeout(hastened(LEASE_MARGIN), anchor.renew_anchor(held)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(fault)) if fault.kind == FaultKind::NotFound => Err(Lost::ToSomebody(BROKEN.to_owned())),
        Ok(Err(fault)) => Err(Lost::Perhaps(fault.message)),
        Err(_) => Err(Lost::Perhaps("it could not be renewed in time".to_owned())),
    }
}

/// What is said of an anchor that is gone.
pub(super) const BROKEN: &str = "somebody broke the lock on the engine";

/// What is said of a fence that the store refuses.
pub(super) fn fenced_out(fence: u64) -> String {
    format!("the fence {fence} does not hold it any more")
}
