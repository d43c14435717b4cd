//! The words of `omni migrate`.

use clap::{Args, Subcommand};

use crate::cli::args::reading::ProblemFormat;

/// The commands about migrations.
#[derive(Debug, Subcommand)]
pub enum MigrateCommand {
    /// Print which migrations are applied, pending, edited or half applied
    Status(DatabaseArgs),
    /// Print what is dangerous in the scripts, applied or not; asks no database
    Lint(LintArgs),
    /// Run the pending migrations up and back on a scratch copy, and print what each way back is worth
    Prove(ProveArgs),
    /// Write into the ledger of a database that has none which migrations its tables came from
    Baseline(BaselineArgs),
    /// Make the files of a new migration
    New(NewArgs),
}

/// Which database.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// Only this database
    #[arg(long, value_name = "NAME")]
    pub db: Option<String>,
}

/// Words of `migrate lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Which database
    #[command(flatten)]
    pub of: DatabaseArgs,
    /// How findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ProblemFormat,
}

/// Words of `migrate prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    /// Which database
    #[command(flatten)]
    pub of: DatabaseArgs,
    /// A PostgreSQL server that is there for nothing else, to make the scratch database on; else a container of the
    /// service that runs the database, or the database's own server
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub scratch: Option<String>,
    /// All migrations from an empty database on, also those that are applied
    #[arg(long)]
    pub all: bool,
}

/// Words of `migrate baseline`.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// The newest migration whose work is in the database already
    pub name: String,
    /// Which database
    #[command(flatten)]
    pub of: DatabaseArgs,
    /// Only print what would be written
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Words of `migrate new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// What it is about: `add_tax`
    pub name: String,
    /// Which database
    #[command(flatten)]
    pub of: DatabaseArgs,
}
