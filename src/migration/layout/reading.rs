//! `Reading`: a folder while its scripts are read, and what was found wrong with it.
//!
//! What every layout has in common is here: the folder's files and directories, texts, a script's check, and that no
//! two scripts are one. Which file is what is left to the layouts.

use std::collections::{BTreeMap, BTreeSet};

use crate::migration::layout::{Folder, Unreadable};
use crate::migration::{Piece, Script};
use crate::plain::{is_hidden, plain};

/// A folder that is being read.
pub(super) struct Reading<'a> {
    folder: &'a Folder,
    problems: Vec<Unreadable>,
}

impl<'a> Reading<'a> {
    pub(super) const fn new(folder: &'a Folder) -> Self {
        Self { folder, problems: Vec::new() }
    }

    /// The paths of all files, byte-wise.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.folder.0.keys().map(String::as_str)
    }

    /// The names of the files that are in no directory, byte-wise; without those that are checks of others.
    pub(super) fn flat(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.paths().filter(|path| !path.contains('/') && !path.ends_with(".verify.sql"))
    }

    /// The names of the directories, byte-wise.
    pub(super) fn directories(&self) -> BTreeSet<&'a str> {
        self.paths().filter_map(|path| Some(path.split_once('/')?.0)).collect()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.folder.0.contains_key(path)
    }

    /// Notes a problem.
    pub(super) fn problem(
        &mut self,
        path: &str,
        line: Option<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Unreadable { path: path.to_owned(), line, message: message.into(), help: help.into() });
    }

    /// The text of a file; none where there is none, or it is no text that a database takes.
    pub(super) fn text(&mut self, path: &str) -> Option<&'a str> {
        let bytes = self.folder.0.get(path)?;
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains('\0') => {
                let line = text.split('\0').next().map(|before| before.matches('\n').count() + 1);
                self.problem(path, line, "a byte is 0, which no database takes in SQL", "save it as UTF-8");
                None
            }
            Ok(text) => Some(text),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
                self.problem(path, Some(line), "it is no UTF-8 text", "save it as UTF-8");
                None
            }
        }
    }

    /// A whole file as a piece; none where there is none.
    pub(super) fn piece(&mut self, path: &str) -> Option<Piece> {
        let text = self.text(path)?.to_owned();
        Some(Piece { path: path.to_owned(), line: 1, text, is_bare: false })
    }

    /// A whole file as a piece; a problem where there is none.
    pub(super) fn needed(&mut self, path: &str, owner: &str) -> Option<Piece> {
        if !self.has(path) {
            let help = format!("add it, or remove `{}` from the folder", plain(owner));
            self.problem(path, None, "the file is missing", help);
        }
        self.piece(path)
    }

    /// The check of a script that is a file among others: `STEM.verify.sql`, or `verify/STEM.sql`. Only golang-migrate
    /// passes over the first; the second is seen by no tool but Flyway.
    pub(super) fn check(&mut self, stem: &str) -> Option<Piece> {
        let (folder, name) = stem.rsplit_once('/').map_or(("", stem), |(folder, name)| (folder, name));
        let slash = if folder.is_empty() { "" } else { "/" };
        let (beside, apart) = (format!("{stem}.verify.sql"), format!("{folder}{slash}verify/{name}.sql"));
        self.either(&beside, &apart)
    }

    /// That of two files which is there; a problem where both are.
    pub(super) fn either(&mut self, one: &str, other: &str) -> Option<Piece> {
        match (self.has(one), self.has(other)) {
            (true, true) => {
                let message = format!("`{}` is there too, for the same purpose", plain(one));
                self.problem(other, None, message, "keep one of the two");
                None
            }
            (true, false) => self.piece(one),
            _ => self.piece(other),
        }
    }

    /// As `finish`, for layouts in which a check stands beside its script: one that belongs to none may be a migration
    /// of the tool's.
    pub(super) fn finish_with_checks(mut self, scripts: Vec<Script>) -> Result<Vec<Script>, Vec<Unreadable>> {
        if self.problems.is_empty() {
            let used: BTreeSet<_> =
                scripts.iter().filter_map(|script| Some(script.verify.as_ref()?.path.as_str())).collect();
            let is_lonely = |path: &&str| path.ends_with(".verify.sql") && !used.contains(path);
            for path in self.paths().filter(is_lonely) {
                let help = "call it as its script, or otherwise where it is one itself";
                self.problem(path, None, "it is the check of no script", help);
            }
        }
        self.finish(scripts)
    }

    /// Everything that was found; the scripts where nothing is wrong.
    pub(super) fn finish(mut self, scripts: Vec<Script>) -> Result<Vec<Script>, Vec<Unreadable>> {
        let mut versions: BTreeMap<&str, &str> = BTreeMap::new();
        for script in &scripts {
            let path = &script.up.path;
            if script.name.chars().any(|c| c.is_whitespace() || is_hidden(c)) {
                let help = "call it by letters, digits, `_` and `-`";
                self.problem(path, None, "its name has white space or hidden characters", help);
            }
            if let Some(first) = versions.insert(&script.version, path) {
                let message = format!("it has the version `{}`, as `{}` has", plain(&script.version), plain(first));
                self.problem(path, None, message, "give one of them a version of its own");
            }
        }
        if self.problems.is_empty() {
            return Ok(scripts);
        }
        self.problems.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        Err(self.problems)
    }
}
