//! The faults of backups: a file that cannot be read or written, and one that is not what it was.

use std::io;
use std::path::Path;

use crate::plain::plain;
use crate::provider::{Fault, FaultKind};

/// The code of a backup that is not what its manifest says.
pub(super) const DAMAGED: &str = "omni::backup::damaged";

/// A file of a backup could not be read or written.
pub(super) fn unusable(path: &Path, what: &str, error: &io::Error) -> Fault {
    let path = plain(&path.display().to_string());
    let fault = Fault::new(kind(error), format!("`{path}` cannot be {what}: {error}")).code("omni::backup::unusable");
    match error.kind() {
        io::ErrorKind::StorageFull => fault.help("make room on the disk, then run it again"),
        io::ErrorKind::PermissionDenied => fault.help("let this account read and write the folder of the backups"),
        io::ErrorKind::AlreadyExists => fault.help("move away what has that name"),
        io::ErrorKind::NotADirectory => {
            fault.help("name a folder in `dir` of `[backups.NAME]`, or move away the file that is in its place")
        }
        _ => fault,
    }
}

fn kind(error: &io::Error) -> FaultKind {
    match error.kind() {
        io::ErrorKind::NotFound => FaultKind::NotFound,
        io::ErrorKind::PermissionDenied => FaultKind::Denied,
        _ => FaultKind::Failed,
    }
}

/// A backup is not what its manifest says.
pub(super) fn damaged(name: &str, why: &str) -> Fault {
    Fault::new(FaultKind::Failed, format!("backup `{}` is damaged: {}", plain(name), plain(why)))
        .help("restore an older one, and make a new one")
        .code(DAMAGED)
}
