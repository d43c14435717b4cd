//! `omni backup`: backups are made, listed, tried, restored and removed.

mod create;
mod list;
mod prune;
mod restore;
mod verify;

use crate::cli::Exit;
use crate::cli::args::{BackupCommand, Global};
use crate::cli::backed::Backed;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::plain::plain;
use crate::provider::Fault;
use crate::provider::backup::{Manifest, size};
use crate::report::{BackupDamage, BackupFacts, BackupTrial};
use crate::resource::Verify;

pub(crate) async fn run(global: &Global, command: &BackupCommand, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    match command {
        BackupCommand::Create(args) => create::run(&project, global, args, console).await,
        BackupCommand::List(args) => list::run(&project, args, console).await,
        BackupCommand::Verify(args) => verify::run(&project, args, console).await,
        BackupCommand::Restore(args) => restore::run(&project, global, args, console).await,
        BackupCommand::Prune(args) => prune::run(&project, global, args, console).await,
    }
}

/// What is told of a backup.
fn facts(of: &Backed, made: &Manifest) -> BackupFacts {
    BackupFacts {
        name: made.name.clone(),
        database: made.database.clone(),
        made_by: made.made_by.clone(),
        at: made.at,
        took_ms: made.took,
        path: format!("{}/{}", of.backup.dir, made.file),
        size: made.size,
        size_text: size(made.size),
        sha256: made.sha256.to_string(),
        server: made.server.clone(),
        tools: made.tools.clone(),
        tables: made.content.rows.len(),
        rows: made.content.rows.values().sum(),
        schema: made.content.schema.to_string(),
        migrations: made.migrations.clone(),
        is_encrypted: !made.recipients.is_empty(),
        is_empty: made.is_empty,
        verified: made.verified.map(|verified| BackupTrial {
            at: verified.at,
            how: how(verified.how).to_owned(),
            took_ms: verified.took,
        }),
    }
}

const fn how(verify: Verify) -> &'static str {
    match verify {
        Verify::Restore => "restore",
        Verify::Checksum => "checksum",
    }
}

/// What is told of one that is not as it was written.
fn damage(of: &Backed, name: Option<&str>, fault: &Fault) -> BackupDamage {
    BackupDamage {
        database: of.known.name.clone(),
        name: name.map(str::to_owned),
        code: fault.code.unwrap_or("omni::database::failed").to_owned(),
        message: plain(&fault.message),
        help: fault.help.clone(),
    }
}

/// Hears how far something long has come.
fn hear<'a>(console: &'a Console, of: &'a Backed) -> impl Fn(String) + Send + Sync + 'a {
    move |line| console.step(&format!("{}: {line}", of.known.name))
}
