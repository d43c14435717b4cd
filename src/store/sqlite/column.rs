//! Values as columns keep them: numbers with a sign, times and JSON as text; and back, where anything may be damaged.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::sqlite::trouble::Trouble;

/// A number as `SQLite` keeps it. A fence or release beyond 2^63 is no number that omni ever made.
pub(super) fn kept(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as `SQLite` kept it.
pub(super) fn counted(number: i64) -> Result<u64, Trouble> {
    u64::try_from(number).map_err(|_| Trouble::damaged(format!("`{number}` counts nothing")))
}

/// A value that was kept as JSON, in the row called `row`.
pub(super) fn parsed<T: DeserializeOwned>(json: &str, row: &str) -> Result<T, Trouble> {
    serde_json::from_str(json).map_err(|error| Trouble::damaged(format!("{row} cannot be read: {error}")))
}

/// A value as JSON, to be kept.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, Trouble> {
    serde_json::to_string(value).map_err(|error| Trouble::damaged(format!("a value cannot be written: {error}")))
}

/// A time that was kept as text, in the row called `row`.
pub(super) fn time(text: &str, row: &str) -> Result<Timestamp, Trouble> {
    text.parse().map_err(|error| Trouble::damaged(format!("{row} has no time: {error}")))
}
