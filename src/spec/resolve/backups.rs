//! Backups: where each database's are kept, for how long, and how they are tried.

use std::path::Path;

use super::{Resolver, place};
use crate::address::Kind;
use crate::resource::{Backup, Resource};
use crate::spec::problem::Problem;
use crate::spec::raw::RawBackup;
use crate::spec::tree::{self, Value, below};
use crate::units::Period;

/// The folder of backups where none is given.
const FOLDER: &str = "backups";

const DAY: u64 = 24 * 60 * 60;

impl Resolver<'_> {
    pub(super) fn backup(&mut self, database: &str, raw: &RawBackup) {
        let at = tree::path(&["backups", database]);
        let dir = self.inside(raw.dir.as_deref().unwrap_or(FOLDER), &below(&at, "dir"));
        if let Some(dir) = &dir {
            self.apart(dir, &below(&at, "dir"));
        }
        let encrypt_at = below(&at, "encrypt_to");
        // What was refused of a list is not in it any more.
        let written = self.tree.at(&encrypt_at).map(|node| &node.value);
        if matches!(written, Some(Value::List(list)) if list.is_empty()) {
            let message = format!("`{}` names nobody, so the backups are not encrypted", tree::joined(&encrypt_at));
            let problem = Problem::warning("omni::spec::not_encrypted", &encrypt_at, message);
            self.report(problem.help("name an age recipient, `age1…`, or leave it out"), &encrypt_at, "no recipient");
        }
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

    /// Refuses a folder of backups in which migrations lie, or that lies among them.
    fn apart(&mut self, dir: &str, at: &[String]) {
        let among = |migrations: &str| migrations == "." || Path::new(dir).starts_with(migrations);
        let folders = self.raw.shared.migrations.values().filter_map(|raw| place::inside(raw.dir.as_deref()?));
        let Some(migrations) = folders.into_iter().find(|folder| among(folder)) else { return };
        let message = format!("`{}` is among the migrations in `{migrations}`", tree::joined(at));
        let problem = Problem::error("omni::spec::conflict", at, message);
        self.report(problem.help("put the backups into a folder of their own"), at, "no migration");
    }

    /// Whether a database is backed up before it is migrated.
    pub(super) fn is_backed_up(&self, database: &str) -> bool {
        let raw = self.raw.shared.backups.get(database);
        raw.is_some_and(|raw| raw.before.as_ref().is_none_or(|before| before.iter().any(|word| word == "migrate")))
    }
}
