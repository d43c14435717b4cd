//! The program `omni`: words in, an exit code out.

fn main() {}
