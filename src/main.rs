//! The program `omni`: words in, an exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    omni::cli::run()
}
