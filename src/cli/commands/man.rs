//! `omni man`: the manual page.

use clap::CommandFactory;

use crate::cli::Exit;
use crate::cli::args::Cli;
use crate::cli::console::Console;
use crate::cli::failure::Failure;

pub(crate) fn run(console: &Console) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(|error| Failure::new(Exit::Unusable, "omni::man::unwritable", error.to_string()))?;
    console.print(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
