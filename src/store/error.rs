//! `StoreError`: why the store cannot be used.

use thiserror::Error;

use crate::fingerprint::Fingerprint;
use crate::journal::IllegalRecord;

/// Why the store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file or its folder cannot be read or written: no room, no rights, no disk.
    #[error("cannot use the store `{place}`: {why}")]
    Unusable {
        /// Where it is.
        place: String,
        /// What the system said.
        why: String,
    },
    /// The server that keeps it cannot be reached, or does not do what is asked of it.
    #[error("cannot use the store `{place}`: {why}")]
    Server {
        /// Where it is, without the password.
        place: Box<str>,
        /// What it said, or what was found.
        why: Box<str>,
        /// The reader's next act.
        help: Box<str>,
    },
    /// It was written by a newer omni.
    #[error("the store is of version {found}, and this omni reads up to {known}")]
    TooNew {
        /// The version it has.
        found: i64,
        /// The newest version this omni knows.
        known: i64,
    },
    /// It belongs to another deployment.
    #[error("the store belongs to `{found}`, not to `{wanted}`")]
    Foreign {
        /// The deployment it belongs to.
        found: String,
        /// The deployment that was asked for.
        wanted: String,
    },
    /// Its content is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Its journal holds a record out of turn.
    #[error("the journal is damaged: {0}")]
    Journal(#[from] IllegalRecord),
    /// Another process has the lock now.
    #[error("the lock was lost: fence {0} is not the one that holds it")]
    FenceLost(u64),
    /// An apply is already open.
    #[error("an apply is already open")]
    AlreadyOpen,
    /// The key of a store with releases is the key of what they deployed.
    #[error("the store has releases already, so it keeps its key")]
    HasReleases,
    /// There is no such apply, release or lock.
    #[error("the store has no {0}")]
    Absent(String),
    /// It does not hold the content of a file.
    #[error("the store does not hold the file with the SHA-256 {0}")]
    NoFile(Fingerprint),
}

impl StoreError {
    /// The stable code: `omni::store::damaged`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unusable { .. } => "omni::store::unusable",
            Self::Server { .. } => "omni::store::server",
            Self::TooNew { .. } => "omni::store::too_new",
            Self::Foreign { .. } => "omni::store::foreign",
            Self::Damaged(_) | Self::Journal(_) | Self::NoFile(_) => "omni::store::damaged",
            Self::FenceLost(_) => "omni::store::fence_lost",
            Self::AlreadyOpen => "omni::store::already_open",
            Self::HasReleases => "omni::store::has_releases",
            Self::Absent(_) => "omni::store::absent",
        }
    }

    /// The reader's next act.
    #[must_use]
    pub fn help(&self) -> &str {
        match self {
            Self::Server { help, .. } => help,
            Self::Unusable { .. } => "make room or give this account the right to write there, then run it again",
            Self::TooNew { .. } => "use the omni that wrote it, or a newer one",
            Self::Foreign { .. } => "run omni in the folder of that deployment, or name another store",
            Self::Damaged(_) | Self::Journal(_) | Self::NoFile(_) => {
                "nothing was changed; put back a copy of the file, or move it away and let omni read \
                 the engine's labels"
            }
            Self::FenceLost(_) => "another omni has taken over; run `omni status` to see who",
            Self::AlreadyOpen => "run `omni recover` first",
            Self::HasReleases => "move the store away to begin with an empty one",
            Self::Absent(_) => "run `omni status` to see what there is",
        }
    }
}
