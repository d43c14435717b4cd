//! `Finding`: what is wrong in a spec or a script, for programs: as JSON, as SARIF, as workflow commands.
//!
//! Of a spec people get the same from miette with the source around it, of a script as lines. What is wrong is left to
//! `spec` and `migration`.

mod github;
mod json;
mod lines;
mod sarif;

pub use github::github;
pub use json::json;
pub use lines::lines;
pub use sarif::sarif;

use serde::Serialize;

/// Something that is wrong, or could be better, at one place of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code: `omni::spec::unknown_key`.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, as a fragment.
    pub message: String,
    /// The reader's next act; none where nothing special helps.
    pub help: Option<String>,
    /// The file, relative to where omni was started; none where it is about no file.
    pub file: Option<String>,
    /// The first line, from 1; none where it is about the whole file.
    pub line: Option<u32>,
    /// The first column in characters, from 1.
    pub column: Option<u32>,
    /// The last line.
    pub end_line: Option<u32>,
    /// The column after the last character.
    pub end_column: Option<u32>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can be done before it is put right.
    Error,
    /// It may be meant so.
    Warning,
    /// It is only to be known.
    Note,
}
