//! `Place`: the store's files on disk: the file itself, its lock, its ballast, and the folder around them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::store::StoreError;
use crate::store::random::{random, random_hex};
use crate::store::sqlite::mount::network_mount;
use crate::store::sqlite::trouble::unusable;

/// How much room is kept back for the records of an unwind, at least; and for each step: four records of a page each.
const BALLAST: usize = 1024 * 1024;
const BALLAST_PER_STEP: usize = 4 * 4096;

/// Where the store's files are.
#[derive(Debug, Clone)]
pub(super) struct Place(PathBuf);

impl Place {
    /// The place of the store at `path`; refused where a network is in between.
    pub(super) fn new(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|error| unusable(path, error))?;
        // The folder may be a link, and may not be there yet: the nearest one that is decides.
        let real = path.ancestors().skip(1).find_map(|folder| folder.canonicalize().ok());
        match real.as_deref().and_then(network_mount) {
            Some(kind) => Err(unusable(
                &path,
                format!(
                    "it is on a network file system (`{kind}`), where a lock proves nothing; keep it on a local disk"
                ),
            )),
            None => Ok(Self(path)),
        }
    }

    /// The store itself.
    pub(super) fn file(&self) -> &Path {
        &self.0
    }

    /// Whether the store is there.
    pub(super) fn is_there(&self) -> Result<bool, StoreError> {
        self.0.try_exists().map_err(|error| unusable(&self.0, error))
    }

    /// The file whose lock a process has while it has the store's lock; another one after each break.
    pub(super) fn lock_file(&self, breaks: u64) -> PathBuf {
        if breaks == 0 { self.beside("lock") } else { self.beside(&format!("{breaks}.lock")) }
    }

    /// The file that says how far the store has come.
    pub(super) fn reach(&self) -> PathBuf {
        self.beside("reach")
    }

    /// The copy that is made before an upgrade from `version`.
    pub(super) fn copy_of(&self, version: i64) -> PathBuf {
        self.beside(&format!("v{version}.copy"))
    }

    /// A new, empty file beside the store which only this account can read.
    pub(super) fn draft(&self) -> Result<PathBuf, StoreError> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        make_folder(folder).map_err(|error| unusable(&self.0, error))?;
        let draft = self.beside(&format!("{}.new", random_hex::<8>().map_err(|error| unusable(&self.0, error))?));
        private(OpenOptions::new().write(true).create_new(true))
            .open(&draft)
            .map_err(|error| unusable(&self.0, error))?;
        Ok(draft)
    }

    /// Puts a draft in the store's place, unless a store is there already: then the draft is thrown away.
    pub(super) fn settle(&self, draft: &Path) -> Result<(), StoreError> {
        let put = match fs::hard_link(draft, &self.0) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // A file system without links: the name may be taken in between, which a rename cannot see.
            Err(_) if !self.is_there()? => fs::rename(draft, &self.0),
            put => put,
        };
        discard(draft);
        put.and_then(|()| self.sync_folder()).map_err(|error| unusable(&self.0, error))
    }

    /// Keeps room back, so that an apply of so many steps that finds the disk full can still be taken back.
    pub(super) fn keep_ballast(&self, steps: usize) -> Result<(), StoreError> {
        let path = self.beside("ballast");
        let size = BALLAST.max(steps.saturating_mul(BALLAST_PER_STEP));
        let found = fs::metadata(&path).map_or(0, |found| found.len());
        if found >= size as u64 {
            return Ok(());
        }
        let made = random(size).and_then(|bytes| {
            let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&path)?;
            file.write_all(&bytes)?;
            file.sync_all()
        });
        made.map_err(|error| {
            discard(&path);
            unusable(&self.0, format!("no room to keep {} KiB back beside it: {error}", size / 1024))
        })
    }

    /// Gives the room that was kept back free; false where there was none.
    pub(super) fn drop_ballast(&self) -> bool {
        fs::remove_file(self.beside("ballast")).is_ok()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(suffix);
        self.0.with_file_name(name)
    }

    /// A new name is on disk only when its folder is.
    fn sync_folder(&self) -> io::Result<()> {
        if !cfg!(unix) {
            return Ok(());
        }
        File::open(self.0.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// Removes a file that may not be there.
pub(super) fn discard(path: &Path) {
    // Nothing depends on it: what is left behind is in nobody's way.
    let _ = fs::remove_file(path);
}

/// Options for a file that only this account can read.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes the folder, for this account alone, and keeps it out of version control. A folder of another name that is
/// there stays as it is: it may hold more than the store.
fn make_folder(folder: &Path) -> io::Result<()> {
    let ignored = folder.join(".gitignore");
    if folder.is_dir() {
        let own = folder.file_name().is_some_and(|name| name == ".omni");
        return if own && !ignored.exists() { fs::write(ignored, "*\n") } else { Ok(()) };
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(false);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    match builder.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::write(ignored, "*\n")
}
