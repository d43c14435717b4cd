//! Files: their content, by fingerprint. Who names them is left to the releases and the open apply.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use crate::fingerprint::Fingerprint;
use crate::store::StoreError;
use crate::store::postgres::trouble::Trouble;

/// The content of a file.
pub(super) async fn content(connection: &mut PgConnection, wanted: &Fingerprint) -> Result<Vec<u8>, Trouble> {
    let query = sqlx::query_scalar("SELECT content FROM files WHERE fingerprint = $1").bind(wanted.to_string());
    let content: Option<Vec<u8>> = query.fetch_optional(connection).await?;
    let content = content.ok_or(StoreError::NoFile(*wanted))?;
    if Fingerprint::of_bytes(&content) != *wanted {
        return Err(Trouble::damaged(format!("the file {} is not what was written", wanted.short())));
    }
    Ok(content)
}

/// Keeps files. One that is there is written again, which mends it should it be damaged.
pub(super) async fn keep(connection: &mut PgConnection, files: &[(Fingerprint, Vec<u8>)]) -> Result<(), Trouble> {
    for (fingerprint, content) in files {
        if Fingerprint::of_bytes(content) != *fingerprint {
            return Err(StoreError::NoFile(*fingerprint).into());
        }
        sqlx::query("INSERT INTO files VALUES ($1, $2) ON CONFLICT (fingerprint) DO UPDATE SET content = $2")
            .bind(fingerprint.to_string())
            .bind(content.as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Drops every file that is not named.
pub(super) async fn drop_unnamed(connection: &mut PgConnection, named: &BTreeSet<Fingerprint>) -> Result<(), Trouble> {
    let named: BTreeSet<_> = named.iter().map(Fingerprint::to_string).collect();
    let there: Vec<String> = sqlx::query_scalar("SELECT fingerprint FROM files").fetch_all(&mut *connection).await?;
    for fingerprint in there.into_iter().filter(|there| !named.contains(there)) {
        sqlx::query("DELETE FROM files WHERE fingerprint = $1").bind(fingerprint).execute(&mut *connection).await?;
    }
    Ok(())
}
