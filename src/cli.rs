//! Words from the user: the command line, one file per command, and the exit codes.
//!
//! It alone reads the environment and the clock, and knows which engine and which store there is. Everything below is
//! handed what it needs. `run` is the whole program.

mod applying;
pub mod args;
mod backed;
mod called;
mod commands;
mod consent;
mod console;
mod disk;
mod evidence;
mod exit;
mod failure;
mod failure_codes;
mod foreseeing;
mod fulfilling;
mod git;
mod histories;
mod holding;
mod identity;
mod lasting;
mod locking;
mod opened;
mod planning;
mod policy;
mod problems;
mod project;
mod proofs;
mod proving;
mod recovering;
#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub mod rehearsal;
mod signals;
mod store_place;
mod system_clock;
mod tag;
mod tail;
mod tidying;
mod undertaking;
mod wish;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use console::Console;
use failure::Failure;

use crate::plain;

pub use exit::Exit;

/// What to do about output that cannot be written.
const ELSEWHERE: &str = "make room, or send the output somewhere else, and run it again";

/// The whole program: words in, an exit code out.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() && asks_for_json() {
                let text = error.to_string();
                let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
                let failure = Failure::new(Exit::Usage, "omni::cli::usage", message).help("see `omni --help`");
                // What cannot be said to a closed pipe is lost.
                let _ = std::io::Write::write_all(&mut std::io::stderr(), failure.json().as_bytes());
                return Exit::Usage.into();
            }
            return said(&error);
        }
    };
    let console = Console::new(&cli.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new(Exit::Unusable, "omni::cli::runtime", error.to_string());
            draw(&failure, &console);
            return failure.exit().into();
        }
    };
    match runtime.block_on(dispatch(&cli, &console)) {
        Ok(exit) => heard(exit, cli.command.changes(), &console).into(),
        Err(failure) => {
            draw(&failure, &console);
            failure.exit().into()
        }
    }
}

/// The exit code of a command that ended with `exit`, once it is told where its results could not be written. What was
/// changed stays changed, so that is no failure of a command that changes something.
fn heard(exit: Exit, changes: bool, console: &Console) -> Exit {
    let Some(why) = console.unwritten() else { return exit };
    if changes {
        console.warn(&format!("warning: {}\n", unheard(why)));
        return exit;
    }
    let failure = Failure::new(Exit::Unusable, "omni::cli::output", unheard(why)).help(ELSEWHERE);
    draw(&failure, console);
    failure.exit()
}

fn unheard(why: &str) -> String {
    format!("standard output cannot be written, so what omni printed is not complete: {why}")
}

/// Prints help, or what is wrong with the words, which repeats some of them.
fn said(error: &clap::Error) -> ExitCode {
    // Printing help to a closed pager is no failure.
    if error.use_stderr() && error.to_string().chars().any(|c| c != '\n' && plain::is_hidden(c)) {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), plain::coloured(&error.to_string()).as_bytes());
    } else if let Err(unwritten) = error.print()
        && unwritten.kind() != std::io::ErrorKind::BrokenPipe
        && !error.use_stderr()
    {
        let text = format!("error[omni::cli::output]: {}\n  help: {ELSEWHERE}\n", unheard(&unwritten.to_string()));
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        return Exit::Unusable.into();
    }
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

/// Whether the words ask for JSON, though they are not understood as a whole.
fn asks_for_json() -> bool {
    std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json")
}

async fn dispatch(cli: &Cli, console: &Console) -> Result<Exit, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Init(args) => commands::init::run(global, args, console),
        Command::Validate(args) => commands::validate::run(global, args, console),
        Command::Fmt(args) => commands::fmt::run(global, args, console),
        Command::Graph(args) => commands::graph::run(global, args, console),
        Command::Plan(args) => commands::plan::run(global, args, console).await,
        Command::Show(args) => commands::show::run(global, args, console).await,
        Command::Apply(args) => Box::pin(commands::apply::run(global, args, console)).await,
        Command::Recover(args) => commands::recover::run(global, args, console).await,
        Command::Rollback(args) => commands::rollback::run(global, args, console).await,
        Command::Status => commands::status::run(global, console).await,
        Command::History(args) => commands::history::run(global, args, console).await,
        Command::Drift => commands::drift::run(global, console).await,
        Command::Fingerprint => commands::fingerprint::run(global, console).await,
        Command::Lock(command) => commands::lock::run(global, command, console).await,
        Command::Migrate(command) => commands::migrate::run(global, command, console).await,
        Command::Backup(command) => commands::backup::run(global, command, console).await,
        Command::Prune(args) => commands::prune::run(global, args, console).await,
        Command::Logs(args) => commands::logs::run(global, args, console).await,
        Command::Doctor => commands::doctor::run(global, console).await,
        Command::Destroy(args) => commands::destroy::run(global, args, console).await,
        Command::Explain(args) => commands::explain::run(args, console),
        Command::Completions(args) => Ok(commands::completions::run(args, console)),
        Command::Man => commands::man::run(console),
        Command::Schema => {
            console.print(&crate::spec::schema());
            Ok(Exit::Done)
        }
    }
}

fn draw(failure: &Failure, console: &Console) {
    match failure {
        _ if console.json => console.warn(&failure.json()),
        Failure::Spec(found) => console.warn(&problems::drawn(found, console)),
        Failure::Told(told) => console.warn(&told.draw()),
    }
}
