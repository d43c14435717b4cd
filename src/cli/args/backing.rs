//! The words of `omni backup`.

use clap::{Args, Subcommand};

use crate::address::Address;

/// The commands about backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make a backup of each database, and try it
    Create(BackedArgs),
    /// Print which backups there are, and how each was tried; asks no database
    List(BackedArgs),
    /// Restore backups into scratch databases, compare them, and note how long that took
    Verify(VerifyArgs),
    /// Put what is in a backup in the place of what is there, after a backup of that
    Restore(RestoreArgs),
    /// Remove the backups that `keep` of the spec does not ask for
    Prune(PruneBackupsArgs),
}

/// Which databases.
#[derive(Debug, Args)]
pub struct BackedArgs {
    /// Only these databases; all that have `[backups]` where none is named
    #[arg(value_name = "DATABASE")]
    pub databases: Vec<String>,
}

/// Words of `backup verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// These backups; the newest of each database where none is named
    #[arg(value_name = "BACKUP")]
    pub backups: Vec<String>,
    /// Every backup
    #[arg(long, conflicts_with = "backups")]
    pub all: bool,
    /// Only read them back, and compare their hashes
    #[arg(long)]
    pub checksum: bool,
}

/// Words of `backup restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup, as `omni backup list` prints it; the start of its name will do
    pub backup: String,
    /// Another database of the spec; or `scratch`: a new one beside, to look into
    #[arg(long, value_name = "DATABASE")]
    pub to: Option<String>,
    /// End the sessions of whoever is connected; else nothing is restored while anybody is
    #[arg(long)]
    pub disconnect: bool,
    /// Agree to what is replaced: `database.NAME`
    #[arg(long, value_name = "DATABASE")]
    pub allow_loss: Vec<Address>,
    /// Only print what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// Words of `backup prune`.
#[derive(Debug, Args)]
pub struct PruneBackupsArgs {
    /// Which databases
    #[command(flatten)]
    pub of: BackedArgs,
    /// Only print what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}
