//! What a spec says about deploying as such: `Policy`, `RollbackPolicy`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::raw::{RawHostPaths, RawPolicy, RawRollback};
use crate::units::Period;

/// What is allowed and what is demanded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Every image has to be named by its digest.
    pub require_digest: bool,
    /// The work tree has to be clean.
    pub require_clean_git: bool,
    /// The way back of every migration has to be proven before it is applied.
    pub require_proof: bool,
    /// Every database that is migrated has to be backed up before.
    pub require_backup: bool,
    /// Steps that lose data may be planned; they still need consent.
    pub allow_destructive: bool,
    /// Containers may have all rights on the host.
    pub allow_privileged: bool,
    /// Which folders of the host may be mounted, beside the spec's own.
    pub allow_host_paths: HostPaths,
}

/// Which folders of the host may be mounted, beside the spec's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostPaths {
    /// None.
    None,
    /// These, and everything below them.
    Under(BTreeSet<String>),
    /// All.
    All,
}

/// What a failed apply does, and which releases can be gone back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RollbackPolicy {
    /// How many releases are kept to go back to.
    pub retain: u32,
    /// For how long an old release is kept.
    pub window: Option<Period>,
    /// What a failed apply does.
    pub on_failure: OnFailure,
    /// What an interrupted apply does.
    pub on_interrupt: OnFailure,
}

/// What an apply does that cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Takes everything back.
    Undo,
    /// Stops where it is and leaves the apply open.
    Pause,
}

impl Policy {
    pub(super) fn of(raw: &RawPolicy) -> Self {
        Self {
            require_digest: raw.require_digest,
            require_clean_git: raw.require_clean_git,
            require_proof: raw.require_proof,
            require_backup: raw.require_backup,
            allow_destructive: raw.allow_destructive.unwrap_or(true),
            allow_privileged: raw.allow_privileged,
            allow_host_paths: match &raw.allow_host_paths {
                RawHostPaths::All(true) => HostPaths::All,
                RawHostPaths::All(false) => HostPaths::None,
                RawHostPaths::Under(paths) => HostPaths::Under(paths.clone()),
            },
        }
    }
}

impl RollbackPolicy {
    pub(super) fn of(raw: &RawRollback) -> Self {
        let word =
            |word: &Option<String>| if word.as_deref() == Some("pause") { OnFailure::Pause } else { OnFailure::Undo };
        Self {
            retain: raw.retain.unwrap_or(5),
            window: raw.window,
            on_failure: word(&raw.on_failure),
            on_interrupt: word(&raw.on_interrupt),
        }
    }
}
