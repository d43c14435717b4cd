//! `omni completions`: completions for a shell.

use clap::CommandFactory;

use crate::cli::Exit;
use crate::cli::args::{Cli, CompletionsArgs};
use crate::cli::console::Console;

pub(crate) fn run(args: &CompletionsArgs, console: &Console) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "omni", &mut text);
    console.print(&String::from_utf8_lossy(&text));
    Exit::Done
}
