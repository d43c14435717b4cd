//! Values as columns keep them: numbers with a sign, times and JSON as text; and back, where anything may be damaged.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lock::Op;
use crate::plan::Plan;
use crate::store::StoreError;

/// A number as a database keeps it. A fence or release beyond 2^63 is no number that omni ever made.
pub(super) fn kept(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as a database kept it.
pub(super) fn counted(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("`{number}` counts nothing")))
}

/// A value that was kept as JSON, in the row called `row`.
pub(super) fn parsed<T: DeserializeOwned>(json: &str, row: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Damaged(format!("{row} cannot be read: {error}")))
}

/// The plan of an apply that was kept as JSON, in the row called `row`. One that cannot be followed is damaged.
pub(super) fn plan_of(json: &str, op: &str, row: &str) -> Result<Plan, StoreError> {
    let plan: Plan = parsed(json, row)?;
    if plan.is_sound() {
        return Ok(plan);
    }
    Err(StoreError::Damaged(format!("the plan of apply {op} cannot be followed")))
}

/// A value as JSON, to be kept.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(format!("a value cannot be written: {error}")))
}

/// A time that was kept as text, in the row called `row`.
pub(super) fn time(text: &str, row: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|error| StoreError::Damaged(format!("{row} has no time: {error}")))
}

/// An op is made of a plan and a fence; as it was kept it can only be read as the JSON it is in a plan.
pub(super) fn op_of(text: &str) -> Result<Op, StoreError> {
    parsed(&json(&text)?, "the op of an apply")
}
