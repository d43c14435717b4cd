//! `Request`: all that decides how a spec is resolved; and `Files`: the files it may read, behind a trait.

use std::collections::BTreeMap;
use std::path::Path;

use crate::fingerprint::{Fingerprint, Key};

/// The files beside deploy.toml. Paths are relative to its folder and hold no `..`.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    /// Why it cannot be read, as a fragment; an implementation refuses symbolic links that lead outside too.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// Whether a file or a folder is there.
    ///
    /// # Errors
    /// Why it is not, or cannot be looked at, as a fragment.
    fn find(&self, path: &str) -> Result<(), String>;

    /// Where a file or a folder really is, where links lead it out of the folder of deploy.toml; none where it stays
    /// inside.
    ///
    /// # Errors
    /// Why it is not there, or cannot be looked at, as a fragment.
    fn elsewhere(&self, path: &str) -> Result<Option<String>, String> {
        self.find(path).map(|()| None)
    }

    /// The files in a folder and in the folders below it: their paths relative to it, with `/`, sorted.
    ///
    /// # Errors
    /// Why it cannot be read, as a fragment; an implementation refuses symbolic links that lead outside, and folders
    /// that hold more than anybody reads.
    fn list(&self, folder: &str) -> Result<Vec<String>, String>;

    /// The fingerprint of everything that a build context sends to the engine.
    ///
    /// # Errors
    /// Why it cannot be read, as a fragment.
    fn context(&self, context: &str, dockerfile: &str) -> Result<Fingerprint, String>;
}

/// All that decides how a spec is resolved.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The text of the spec.
    pub text: &'a str,
    /// The name of its file, for messages.
    pub file_name: &'a str,
    /// The folder it stands in, absolute.
    pub root: &'a Path,
    /// The environment asked for; the default one where none.
    pub environment: Option<&'a str>,
    /// Variables from outside: those of an `--env-file`, and the process environment, which wins. They win over the
    /// `env_files` of the environment.
    pub variables: &'a BTreeMap<String, String>,
    /// The deployment's key, with which secrets are marked.
    pub key: &'a Key,
    /// The chosen profiles.
    pub profiles: &'a [String],
    /// The files beside the spec.
    pub files: &'a dyn Files,
}
