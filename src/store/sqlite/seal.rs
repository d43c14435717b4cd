//! `seal`: the checksum of a row, and `Seal`, which checks it.

use serde::Serialize;

use crate::fingerprint::Fingerprint;
use crate::store::sqlite::trouble::Trouble;

/// The checksum of what a row holds.
pub(super) fn seal<T: Serialize + ?Sized>(row: &T) -> String {
    Fingerprint::of(row).to_string()
}

/// Checks a row against the checksum it was kept with.
pub(super) fn check<T: Serialize + ?Sized>(row: &T, kept: &str, name: impl FnOnce() -> String) -> Result<(), Trouble> {
    if seal(row) == kept { Ok(()) } else { Err(Trouble::damaged(format!("{} is not what was written", name()))) }
}
