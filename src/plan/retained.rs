//! `retained`.

/// To come.
#[derive(Debug)]
pub struct Retained;
/// To come.
pub fn retained() {}
