//! `Refusal`.

/// To come.
#[derive(Debug)]
pub struct Refusal;
