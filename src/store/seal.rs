//! `seal` and `check`: the checksum of a row. Which rows there are is left to each store.

use serde::Serialize;

use crate::fingerprint::Fingerprint;
use crate::store::StoreError;

/// The checksum of what a row holds.
pub(super) fn seal<T: Serialize + ?Sized>(row: &T) -> String {
    Fingerprint::of(row).to_string()
}

/// Checks a row against the checksum it was kept with.
pub(super) fn check<T: Serialize + ?Sized>(
    row: &T,
    kept: &str,
    name: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    if seal(row) == kept { Ok(()) } else { Err(StoreError::Damaged(format!("{} is not what was written", name()))) }
}
