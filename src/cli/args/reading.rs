//! The words of the commands that leave what is deployed as it is.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::address::Address;
use crate::units::Period;

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
    /// Make no backup before migrations; what only a backup takes back cannot be taken back then
    #[arg(long)]
    pub skip_backup: bool,
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
    /// Another release: print what has to change to come from the first to this one
    #[arg(conflicts_with = "md")]
    pub to: Option<String>,
    /// Print Markdown
    #[arg(long)]
    pub md: bool,
}

/// Words of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Only what is not older
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub since: Period,
    /// At most so many lines
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
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
