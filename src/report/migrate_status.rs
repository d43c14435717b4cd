//! Histories of databases: what was applied, what is pending, and what is not as it should be.

use serde::Serialize;
use serde_json::json;

use crate::migration::Layout;
use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::table::{padded, width};
use crate::report::words;

/// What one database says of its migrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryStatus {
    /// Its name in deploy.toml.
    pub database: String,
    /// What runs; none where it did not answer.
    pub version: Option<String>,
    /// The tool its ledger belongs to.
    pub layout: Layout,
    /// The ledger as `schema.table`; none where the database did not answer.
    pub table: Option<String>,
    /// Whether the ledger is there.
    pub has_ledger: bool,
    /// Whether the database has no table that somebody made.
    pub is_empty: bool,
    /// Its migrations, in the order of their tool; those without a script last.
    pub migrations: Vec<MigrationStatus>,
    /// Why it could not be asked; none where it was.
    pub silent: Option<String>,
}

/// What a database says of one migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationStatus {
    /// Its name; its version where it has no script.
    pub name: String,
    /// Its version as the ledger has it.
    pub version: String,
    /// How far it is.
    #[serde(rename = "is")]
    pub progress: Progress,
    /// The apply of omni that ran it; none where another tool did, or nobody.
    pub op: Option<String>,
    /// Whether it has a way back.
    pub has_down: bool,
}

/// How far a migration is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It is applied.
    Applied,
    /// It is not.
    Pending,
    /// It is not, and later ones are.
    OutOfOrder,
    /// It is by half: why.
    Half(String),
    /// It is applied, and its script was edited afterwards.
    Edited,
    /// It is applied, and has no script here.
    Missing,
}

impl Progress {
    fn words(&self) -> String {
        match self {
            Self::Applied => "applied".to_owned(),
            Self::Pending => "pending".to_owned(),
            Self::OutOfOrder => "pending, and later ones are applied".to_owned(),
            Self::Half(why) => format!("HALF APPLIED: {}", plain(why)),
            Self::Edited => "applied, and edited afterwards".to_owned(),
            Self::Missing => "applied, and has no script here".to_owned(),
        }
    }

    const fn tone(&self) -> Tone {
        match self {
            Self::Applied => Tone::Good,
            Self::Pending => Tone::Busy,
            Self::OutOfOrder | Self::Edited | Self::Missing => Tone::Warn,
            Self::Half(_) => Tone::Bad,
        }
    }
}

/// The histories as people read them, ending with a newline.
#[must_use]
pub fn migrate_status(found: &[HistoryStatus], style: &Style) -> String {
    let sections: Vec<_> = found.iter().map(|one| section(one, style).join("\n") + "\n").collect();
    fitted(&sections.join("\n"), style)
}

fn section(one: &HistoryStatus, style: &Style) -> Vec<String> {
    let name = style.paint(Tone::Strong, &format!("database.{}", plain(&one.database)));
    if let Some(why) = &one.silent {
        return vec![format!("{name}   {}", style.paint(Tone::Bad, &format!("cannot be asked: {}", plain(why))))];
    }
    let version = plain(one.version.as_deref().unwrap_or_default());
    let table = plain(one.table.as_deref().unwrap_or_default());
    let ledger = match (one.has_ledger, one.is_empty) {
        (true, _) => format!("ledger {table} ({})", one.layout),
        (false, true) => format!("no ledger yet: the first migration makes {table} ({})", one.layout),
        (false, false) => "tables, and NO ledger: `omni migrate baseline NAME` says where it is".to_owned(),
    };
    let mut lines = vec![format!("{name}   {version}   {ledger}")];
    let longest = one.migrations.iter().map(|one| width(&plain(&one.name))).max().unwrap_or_default().min(40);
    for migration in &one.migrations {
        let by = migration.op.as_ref().map_or(String::new(), |op| format!("   by {}", plain(op)));
        let down = if migration.has_down || migration.progress == Progress::Missing { "" } else { "   no down" };
        let said = style.paint(migration.progress.tone(), &migration.progress.words());
        lines.push(format!("  {}  {said}{by}{down}", padded(&plain(&migration.name), longest)));
    }
    let pending = one.migrations.iter().filter(|one| matches!(one.progress, Progress::Pending | Progress::OutOfOrder));
    let pending = pending.count();
    lines.push(format!("  {}, {pending} pending", words::count(one.migrations.len(), "migration")));
    lines
}

/// The histories for programs, indented, ending with a newline. The `format` is `omni.migrate-status/1`.
#[must_use]
pub fn migrate_status_json(found: &[HistoryStatus]) -> String {
    format!("{:#}\n", json!({ "format": "omni.migrate-status/1", "databases": found }))
}
