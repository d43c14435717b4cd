//! `Plan::build`.

/// To come.
#[derive(Debug)]
pub struct Inputs;
/// To come.
#[derive(Debug)]
pub struct Selection;
