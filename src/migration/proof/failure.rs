//! `Failure`: a statement that the database refused, and where it stands.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plain::plain;

/// A statement that the database refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The file, below the migrations' folder.
    pub path: String,
    /// The line of the file on which the statement begins, from 1.
    pub line: usize,
    /// What the database said, in one line.
    pub message: String,
    /// The extension that the server lacks, where that is why: a server without it proves nothing.
    pub missing_extension: Option<String>,
}

impl Failure {
    /// What the database said of the statement on a line of a file.
    #[must_use]
    pub fn new(path: &str, line: usize, message: &str) -> Self {
        let message = plain(message);
        Self { path: path.to_owned(), line, missing_extension: missing_extension(&message), message }
    }
}

/// The extension that `PostgreSQL` says it does not have: by name from 15 on, before that by its file.
fn missing_extension(message: &str) -> Option<String> {
    let by_name = message.split_once("extension \"").and_then(|(_, rest)| rest.split_once("\" is not available"));
    let by_file = message
        .split_once("could not open extension control file \"")
        .and_then(|(_, rest)| rest.split_once(".control\""))
        .map(|(path, rest)| (path.rsplit('/').next().unwrap_or(path), rest));
    by_name.or(by_file).map(|(name, _)| name.to_owned())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.missing_extension {
            Some(extension) => write!(f, "needs the extension `{extension}`, which the server lacks"),
            None => f.write_str(&self.message),
        }
    }
}
