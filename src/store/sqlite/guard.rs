//! `Guard`: the operating system's lock on a file, which a process has while it has the store's lock.
//!
//! The system frees it with the process, `kill -9` included, so whoever gets it has proof that the last holder on this
//! machine is dead. The file is never inherited by a child: std opens every file close-on-exec.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::store::sqlite::place::private;

/// The lock on a file; freed when this is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    #[expect(dead_code, reason = "it is held, not used")]
    file: File,
}

impl Guard {
    /// Locks the file; none where another process has it.
    pub(super) fn try_take(path: &Path) -> io::Result<Option<Self>> {
        let file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
