//! `Disk`: the files that a spec names, read from this machine.

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::fingerprint::Fingerprint;
use crate::provider::context::BuildContext;
use crate::resource::Build;
use crate::spec::Files;

/// The folder of deploy.toml as the spec sees it.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The folder of deploy.toml.
    #[must_use]
    pub fn new(root: &Path) -> Self {
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

    fn context(&self, context: &str, dockerfile: &str) -> Result<Fingerprint, String> {
        BuildContext::read(&self.root, context, dockerfile).map(|context| context.fingerprint())
    }
}

/// A build's context as an archive.
///
/// # Errors
/// When it cannot be read, or is no longer the one that was planned.
pub fn context(root: &Path, build: &Build) -> Result<Vec<u8>, String> {
    let context = BuildContext::read(root, &build.context, &build.dockerfile)?;
    if context.fingerprint() != build.content {
        return Err("the build context has changed since the plan".to_owned());
    }
    context.tar()
}

/// The text of a file that the command line names.
///
/// # Errors
/// When it cannot be read.
pub fn text(directory: &Path, path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(directory.join(path)).map_err(|error| {
        Failure::new(Exit::Usage, "omni::cli::unreadable", format!("cannot read `{}`: {error}", path.display()))
    })
}
