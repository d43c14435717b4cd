//! `PlanFile`.

/// To come.
#[derive(Debug)]
pub struct PlanFile;
/// To come.
#[derive(Debug)]
pub struct PlanFileError;
