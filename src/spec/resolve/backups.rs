//! Backups: where each database's are kept, for how long, and how they are tried.

use super::Resolver;
use crate::address::Kind;
use crate::resource::{Backup, Resource};
use crate::spec::raw::RawBackup;
use crate::spec::tree::{self, below};
use crate::units::Period;

/// The folder of backups where none is given.
const FOLDER: &str = "backups";

const DAY: u64 = 24 * 60 * 60;

impl Resolver<'_> {
    pub(super) fn backup(&mut self, database: &str, raw: &RawBackup) {
        let at = tree::path(&["backups", database]);
        let dir = self.inside(raw.dir.as_deref().unwrap_or(FOLDER), &below(&at, "dir"));
        let backup = Backup {
            database: database.to_owned(),
            dir: dir.unwrap_or_default(),
            keep_last: raw.keep.last,
            keep_for: raw.keep.days.map(|days| Period::seconds(u64::from(days) * DAY)),
            encrypt_to: raw.encrypt_to.clone(),
            verify: raw.verify.unwrap_or_default(),
        };
        self.keep(Kind::Backup, database, &["backups", database], Resource::Backup(Box::new(backup)));
    }

    /// Whether a database is backed up before it is migrated.
    pub(super) fn is_backed_up(&self, database: &str) -> bool {
        let raw = self.raw.shared.backups.get(database);
        raw.is_some_and(|raw| raw.before.as_ref().is_none_or(|before| before.iter().any(|word| word == "migrate")))
    }
}
