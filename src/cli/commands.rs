//! The commands, one file each: words in, an exit code out.

pub(super) mod apply;
pub(super) mod backup;
pub(super) mod completions;
pub(super) mod destroy;
pub(super) mod doctor;
pub(super) mod drift;
pub(super) mod explain;
pub(super) mod fingerprint;
pub(super) mod fmt;
pub(super) mod graph;
pub(super) mod history;
pub(super) mod init;
pub(super) mod lock;
pub(super) mod logs;
pub(super) mod man;
pub(super) mod migrate;
pub(super) mod plan;
pub(super) mod prune;
pub(super) mod recover;
pub(super) mod rollback;
pub(super) mod show;
pub(super) mod status;
pub(super) mod validate;
