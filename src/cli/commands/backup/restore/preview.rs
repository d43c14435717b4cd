//! `Preview`: what restoring a backup would do, before it is done.

use std::collections::BTreeSet;

use crate::cli::args::RestoreArgs;
use crate::cli::backed::{Backed, Reached};
use crate::cli::failure::Failure;
use crate::cli::histories::{connect, failed};
use crate::migration::Dialect;
use crate::plain::plain;
use crate::provider::FaultKind;
use crate::provider::backup::{Manifest, is_unreadable, size};
use crate::provider::database::Target;
use crate::provider::site::Known;
use crate::report;

/// How many migrations are named.
const NAMED: usize = 5;

/// What restoring a backup would do.
pub(super) struct Preview<'a> {
    /// Whose backup it is.
    pub(super) of: &'a Backed,
    /// The backup.
    pub(super) made: &'a Manifest,
    /// The database it is restored into.
    pub(super) into: &'a Known,
    /// How many tables are replaced.
    pub(super) tables: usize,
    /// The migrations that are applied now, and not in the backup.
    pub(super) pending: Vec<String>,
    /// What is there, as far as it can be used.
    pub(super) found: Found,
    server: String,
}

/// What is there of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A database.
    Whole,
    /// Nothing.
    Nothing,
    /// A file that cannot be read as one.
    Broken,
}

impl<'a> Preview<'a> {
    /// Looks at the database. One that is not there is an empty one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn new(
        of: &'a Backed,
        made: &'a Manifest,
        into: &'a Known,
        reached: &Reached,
    ) -> Result<Self, Failure> {
        let (tables, pending, server) = (0, Vec::new(), made.server.clone());
        let mut preview = Self { of, made, into, tables, pending, found: Found::Whole, server };
        let looking = Target { is_look: true, ..reached.target.clone() };
        let mut session = match connect().connect(&looking).await {
            Err(fault) if fault.kind == FaultKind::NotFound => {
                return Ok(Self { found: Found::Nothing, ..preview });
            }
            Err(fault) if is_unreadable(&fault) => return Ok(Self { found: Found::Broken, ..preview }),
            session => session.map_err(failed)?,
        };
        session.facts().version.clone_into(&mut preview.server);
        preview.tables = session.catalogue(&[]).await.map_err(failed)?.tables();
        if let Some(ledger) = &into.database.ledger {
            let rows = session.ledger(ledger).await.map_err(failed)?.unwrap_or_default();
            let known: BTreeSet<_> = made.migrations.iter().collect();
            let applied = ledger.entries(&rows, &into.scripts).into_iter().map(|entry| entry.version);
            preview.pending = applied.filter(|version| !known.contains(version)).collect();
        }
        Ok(preview)
    }

    /// Whether nothing is replaced.
    pub(super) const fn is_empty(&self) -> bool {
        self.tables == 0 && !matches!(self.found, Found::Broken)
    }

    /// What would be done, in lines.
    pub(super) fn text(&self, args: &RestoreArgs) -> String {
        let replaced = match self.tables {
            _ if self.found == Found::Nothing => "is not there: it is made".to_owned(),
            _ if self.found == Found::Broken => "cannot be read: the file is moved aside, without a backup".to_owned(),
            0 => "has no table: nothing is replaced".to_owned(),
            1 => "1 table is replaced, after a backup of it".to_owned(),
            count => format!("{count} tables are replaced, after a backup of them"),
        };
        let made = self.made;
        let tried = match made.verified {
            Some(tried) if made.is_restorable() => {
                format!("restored and compared in {}", report::took(std::time::Duration::from_millis(tried.took)))
            }
            _ => "never restored yet: it is compared before anything is replaced".to_owned(),
        };
        let others = match (args.disconnect, made.dialect) {
            (true, Dialect::Postgres) => "sessions of others are ended",
            _ => "nothing is restored while others are connected",
        };
        format!(
            "database.{}   {}   {replaced}\n  from   {}   {}   {}   {tried}\n{}  {others}\n",
            plain(&self.into.name),
            plain(&self.server),
            plain(&made.name),
            report::moment(made.at),
            size(made.size),
            self.since(),
        )
    }

    /// What becomes of the migrations that were applied since.
    pub(super) fn since(&self) -> String {
        if self.pending.is_empty() {
            return String::new();
        }
        let named: Vec<_> = self.pending.iter().take(NAMED).map(|version| plain(version)).collect();
        let more = self.pending.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("  applied since the backup, so pending again: {}{more}\n", named.join(", "))
    }
}
