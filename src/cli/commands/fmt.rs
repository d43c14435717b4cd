//! `omni fmt`: writes the spec in its canonical form.

use crate::cli::Exit;
use crate::cli::args::{FmtArgs, Global};
use crate::cli::console::Console;
use crate::cli::disk;
use crate::cli::failure::Failure;
use crate::cli::project;
use crate::spec;

pub(crate) fn run(global: &Global, args: &FmtArgs, console: &Console) -> Result<Exit, Failure> {
    let path = project::path(global);
    let text = project::read(&path)?;
    let canonical = spec::format(&text)?;
    if canonical == text {
        return Ok(Exit::Done);
    }
    if args.check {
        console.print(&format!("{} is not in canonical form\nnext: omni fmt\n", path.display()));
        return Ok(Exit::Undone);
    }
    disk::write(&path, &canonical)?;
    console.note(&format!("Wrote {}.\n", path.display()));
    Ok(Exit::Done)
}
