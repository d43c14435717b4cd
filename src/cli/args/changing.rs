//! The words of the commands that change what is deployed, or the lock.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::address::Address;
use crate::cli::args::reading::PickArgs;

/// Consent and bounds of everything that changes something.
#[derive(Debug, Clone, Args)]
pub struct DoArgs {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Agree to what this step loses
    #[arg(long, value_name = "STEP")]
    pub allow_loss: Vec<Address>,
    /// How many steps may run at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,
}

/// Words of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// A plan file; only that plan is done, and without a question: it was reviewed
    pub plan: Option<PathBuf>,
    /// What to plan, where no file is given
    #[command(flatten)]
    pub pick: PickArgs,
    /// Only do the plan with this id, as `omni plan` prints it; without a question: it was reviewed
    #[arg(long, value_name = "ID")]
    pub plan_id: Option<String>,
    /// Consent and bounds
    #[command(flatten)]
    pub doing: DoArgs,
    /// What happens when a step fails
    #[arg(long, value_name = "WHAT", default_value = "undo")]
    pub on_failure: OnFailure,
}

/// What happens where a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnFailure {
    /// Undo everything, newest first
    Undo,
    /// Stop there, and leave the apply open
    Pause,
}

/// Words of `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// Finish the apply
    #[arg(long, conflicts_with = "back")]
    pub forward: bool,
    /// Undo the apply
    #[arg(long)]
    pub back: bool,
    /// Close the apply as it stands, done or not; the next plan starts from what is there
    #[arg(long, conflicts_with_all = ["forward", "back", "dry_run"])]
    pub accept: bool,
    /// Only print what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// How many steps may run at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallel: u16,
}

/// Words of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The tag or number of the release to go to; `tag:17` and `release:17` say which
    #[arg(long, value_name = "TAG")]
    pub to: Option<String>,
    /// Make no backup before migrations; what only a backup takes back cannot be taken back then
    #[arg(long)]
    pub skip_backup: bool,
    /// Only print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// Consent and bounds
    #[command(flatten)]
    pub doing: DoArgs,
}

/// The commands about the lock.
#[derive(Debug, Subcommand)]
pub enum LockCommand {
    /// Print who has it
    Status,
    /// Take it away from a holder that is gone; one that is proven to live keeps it
    Break {
        /// `omni lock status` prints the fence
        #[arg(long, value_name = "N")]
        fence: u64,
        /// Do not ask, where its holder cannot be seen from here and has its lease
        #[arg(short, long)]
        yes: bool,
    },
}

/// Words of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// How many releases to keep; the spec's `rollback.retain` where none
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// Only print what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short = 'y', long)]
    pub yes: bool,
}

/// Words of `destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Remove the volumes too, and all that is in them
    #[arg(long)]
    pub volumes: bool,
    /// Only print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// Consent and bounds
    #[command(flatten)]
    pub doing: DoArgs,
}
