//! `Cli`: the words of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::address::Address;

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

/// Words that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Run as if started in this folder
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// The spec
    #[arg(short, long, value_name = "FILE", default_value = "deploy.toml", global = true)]
    pub file: PathBuf,
    /// The environment, where the spec has several
    #[arg(long, value_name = "NAME", env = "OMNI_ENV", global = true)]
    pub env: Option<String>,
    /// A file of `NAME=value` lines; the process environment wins over it
    #[arg(long, value_name = "FILE", global = true)]
    pub env_file: Vec<PathBuf>,
    /// Switch services of this profile on
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Vec<String>,
    /// The file of the store, as in `sqlite://.omni/omni.db`
    #[arg(long, value_name = "URL", env = "OMNI_STORE", global = true)]
    pub store: Option<String>,
    /// The container engine, as in `DOCKER_HOST`
    #[arg(long, value_name = "URL", global = true)]
    pub engine: Option<String>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print plain lines even on a terminal
    #[arg(long, global = true)]
    pub plain: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: When,
    /// Never ask; a question becomes an error that names the flag
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Print results only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// How long to wait for the lock
    #[arg(long, value_name = "TIME", default_value = "0s", global = true)]
    pub lock_wait: crate::units::Period,
    /// How long the steps may take in all; what is not done by then is undone
    #[arg(long, value_name = "TIME", global = true)]
    pub timeout: Option<crate::units::Period>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
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
    /// Draw a plan file or a release
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
    /// Look at the lock, or break it
    #[command(subcommand)]
    Lock(LockCommand),
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

/// Words of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The project's name; the folder's where none
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// Words of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// How problems are printed
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: ProblemFormat,
}

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProblemFormat {
    /// For people
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands that annotate a pull request
    Github,
}

/// Words of `fmt`.
#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Write nothing; exit code 1 where the file is not canonical
    #[arg(long)]
    pub check: bool,
}

/// Words of `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// How the graph is printed
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub format: GraphFormat,
    /// Draw the graph of this plan file, with what is done at each thing
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

/// How a graph is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Mermaid
    Mermaid,
    /// Graphviz
    Dot,
    /// JSON
    Json,
}

/// What to plan, for `plan` and `apply`.
#[derive(Debug, Clone, Default, Args)]
pub struct PickArgs {
    /// The tag of the release; else the spec's version, git's description, or the time
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Only this and what it requires
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<Address>,
    /// Replace this even where nothing changed
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<Address>,
}

/// Words of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What to plan
    #[command(flatten)]
    pub pick: PickArgs,
    /// Write the plan to a file, to be reviewed and applied
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the plan as Markdown for a pull request
    #[arg(long, value_name = "FILE")]
    pub md: Option<PathBuf>,
    /// Exit code 10 where there are changes, 11 where one of them loses data
    #[arg(long)]
    pub exit_code: bool,
    /// Lines around a difference in a long text
    #[arg(short = 'U', long, value_name = "N", default_value_t = 3)]
    pub unified: usize,
    /// Also print what stays as it is
    #[arg(long)]
    pub full: bool,
}

/// Words of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A plan file, or the tag or number of a release; the latest release where none
    pub what: Option<String>,
    /// Print Markdown
    #[arg(long)]
    pub md: bool,
}

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
    /// A plan file; only that plan is done
    pub plan: Option<PathBuf>,
    /// What to plan, where no file is given
    #[command(flatten)]
    pub pick: PickArgs,
    /// Only do the plan with this id, as `omni plan` prints it
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
    /// The tag or number of the release to go to
    #[arg(long, value_name = "TAG")]
    pub to: Option<String>,
    /// Only print the plan
    #[arg(long)]
    pub dry_run: bool,
    /// Consent and bounds
    #[command(flatten)]
    pub doing: DoArgs,
}

/// Words of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Only what is not older
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub since: crate::units::Period,
    /// At most so many lines
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// The commands about the lock.
#[derive(Debug, Subcommand)]
pub enum LockCommand {
    /// Print who has it
    Status,
    /// Take it away from a holder that is gone
    Break {
        /// `omni lock status` prints the fence
        #[arg(long, value_name = "N")]
        fence: u64,
    },
}

/// Words of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// How many releases to keep; the spec's `rollback.retain` where none
    #[arg(long, value_name = "N")]
    pub keep: Option<u32>,
    /// Only print what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// Words of `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The service or job
    pub service: String,
    /// How many lines of each container
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    pub tail: usize,
    /// Go on as new lines come
    #[arg(long)]
    pub follow: bool,
}

/// Words of `destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Remove the volumes too, and all that is in them
    #[arg(long)]
    pub volumes: bool,
    /// Consent and bounds
    #[command(flatten)]
    pub doing: DoArgs,
}

/// Words of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code; all codes where none
    pub code: Option<String>,
}

/// Words of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}
