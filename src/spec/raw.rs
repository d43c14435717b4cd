//! The spec as written: one plain type per table of deploy.toml, and nothing else.
//!
//! The comments on these types are the descriptions that an editor shows, and the JSON Schema made from them is the
//! only list of keys there is: `check` walks a spec along it. Defaults are filled in by `resolve`, never here.

mod container;
mod database;
mod joined;
mod named;
mod parts;
mod project;
mod service;
mod text;
mod union;
mod variable;

pub(super) use container::{RawBuild, RawContainer};
pub(super) use database::{RawBackup, RawDatabase, RawMigrations};
pub(super) use parts::{RawLimits, RawReservations};
pub(super) use project::{
    RawEnvironment, RawHostPaths, RawNetwork, RawOverlay, RawPolicy, RawRollback, RawSpec, RawVolume,
};
pub(super) use service::{RawHandler, RawHealth, RawJob, RawService, RawUpdate};
pub(super) use union::{Scalar, Words, has_name};
pub(super) use variable::{RawVariable, VariableLevel, VariableType};
