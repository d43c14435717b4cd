//! `Disk` and `FromHere`: this machine's files and network, as the rooms below the command line ask for them.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::fingerprint::Fingerprint;
use crate::provider::context::BuildContext;
use crate::provider::host::{BuildFiles, Probes};
use crate::provider::{Fault, probe};
use crate::resource::Build;
use crate::spec::Files;

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
        let real = self.root.join(path).canonicalize().map_err(|error| error.to_string())?;
        // A link in the folder must not lead a spec of strangers to files outside of it.
        if !real.starts_with(&self.root) {
            return Err("it leads out of the folder of deploy.toml".to_owned());
        }
        std::fs::read(real).map_err(|error| error.to_string())
    }

    fn find(&self, path: &str) -> Result<(), String> {
        self.root.join(path).metadata().map(drop).map_err(|error| error.to_string())
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

/// The text of a file that the command line names.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Exit::Usage, "omni::cli::unreadable", format!("cannot read `{}`: {error}", path.display()))
            .help("check the path; it is relative to where omni was started")
    })
}

/// Writes a file that the command line names, wholly or not at all.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Unusable, "omni::cli::unwritable", format!("cannot write `{}`: {error}", path.display()))
            .help(mend(path, &error))
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, text).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
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
