//! Rows as this store keeps them: a body of JSON in `body`, and its checksum in `hash`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::store::column::parsed;
use crate::store::postgres::trouble::Trouble;
use crate::store::seal::check;

/// The body of a row, checked, in the row called `name`.
pub(super) fn body<T: DeserializeOwned>(row: &PgRow, name: &str) -> Result<T, Trouble> {
    let body: &str = row.try_get("body")?;
    check(body, row.try_get("hash")?, || name.to_owned())?;
    Ok(parsed(body, name)?)
}

/// Checks that a column says what the body says: it is there to be searched, and has no checksum of its own.
pub(super) fn same<T: PartialEq + Serialize>(column: &T, body: &T, name: &str) -> Result<(), Trouble> {
    if column == body { Ok(()) } else { Err(Trouble::damaged(format!("{name} is not what was written"))) }
}
