//! `Meta`: what a store is: its lineage, its deployment and its key.

use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use crate::address::Scope;
use crate::fingerprint::Key;
use crate::store::random::random_hex;
use crate::store::seal::{check, seal};
use crate::store::sqlite::schema::VERSION;
use crate::store::sqlite::trouble::Trouble;

/// What a store is. It holds the key, so it is never shown.
#[derive(Serialize)]
pub(super) struct Meta {
    /// What tells it from every other store.
    pub(super) lineage: String,
    secret: String,
    project: String,
    environment: Option<String>,
    version: i64,
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
    pub(super) async fn adopt(mut self, connection: &mut SqliteConnection, key: &Key) -> Result<(), Trouble> {
        self.secret = key.to_hex();
        let update = sqlx::query("UPDATE meta SET secret = ?, hash = ?").bind(&self.secret).bind(seal(&self));
        update.execute(connection).await?;
        Ok(())
    }

    /// Reads it, and checks it.
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, Trouble> {
        let Some(row) = sqlx::query("SELECT * FROM meta").fetch_optional(connection).await? else {
            return Err(Trouble::damaged("the row that says what it is is missing"));
        };
        let meta = Self {
            lineage: row.try_get("lineage")?,
            secret: row.try_get("secret")?,
            project: row.try_get("project")?,
            environment: row.try_get("environment")?,
            version: row.try_get("version")?,
            min_reader: row.try_get("min_reader")?,
        };
        check(&meta, row.try_get("hash")?, || "the row that says what it is".to_owned())?;
        Ok(meta)
    }

    /// Keeps it in a new store.
    pub(super) async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), Trouble> {
        sqlx::query("INSERT INTO meta VALUES (1, ?, ?, ?, ?, ?, ?, ?)")
            .bind(&self.lineage)
            .bind(&self.secret)
            .bind(&self.project)
            .bind(&self.environment)
            .bind(self.version)
            .bind(self.min_reader)
            .bind(seal(self))
            .execute(connection)
            .await?;
        Ok(())
    }
}
