//! `Job`: a container that runs once and has to end with exit code 0.

use serde::{Deserialize, Serialize};

use crate::resource::container::Container;
use crate::template::Template;
use crate::units::Period;

/// A container that runs once. It runs again when anything about it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What its container is.
    pub container: Container,
    /// How long it may run.
    pub timeout: Period,
    /// The command that takes its effect back, run in a container of the same make.
    pub rollback: Option<Vec<Template>>,
    /// Whether it leaves anything behind outside its container. One that does and has no `rollback` is one-way.
    pub side_effects: bool,
}
