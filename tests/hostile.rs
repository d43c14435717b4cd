//! What strangers write: specs, plan files, paths and texts that were made to harm.

#[path = "hostile/judge.rs"]
mod judge;
#[path = "hostile/malformed.rs"]
mod malformed;
#[path = "hostile/mutator.rs"]
mod mutator;
