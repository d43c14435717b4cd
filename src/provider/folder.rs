//! `Folder`: the files below one folder, which neither `..` nor a link leads out of; and `read`, for files by name.
//!
//! What is read was chosen by strangers as often as not: a link that leads elsewhere, a pipe that nobody writes to,
//! a device that never ends. Each step of a path is held open, so that a link swapped in between leads nowhere either.
//! Nothing here waits for ever or reads without an end. Which folder and how much is left to the caller.

mod list;

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions};

/// How often a pipe is asked again, and how long it may say nothing.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: u32 = 1_500;

/// The files below one folder.
#[derive(Debug)]
pub struct Folder(Dir);

/// What lies at a path, links not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Folder,
    File {
        executable: bool,
    },
    Link {
        to: PathBuf,
    },
    /// A pipe, a socket, a device.
    Other,
}

impl Folder {
    /// The folder at a path that whoever started omni has named.
    ///
    /// # Errors
    /// When there is none, or it may not be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        Dir::open_ambient_dir(path, ambient_authority()).map(Self)
    }

    /// A folder below this one.
    ///
    /// # Errors
    /// When there is none, it may not be read, or a link leads out of this one.
    pub fn below(&self, path: &str) -> io::Result<Self> {
        self.0.open_dir(path).map(Self).map_err(told)
    }

    /// A file below this one, ready to be read.
    ///
    /// # Errors
    /// When there is none, it is none, it may not be read, or a link leads out of this folder.
    pub fn file(&self, path: &str) -> io::Result<impl Read + use<>> {
        let file = self.0.open_with(path, &at_once()).map_err(told)?;
        if file.metadata()?.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        Ok(file)
    }

    /// The content of a file below this one, of at most so many bytes.
    ///
    /// # Errors
    /// As for `file`, and when it is larger.
    pub fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        bounded(self.file(path)?, most)
    }

    /// The names in a folder below this one.
    pub(super) fn names(&self, path: &str) -> io::Result<Vec<std::ffi::OsString>> {
        let path = if path.is_empty() { "." } else { path };
        self.0.read_dir(path).map_err(told)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// What lies at a path below this one.
    pub(super) fn kind(&self, path: &str) -> io::Result<Kind> {
        let about = self.0.symlink_metadata(path).map_err(told)?;
        if about.is_symlink() {
            return Ok(Kind::Link { to: self.0.read_link_contents(path).map_err(told)? });
        }
        Ok(match (about.is_dir(), about.is_file()) {
            (true, _) => Kind::Folder,
            (_, true) => Kind::File { executable: is_executable(&about) },
            _ => Kind::Other,
        })
    }
}

/// The content of a file that whoever started omni has named, of at most so many bytes. It may be a pipe, as a shell
/// makes one of `<(…)`; one that nobody writes to is an error.
///
/// # Errors
/// When it is none, it may not be read, it is larger, or it is a pipe that stays silent.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open_ambient_with(path, &at_once(), ambient_authority())?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let read = bounded(Patient { file, left: PATIENCE }, most)?;
    if read.is_empty() && is_pipe(&about) {
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "it is a pipe into which nobody writes"));
    }
    Ok(read)
}

/// To read, without waiting for somebody at the other end of a pipe.
fn at_once() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    options
}

fn bounded(file: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    file.take(most + 1).read_to_end(&mut read)?;
    if read.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it has more than {}", size(most))));
    }
    Ok(read)
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

/// Waits for a pipe, but not for ever.
struct Patient {
    file: File,
    left: u32,
}

impl Read for Patient {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read(into) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.left > 0 => {
                    self.left -= 1;
                    std::thread::sleep(PAUSE);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(io::Error::new(ErrorKind::TimedOut, "nothing came out of it for too long"));
                }
                other => return other,
            }
        }
    }
}

/// The words of an error that a link out of the folder makes.
fn told(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        return io::Error::new(ErrorKind::PermissionDenied, "it leads out of the folder of deploy.toml");
    }
    error
}

#[cfg(unix)]
fn is_pipe(about: &Metadata) -> bool {
    use cap_std::fs::FileTypeExt;
    about.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn is_executable(about: &Metadata) -> bool {
    use cap_std::fs::PermissionsExt;
    about.permissions().mode() & 0o111 != 0
}

/// Windows keeps no such right; Docker's own client then sends everything as executable.
#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    true
}
