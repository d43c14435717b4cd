//! `Manifest`: what is known of a backup, as it lies beside it.
//!
//! It carries its own hash, so that a bit that flips in it is found as one in the backup is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::migration::Dialect;
use crate::provider::Fault;
use crate::provider::backup::Inventory;
use crate::provider::backup::failing::damaged;
use crate::resource::Verify;

/// The form of manifests. One of a later form is not understood.
const FORM: u32 = 1;

/// What is known of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name: `shop-20261123T100501Z-2f7a1c9e4b60`.
    pub name: String,
    /// The database, by its name in deploy.toml.
    pub database: String,
    /// The apply that made it; `manual`, or `before-restore`, where none did.
    pub made_by: String,
    /// When it was begun, by the clock of the database.
    pub at: Timestamp,
    /// How long making it took, in milliseconds.
    pub took: u64,
    /// The file beside the manifest.
    pub file: String,
    /// The size of that file, in bytes.
    pub size: u64,
    /// The SHA-256 of that file.
    pub sha256: Fingerprint,
    /// The kind of database.
    pub dialect: Dialect,
    /// What ran it: `PostgreSQL 15.18`.
    pub server: String,
    /// The major version of that.
    pub major: u32,
    /// The programs that dumped it: `of this machine`, `of service.pg`; none where none were needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<String>,
    /// What is in it.
    pub content: Inventory,
    /// What of it was applied, by the ledger, in the order of the tool; empty where there is no ledger.
    pub migrations: Vec<String>,
    /// How the file is packed.
    pub compression: Compression,
    /// The age recipients it is encrypted to; it is not where there are none.
    pub recipients: BTreeSet<String>,
    /// Whether no table had a row when it was made, beside the ledger and omni's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_empty: bool,
    /// The last time it was tried and was whole; none where it never was.
    pub verified: Option<Verified>,
    /// What was wrong with it when it was tried since; none where nothing was. It is no backup to rely on then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<Damage>,
}

/// How the file of a backup is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// The program that dumps packs what it writes.
    Inside,
    /// The file is packed as a whole, with gzip.
    Gzip,
}

/// A backup that was tried, and was whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds: how long recovery takes, where it was restored.
    pub took: u64,
    /// How.
    pub how: Verify,
}

/// A backup that was tried, and was not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Damage {
    /// When that was found, by the clock of the machine or the server it was tried on.
    pub at: Timestamp,
    /// What was wrong.
    pub why: String,
}

impl Manifest {
    /// The fault of a backup that was found to be damaged; none where it was not.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        let found = self.damage.as_ref()?;
        Some(damaged(&self.name, &format!("{} (found at {})", found.why, found.at.strftime("%Y-%m-%d %H:%M:%S UTC"))))
    }

    /// Whether it was restored and compared since it was made.
    #[must_use]
    pub fn is_restorable(&self) -> bool {
        self.verified.is_some_and(|verified| verified.how == Verify::Restore)
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        let sealed = Sealed { form: FORM, manifest: self.clone(), seal: Fingerprint::of(self) };
        let mut text = serde_json::to_string_pretty(&sealed).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The manifest of a text; why it is none otherwise.
    pub(super) fn of_text(text: &str) -> Result<Self, String> {
        let sealed: Sealed = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if sealed.form != FORM {
            return Err(format!("its form {} is of a later omni", sealed.form));
        }
        let is_whole = sealed.seal == Fingerprint::of(&sealed.manifest) && sealed.manifest.text() == text;
        if is_whole { Ok(sealed.manifest) } else { Err("the manifest is not as omni wrote it".to_owned()) }
    }
}

/// A manifest with its own hash.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    form: u32,
    manifest: Manifest,
    seal: Fingerprint,
}
