//! `Migration`: one script that brings a database's schema forward, and what takes it back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::resource::Nature;
use crate::resource::Resource;

/// One migration. Its address is `migration.DATABASE.NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// The database, by its name in deploy.toml.
    pub database: String,
    /// The version as the ledger has it.
    pub version: String,
    /// What it is about, as the ledger has it.
    pub description: String,
    /// The checksum of its file as the ledger has it; none where it keeps none.
    pub checksum: Option<String>,
    /// Further checksums that its tool takes for the same file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<String>,
    /// What brings the schema forward.
    pub up: Sheet,
    /// What takes it back.
    pub down: Option<Sheet>,
    /// What has to succeed after the way up.
    pub verify: Option<Sheet>,
    /// The migration before it, in the order of its tool; none for the first.
    pub previous: Option<Previous>,
    /// Whether a backup is made before it.
    pub backup: bool,
    /// Why it cannot be taken back, where deploy.toml says so.
    pub one_way: Option<String>,
}

/// The migration before another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its name.
    pub name: String,
    /// Its version as the ledger has it.
    pub version: String,
}

/// One text of SQL: the content of the vault and of a release's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The path of its file below the migrations' folder.
    pub path: String,
    /// The line of the file on which it begins, from 1.
    pub line: usize,
    /// The fingerprint of the text.
    pub content: Fingerprint,
    /// Whether it is marked as not to run in a transaction.
    pub is_bare: bool,
    /// What it does to data and schema, as far as that can be read from it.
    pub nature: Nature,
}

impl Migration {
    /// The name of a migration in an address: `0042_add_tax` of `pos.0042_add_tax`.
    #[must_use]
    pub fn name_in<'a>(&self, address: &'a Address) -> &'a str {
        address.name().strip_prefix(&self.database).and_then(|rest| rest.strip_prefix('.')).unwrap_or(address.name())
    }

    /// The migrations of a database among these things, in the order of their tool.
    #[must_use]
    pub fn ordered<'r>(
        resources: impl Iterator<Item = (&'r Address, &'r Resource)>,
        database: &str,
    ) -> Vec<(&'r Address, &'r Self)> {
        let all = resources.filter_map(|(address, resource)| Some((address, resource.migration()?)));
        let of = all.filter(|(_, migration)| migration.database == database);
        let after: BTreeMap<Option<&str>, (&Address, &Self)> = of
            .map(|(address, one)| (one.previous.as_ref().map(|before| before.name.as_str()), (address, one)))
            .collect();
        let mut found = Vec::with_capacity(after.len());
        let mut next = after.get(&None);
        while let Some((address, migration)) = next.filter(|_| found.len() < after.len()) {
            found.push((*address, *migration));
            next = after.get(&Some(migration.name_in(address)));
        }
        found
    }

    /// Every text it consists of.
    pub fn sheets(&self) -> impl Iterator<Item = &Sheet> {
        std::iter::once(&self.up).chain(&self.down).chain(&self.verify)
    }
}
