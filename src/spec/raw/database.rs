//! Databases, their migrations and their backups, each a table by the name of the database.
//!
//! No key is required here, since an overlay may say the rest: `resolve` tells of what is missing.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use super::text;
use crate::migration::Layout;
use crate::resource::{Prove, Verify};
use crate::template::Template;
use crate::units::Period;

/// A database that omni migrates and backs up.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Database")]
pub(in crate::spec) struct RawDatabase {
    /// Where it is: `postgres://shop:${DB_PASSWORD}@localhost:5432/shop`, or `sqlite:data/notes.db`, a file beside
    /// deploy.toml. Secrets may stand in it.
    #[schemars(with = "text::Text")]
    pub(in crate::spec) url: Option<Template>,
    /// The service that runs it; none where it runs elsewhere.
    #[schemars(with = "String")]
    pub(in crate::spec) service: Option<String>,
    /// How long it may take until it answers; 30s where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) connect_timeout: Option<Period>,
    /// How long a statement of a migration may wait for a lock; 5s where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) lock_timeout: Option<Period>,
    /// How long a statement of a migration may run; for ever where none is given.
    #[schemars(with = "text::Duration")]
    pub(in crate::spec) statement_timeout: Option<Period>,
}

/// The scripts that bring a database's schema forward.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Migrations")]
pub(in crate::spec) struct RawMigrations {
    /// Their folder, relative to deploy.toml.
    #[schemars(with = "String")]
    pub(in crate::spec) dir: Option<String>,
    /// The tool they are laid out for; found out where none is given.
    #[schemars(with = "text::LayoutWord")]
    pub(in crate::spec) layout: Option<Layout>,
    /// The table that says what was applied: `app.migrations`. The tool's own where none is given.
    #[schemars(with = "text::TableName")]
    pub(in crate::spec) ledger: Option<String>,
    /// On what their ways back are tried before they are trusted; `schema` where none is given.
    #[schemars(with = "text::ProveWord")]
    pub(in crate::spec) prove: Option<Prove>,
    /// Scripts that cannot be taken back, by name, and why: `"0043_drop_cart" = "the carts are gone"`.
    #[schemars(with = "BTreeMap<String, text::Reason>")]
    pub(in crate::spec) irreversible: BTreeMap<String, String>,
}

/// How a database is backed up.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Backup")]
pub(in crate::spec) struct RawBackup {
    /// The folder they are put into, relative to deploy.toml; `backups` where none is given.
    #[schemars(with = "String")]
    pub(in crate::spec) dir: Option<String>,
    /// Before what one is made by itself; `["migrate"]` where none is given.
    #[schemars(with = "Vec<text::BeforeWord>")]
    pub(in crate::spec) before: Option<Vec<String>>,
    /// Which of them are kept; all where nothing is given.
    pub(in crate::spec) keep: RawKeep,
    /// The age recipients they are encrypted to: `age1…`. They are not encrypted where none is given.
    #[schemars(with = "BTreeSet<text::Recipient>")]
    pub(in crate::spec) encrypt_to: BTreeSet<String>,
    /// How a new one is tried; `restore` where none is given.
    #[schemars(with = "text::VerifyWord")]
    pub(in crate::spec) verify: Option<Verify>,
}

/// Which backups are kept: those that either key keeps.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Keep")]
pub(in crate::spec) struct RawKeep {
    /// How many of the newest.
    #[schemars(with = "u32", range(min = 1, max = 100_000))]
    pub(in crate::spec) last: Option<u32>,
    /// Those that are no older than so many days.
    #[schemars(with = "u32", range(min = 1, max = 100_000))]
    pub(in crate::spec) days: Option<u32>,
}
