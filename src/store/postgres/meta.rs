//! `Meta`: what a store is: its lineage, its deployment and its key.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::address::Scope;
use crate::fingerprint::Key;
use crate::store::column::json;
use crate::store::postgres::schema::VERSION;
use crate::store::postgres::sealed::body;
use crate::store::postgres::trouble::Trouble;
use crate::store::random::random_hex;
use crate::store::seal::seal;

const ROW: &str = "the row that says what it is";

/// What a store is. It holds the key, so it is never shown.
#[derive(Serialize, Deserialize)]
pub(super) struct Meta {
    /// What tells it from every other store.
    pub(super) lineage: String,
    secret: String,
    project: String,
    environment: Option<String>,
    pub(super) version: i64,
    /// The oldest omni, by the version it writes, that can still read it.
    pub(super) min_reader: i64,
}

impl Meta {
    /// What a new store of a deployment is.
    pub(super) fn fresh(scope: &Scope) -> Result<Self, Trouble> {
        let random = |bytes: std::io::Result<String>| bytes.map_err(sqlx::Error::Io);
        Ok(Self {
            lineage: random(random_hex::<16>())?,
            secret: random(random_hex::<32>())?,
            project: scope.project.clone(),
            environment: scope.environment.clone(),
            version: VERSION,
            min_reader: VERSION,
        })
    }

    /// The deployment it belongs to.
    pub(super) fn scope(&self) -> Scope {
        Scope { project: self.project.clone(), environment: self.environment.clone() }
    }

    /// The key that marks secrets.
    pub(super) fn key(&self) -> Result<Key, Trouble> {
        Key::from_hex(&self.secret).map_err(|_| Trouble::damaged("its key is none"))
    }

    /// Keeps another key.
    pub(super) async fn adopt(mut self, connection: &mut PgConnection, key: &Key) -> Result<(), Trouble> {
        self.secret = key.to_hex();
        self.save(connection).await
    }

    /// Reads it, and checks it.
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, Trouble> {
        let row = sqlx::query("SELECT body, hash FROM meta").fetch_optional(connection).await?;
        body(&row.ok_or_else(|| Trouble::damaged(format!("{ROW} is missing")))?, ROW)
    }

    /// Keeps it.
    pub(super) async fn save(&self, connection: &mut PgConnection) -> Result<(), Trouble> {
        let body = json(self)?;
        let save = "INSERT INTO meta VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET body = $1, hash = $2";
        sqlx::query(save).bind(&body).bind(seal(body.as_str())).execute(connection).await?;
        Ok(())
    }
}
