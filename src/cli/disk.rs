//! `Disk` and `FromHere`: this machine's files and network, as the rooms below the command line ask for them.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::fingerprint::Fingerprint;
use crate::provider::context::BuildContext;
use crate::provider::folder::{self, Folder};
use crate::provider::host::{BuildFiles, Probes};
use crate::provider::{Fault, probe};
use crate::resource::Build;
use crate::spec::Files;

/// The most bytes of a file that a spec names, and of one with variables: none of them is data.
pub(crate) const LARGEST: u64 = 16 << 20;

/// The most files of a folder that a spec names, and the most bytes of all of them: no history of migrations is larger.
const MOST_FILES: usize = 20_000;
const MOST_BYTES: u64 = 64 << 20;

/// The folder of deploy.toml as the spec sees it.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The folder of deploy.toml.
    #[must_use]
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let read = Folder::open(&self.root).and_then(|root| root.read(path, LARGEST));
        read.map_err(|error| error.to_string())
    }

    fn find(&self, path: &str) -> Result<(), String> {
        self.root.join(path).metadata().map(drop).map_err(|error| error.to_string())
    }

    fn elsewhere(&self, path: &str) -> Result<Option<String>, String> {
        let real = self.root.join(path).canonicalize().map_err(|error| error.to_string())?;
        Ok((!real.starts_with(&self.root)).then(|| real.to_string_lossy().into_owned()))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let folder = Folder::open(&self.root).and_then(|root| root.below(folder)).map_err(|error| error.to_string())?;
        folder.list(MOST_FILES, MOST_BYTES)
    }

    fn context(&self, context: &str, dockerfile: &str) -> Result<Fingerprint, String> {
        BuildContext::read(&self.root, context, dockerfile).map(|context| context.fingerprint())
    }
}

/// A build's context, ready to be sent.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn context(root: &Path, build: &Build) -> Result<BuildFiles, String> {
    let context = BuildContext::read(root, &build.context, &build.dockerfile)?;
    Ok(BuildFiles { content: context.fingerprint(), tar: context.tar()? })
}

/// Probes from this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromHere;

#[async_trait]
impl Probes for FromHere {
    async fn http(&self, addr: SocketAddr, host: &str, path: &str, deadline: Duration) -> Result<u16, Fault> {
        probe::http(addr, host, path, deadline).await
    }

    async fn tcp(&self, addr: SocketAddr, deadline: Duration) -> Result<(), Fault> {
        probe::tcp(addr, deadline).await
    }
}

/// The text of a file that the command line names, of at most so many bytes.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn text(path: &Path, most: u64) -> Result<String, Failure> {
    let read = folder::read(path, most);
    let text = read.and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| std::io::Error::new(ErrorKind::InvalidData, "it is no UTF-8 text"))
    });
    text.map_err(|error| {
        Failure::new(Exit::Usage, "omni::cli::unreadable", format!("cannot read `{}`: {error}", path.display()))
            .help("check the path; it is relative to where omni was started")
    })
}

/// Writes a file that the command line names, wholly or not at all. What is no regular file is left alone.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Unusable, "omni::cli::unwritable", format!("cannot write `{}`: {error}", path.display()))
            .help(mend(path, &error))
    };
    let kept = match path.metadata() {
        Ok(there) if there.is_dir() => return Err(failed(ErrorKind::IsADirectory.into())),
        // A rename would put a file in the place of the device or the pipe.
        Ok(there) if !there.is_file() => return Err(failed(std::io::Error::other("it is no regular file"))),
        Ok(there) => Some(there.permissions()),
        Err(_) => None,
    };
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.part", std::process::id()));
    let written = beside(Path::new(&draft), text, kept).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|error| {
        // What could not take its place is of no use to anybody.
        let _ = std::fs::remove_file(&draft);
        failed(error)
    })
}

/// Writes a draft that is not there yet: a link that somebody laid in its place is not followed.
fn beside(draft: &Path, text: &str, kept: Option<Permissions>) -> std::io::Result<()> {
    let mut file = match File::create_new(draft) {
        // One that a killed omni left behind.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(draft)?;
            File::create_new(draft)?
        }
        other => other?,
    };
    if let Some(permissions) = kept {
        file.set_permissions(permissions)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// The reader's next act where a file cannot be written.
#[must_use]
pub(crate) fn mend(path: &Path, error: &std::io::Error) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = folder.display();
    match error.kind() {
        ErrorKind::NotFound => format!("make the folder first: `mkdir -p {shown}`"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!("give this account the right to write in `{shown}` (`ls -ld {shown}`), or name another folder")
        }
        ErrorKind::IsADirectory => format!("`{}` is a folder: name a file", path.display()),
        _ => "check the folder, its rights and the free space".to_owned(),
    }
}

/// Tries whether a file can be made where this one is to be: its folder, or the nearest one above it that is there.
///
/// # Errors
/// When it cannot.
pub(crate) fn try_folder_of(path: &Path) -> Result<(), Failure> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let trial = folder.join(format!(".omni-doctor-{}", std::process::id()));
    let made = std::fs::File::create_new(&trial);
    // It was made a moment ago, so that it can be removed too.
    let _ = std::fs::remove_file(&trial);
    made.map(drop).map_err(|error| {
        let message = format!("none yet, and it cannot be made in `{}`: {error}", folder.display());
        Failure::new(Exit::Unusable, "omni::store::unusable", message)
            .help("give this account the right to write there, or put it elsewhere with `--store`")
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    use super::write;

    #[test]
    fn writes_a_file_in_the_place_of_a_file_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("new"), "1").unwrap();
        write(&at("new"), "2").unwrap();
        assert_eq!(fs::read_to_string(at("new")).unwrap(), "2");
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        symlink("/dev/null", at("null")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for name in ["pipe", "null", "folder"] {
            assert!(write(&at(name), "3").is_err(), "{name}");
        }
        assert!(fs::metadata(at("pipe")).unwrap().file_type().is_fifo());
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "no draft is left");
    }

    #[test]
    fn keeps_the_rights_of_a_file_and_follows_no_link_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, outside) = (folder.path().join("plan.json"), folder.path().join("outside"));
        fs::write(&path, "1").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&outside, "kept").unwrap();
        symlink(&outside, folder.path().join(format!("plan.json.{}.part", std::process::id()))).unwrap();
        symlink(&outside, folder.path().join("plan.json.part")).unwrap();
        write(&path, "2").unwrap();
        assert_eq!(fs::read_to_string(&outside).unwrap(), "kept");
        assert_eq!(fs::read_to_string(&path).unwrap(), "2");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
