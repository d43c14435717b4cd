//! `Global`: the words that every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::units::Period;

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
    /// The store: a file, as in `sqlite://.omni/omni.db`, or a server, as in `postgres://ci@db/omni`
    #[arg(long, value_name = "URL", env = "OMNI_STORE", hide_env_values = true, global = true)]
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
    pub lock_wait: Period,
    /// How long the steps may take in all; what is not done by then is undone
    #[arg(long, value_name = "TIME", value_parser = some_time, global = true)]
    pub timeout: Option<Period>,
}

/// A length of time that is one.
fn some_time(text: &str) -> Result<Period, String> {
    match text.parse::<Period>() {
        Ok(period) if period == Period::default() => Err("it is no time at all; leave it out for no bound".to_owned()),
        parsed => parsed.map_err(|wrong| wrong.to_string()),
    }
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
