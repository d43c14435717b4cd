//! `BuildContext`: the files that a build sends to the engine.
//!
//! It represents a folder as the engine would see it, after `.dockerignore`: its fingerprint is what pins a build, so
//! times and owners do not count and the archive of the same files is always the same bytes. Links are sent as links
//! and never followed. What is built from it is left to the engine.

mod ignore;

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::fingerprint::Fingerprint;
use crate::provider::folder::{self, Folder};
use ignore::Ignore;

/// The files that a build sends to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    /// The folder of deploy.toml, which no path leads out of.
    root: PathBuf,
    /// The folder they lie in, relative to that.
    context: String,
    /// Sorted by path; a folder comes before what lies in it.
    entries: Vec<Entry>,
}

/// One thing in a context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Entry {
    /// Relative to the context, with slashes on every platform.
    path: String,
    kind: Kind,
}

/// What it is, as far as a build can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
enum Kind {
    Folder,
    File { executable: bool, content: Fingerprint, size: u64 },
    Link { to: String },
}

impl BuildContext {
    /// Reads the context `context` (relative to `root`) for the Dockerfile `dockerfile` (relative to the context).
    ///
    /// # Errors
    /// When the context lies outside of `root`, the Dockerfile is missing, a pattern of the ignore file is no pattern,
    /// or something cannot be read; the text names it.
    pub fn read(root: &Path, context: &str, dockerfile: &str) -> Result<Self, String> {
        let folder = inside(root, context).map_err(|error| outside(context, &error))?;
        let dockerfile = normal(dockerfile);
        let ignore = Ignore::of(&folder, &dockerfile)?;
        let mut entries = Vec::new();
        walk(&folder, "", &ignore, &mut entries)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let is_there = |entry: &Entry| entry.path == dockerfile && !matches!(entry.kind, Kind::Folder);
        if !entries.iter().any(is_there) {
            return Err(format!("find the Dockerfile `{dockerfile}` in the build context `{context}`"));
        }
        Ok(Self { root: root.to_path_buf(), context: context.to_owned(), entries })
    }

    /// The fingerprint of every path, kind, right to execute and content.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.entries)
    }

    /// The paths that are sent, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.path.as_str())
    }

    /// The context as a tar archive, the same bytes for the same files.
    ///
    /// # Errors
    /// When a file cannot be read any more, or is no longer the one that was read.
    pub fn tar(&self) -> Result<Vec<u8>, String> {
        let folder = inside(&self.root, &self.context).map_err(|error| outside(&self.context, &error))?;
        let mut archive = tar::Builder::new(Vec::new());
        for entry in &self.entries {
            pack(&folder, &mut archive, entry).map_err(|error| format!("pack `{}`: {error}", entry.path))?;
        }
        archive.into_inner().map_err(|error| format!("pack the build context: {error}"))
    }
}

fn pack(folder: &Folder, archive: &mut tar::Builder<Vec<u8>>, entry: &Entry) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    match &entry.kind {
        Kind::Folder => {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(0o755);
            header.set_size(0);
            archive.append_data(&mut header, format!("{}/", entry.path), io::empty())
        }
        Kind::Link { to } => {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_mode(0o777);
            header.set_size(0);
            archive.append_link(&mut header, &entry.path, to)
        }
        Kind::File { executable, content, size } => {
            let mut bytes = Vec::with_capacity(usize::try_from(*size).unwrap_or(0));
            // One byte more tells that it has grown, without reading all of it.
            folder.file(&entry.path)?.take(*size + 1).read_to_end(&mut bytes)?;
            // What is built has to be what was planned.
            if Fingerprint::of_bytes(&bytes) != *content {
                return Err(io::Error::other("it has changed since it was planned"));
            }
            header.set_mode(if *executable { 0o755 } else { 0o644 });
            header.set_size(*size);
            archive.append_data(&mut header, &entry.path, bytes.as_slice())
        }
    }
}

/// The folder of a context, which has to lie in `root` once links are followed.
fn inside(root: &Path, context: &str) -> io::Result<Folder> {
    Folder::open(root)?.below(context)
}

fn outside(context: &str, error: &io::Error) -> String {
    if error.raw_os_error().is_none() && error.kind() == ErrorKind::PermissionDenied {
        return format!("use the build context `{context}`: it lies outside of the folder of deploy.toml");
    }
    format!("read the build context `{context}`: {error}")
}

/// A path without `.` and empty steps.
fn normal(path: &str) -> String {
    path.split('/').filter(|step| !matches!(*step, "" | ".")).collect::<Vec<_>>().join("/")
}

/// Adds what lies in `under` and is sent.
fn walk(folder: &Folder, under: &str, ignore: &Ignore, entries: &mut Vec<Entry>) -> Result<(), String> {
    let wrong = |path: &str, error: &io::Error| format!("read `{path}` in the build context: {error}");
    for name in folder.names(under).map_err(|error| wrong(under, &error))? {
        let below = |name: &str| if under.is_empty() { name.to_owned() } else { format!("{under}/{name}") };
        let Some(path) = name.to_str().map(below) else {
            let path = below(&name.to_string_lossy());
            return Err(format!("read `{path}` in the build context: its name is no text"));
        };
        let ignored = ignore.ignores(&path);
        let kind = match folder.kind(&path).map_err(|error| wrong(&path, &error))? {
            folder::Kind::Folder => {
                if !ignored {
                    entries.push(Entry { path: path.clone(), kind: Kind::Folder });
                }
                if !ignored || ignore.may_spare_in(&path) {
                    walk(folder, &path, ignore, entries)?;
                }
                continue;
            }
            // Sockets and pipes cannot be sent; Docker leaves them out as well.
            folder::Kind::Other => continue,
            _ if ignored => continue,
            folder::Kind::Link { to } => link(&to),
            folder::Kind::File { executable } => {
                let hashed = folder.file(&path).and_then(hashed);
                hashed.map(|(content, size)| Kind::File { executable, content, size })
            }
        };
        entries.push(Entry { kind: kind.map_err(|error| wrong(&path, &error))?, path });
    }
    Ok(())
}

fn link(to: &Path) -> io::Result<Kind> {
    let to = to.to_str().ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "its target is no text"))?;
    Ok(Kind::Link { to: to.to_owned() })
}

/// The fingerprint and the size of a file, read piece by piece.
fn hashed(mut file: impl Read) -> io::Result<(Fingerprint, u64)> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&piece[..read]);
        size += read as u64;
    }
    let digits = hash.finalize().iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    let fingerprint = digits.parse().map_err(io::Error::other)?;
    Ok((fingerprint, size))
}

#[cfg(test)]
mod tests;
