//! Backups: those that there are, with what is in each and how it was tried.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::table::{Column, Table, cell};
use crate::report::{time, words};

/// What is known of one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupFacts {
    /// Its name.
    pub name: String,
    /// The database, by its name in deploy.toml.
    pub database: String,
    /// The apply that made it; `manual`, or `before-restore`, where none did.
    pub made_by: String,
    /// When it was begun, by the clock of the database.
    pub at: Timestamp,
    /// How long making it took, in milliseconds.
    pub took_ms: u64,
    /// Where its file lies.
    pub path: String,
    /// The size of that file, in bytes.
    pub size: u64,
    /// The same for people.
    #[serde(skip)]
    pub size_text: String,
    /// The SHA-256 of that file.
    pub sha256: String,
    /// What ran the database: `PostgreSQL 15.18`.
    pub server: String,
    /// The programs that dumped it; none where none were needed, or nobody noted it.
    pub tools: Option<String>,
    /// How many tables are in it.
    pub tables: usize,
    /// How many rows these have.
    pub rows: u64,
    /// The fingerprint of its schema.
    pub schema: String,
    /// The migrations that were applied, by the ledger.
    pub migrations: Vec<String>,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// Whether no table has a row in it, beside the ledger: it does not count for `keep`.
    pub is_empty: bool,
    /// How it was tried last; none where it never was.
    pub verified: Option<BackupTrial>,
}

/// How a backup was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupTrial {
    /// When.
    pub at: Timestamp,
    /// `restore` or `checksum`.
    pub how: String,
    /// How long it took, in milliseconds: how long a recovery takes, where it was restored.
    pub took_ms: u64,
}

/// A backup that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupDamage {
    /// The database, by its name in deploy.toml.
    pub database: String,
    /// The backup; none where the message tells.
    pub name: Option<String>,
    /// The stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The reader's next act.
    pub help: Option<String>,
}

impl BackupFacts {
    fn remarks(&self) -> &'static str {
        match (self.is_encrypted, self.is_empty) {
            (true, true) => "encrypted, empty",
            (true, false) => "encrypted",
            (false, true) => "empty",
            (false, false) => "",
        }
    }

    fn tried(&self) -> (Tone, String) {
        match &self.verified {
            None => (Tone::Warn, "never tried".to_owned()),
            Some(trial) if trial.how == "restore" => {
                let took = time::took(Duration::from_millis(trial.took_ms));
                (Tone::Good, format!("restored in {took}"))
            }
            Some(_) => (Tone::Normal, "read back only".to_owned()),
        }
    }
}

/// The backups as people read them, those of one database oldest first, ending with a newline.
#[must_use]
pub fn backup_list(found: &[BackupFacts], damaged: &[BackupDamage], style: &Style) -> String {
    if found.is_empty() && damaged.is_empty() {
        return "No backup yet.\nnext: omni backup create\n".to_owned();
    }
    let mut lines = if found.is_empty() { Vec::new() } else { backup_table(found, style) };
    lines.extend(damaged.iter().map(|one| {
        let said = format!("DAMAGED: database.{}: {}", plain(&one.database), plain(&one.message));
        style.paint(Tone::Bad, &said)
    }));
    lines.push(words::count(found.len(), "backup"));
    fitted(&(lines.join("\n") + "\n"), style)
}

fn backup_table(found: &[BackupFacts], style: &Style) -> Vec<String> {
    let mut table = Table::new(&[
        Column { gap: 0, ..Column::left("backup") },
        // The name says it too.
        Column::left("when").dropped(4),
        Column::right("size").dropped(1),
        Column::right("rows").dropped(2),
        Column::left("").dropped(3),
        Column::left("tried"),
    ]);
    for one in found {
        let (tone, tried) = one.tried();
        table.row(vec![
            cell(Tone::Strong, plain(&one.name)),
            cell(Tone::Normal, time::moment(one.at)),
            cell(Tone::Normal, one.size_text.clone()),
            cell(Tone::Normal, one.rows.to_string()),
            cell(Tone::Normal, one.remarks()),
            cell(tone, tried),
        ]);
    }
    table.lines(style)
}

/// Backups for programs, indented, ending with a newline. The `format` is `omni.backup-WHAT/1`; `more` is what else
/// there is to say.
#[must_use]
pub fn backups_json(
    what: &str,
    found: &[BackupFacts],
    damaged: &[BackupDamage],
    more: &[(&str, serde_json::Value)],
) -> String {
    let mut document = json!({ "format": format!("omni.backup-{what}/1"), "backups": found, "damaged": damaged });
    for (key, value) in more {
        document[*key] = value.clone();
    }
    format!("{document:#}\n")
}
