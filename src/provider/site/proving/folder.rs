//! `Folder`: where the files of one proof are, which nobody else can read.
//!
//! A file in it is locked for as long as its process lives, so that one that a crash left behind is known, and removed
//! by the next proof.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::provider::Fault;
use crate::provider::backup::private;
use crate::provider::site::proving::copy::unwritable;

/// What the name of every such folder begins with.
const PREFIX: &str = "omni-scratch-";
/// The file that is locked. It is called so once it is.
const LOCK: &str = "lock";

/// A folder for files that may be ruined.
pub(in crate::provider::site) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Open for as long as it is used.
    _lock: File,
}

impl Folder {
    /// Makes one, after those are removed that crashes left behind beside it. Nothing may be there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make(path: &Path) -> Result<Self, Fault> {
        DirBuilder::new().mode(0o700).create(path).map_err(|error| unwritable(path, &error))?;
        let made = locked(path).map_err(|error| {
            // Why it cannot be used is worth more than that it could not be removed.
            let _ = fs::remove_dir_all(path);
            unwritable(path, &error)
        })?;
        // Nothing of a proof depends on it, and the next one does it again.
        let _ = swept(path);
        Ok(Self { path: path.to_owned(), _lock: made })
    }
}

fn locked(folder: &Path) -> io::Result<File> {
    let unlocked = folder.join("unlocked");
    let file = private(&unlocked, false)?;
    file.lock()?;
    fs::rename(unlocked, folder.join(LOCK))?;
    Ok(file)
}

/// Removes the folders of this account beside this one whose processes are dead.
fn swept(own: &Path) -> io::Result<()> {
    let account = fs::metadata(own)?.uid();
    for entry in fs::read_dir(own.parent().unwrap_or(own))? {
        let Ok(entry) = entry else { continue };
        let is_named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_ours = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|data| data.is_dir() && data.uid() == account);
        if !is_named || !is_ours(&entry) {
            continue;
        }
        let lock = File::open(entry.path().join(LOCK));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            // What is left in it is of no use to anybody.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
