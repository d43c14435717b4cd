//! `Cli`: the words of the command line.

mod backing;
mod changing;
mod global;
mod migrating;
mod reading;

use clap::{Parser, Subcommand};

pub use backing::{BackedArgs, BackupCommand, PruneBackupsArgs, RestoreArgs, VerifyArgs};
pub use changing::{ApplyArgs, DestroyArgs, DoArgs, LockCommand, OnFailure, PruneArgs, RecoverArgs, RollbackArgs};
pub use global::{Global, When};
pub use migrating::{BaselineArgs, DatabaseArgs, LintArgs, MigrateCommand, NewArgs, ProveArgs};
pub use reading::{
    CompletionsArgs, ExplainArgs, FmtArgs, GraphArgs, GraphFormat, HistoryArgs, InitArgs, LogsArgs, PickArgs, PlanArgs,
    ProblemFormat, ShowArgs, ValidateArgs,
};

/// Declarative deployments that end wholly before or wholly after.
#[derive(Debug, Parser)]
#[command(name = "omni", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// Words that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first deploy.toml
    Init(InitArgs),
    /// Check the spec; needs no engine
    Validate(ValidateArgs),
    /// Write the spec in its canonical form
    Fmt(FmtArgs),
    /// Print which thing requires which
    Graph(GraphArgs),
    /// Print what apply would do; changes nothing
    Plan(PlanArgs),
    /// Draw a plan file, a release, or in what two releases differ
    Show(ShowArgs),
    /// Do a plan; undo everything where a step fails
    Apply(ApplyArgs),
    /// Finish an apply that was cut off, or undo it
    Recover(RecoverArgs),
    /// Go to an older release; without --to list them
    Rollback(RollbackArgs),
    /// Print what runs, drift, the lock and an open apply
    Status,
    /// Print releases and figures
    History(HistoryArgs),
    /// Compare what runs with what was recorded; exit code 20 where they differ
    Drift,
    /// Print what serves and its fingerprint, to compare one moment with another
    Fingerprint,
    /// Look at the lock, or break it
    #[command(subcommand)]
    Lock(LockCommand),
    /// Look at migrations, try their ways back, write new ones
    #[command(subcommand)]
    Migrate(MigrateCommand),
    /// Make backups, try them, and restore one
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Remove what no kept release needs
    Prune(PruneArgs),
    /// Print the last lines of a service's containers
    Logs(LogsArgs),
    /// Check the engine, the store, the disk and the clock
    Doctor,
    /// Remove everything the project owns; volumes only on request
    Destroy(DestroyArgs),
    /// Explain an error code
    Explain(ExplainArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
    /// Print the JSON Schema of deploy.toml
    Schema,
}

impl Command {
    /// Whether it is to change something: the deployment, the lock, or a file.
    #[must_use]
    pub const fn changes(&self) -> bool {
        match self {
            Self::Init(_)
            | Self::Apply(_)
            | Self::Lock(LockCommand::Break { .. })
            | Self::Migrate(MigrateCommand::New(_))
            | Self::Backup(BackupCommand::Create(_)) => true,
            Self::Backup(BackupCommand::Restore(args)) => !args.dry_run,
            Self::Backup(BackupCommand::Prune(args)) => !args.dry_run,
            Self::Migrate(MigrateCommand::Baseline(args)) => !args.dry_run,
            Self::Fmt(args) => !args.check,
            Self::Recover(args) => !args.dry_run,
            Self::Rollback(args) => args.to.is_some() && !args.dry_run,
            Self::Prune(args) => !args.dry_run,
            Self::Destroy(args) => !args.dry_run,
            _ => false,
        }
    }
}
