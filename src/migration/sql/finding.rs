//! `Finding`: something in a script that its author should know.

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It will fail, or cannot be run.
    Error,
    /// It hurts whoever uses the database meanwhile, or cannot be taken back.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// The word for it: `warning`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Something in a script that its author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable code, as in `omni::migration::drops_column`.
    pub code: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// The path of the file below the migrations' folder.
    pub path: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// What it is, in one line.
    pub message: String,
    /// What the reader can do about it.
    pub help: String,
}
