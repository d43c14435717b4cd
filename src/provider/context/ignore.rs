//! `Ignore`: the rules of a `.dockerignore` file.
//!
//! They are Docker's: one pattern a line, `#` for comments, `!` for exceptions, the last match wins, a pattern also
//! covers everything below what it matches, all paths are relative to the context.

use std::io::ErrorKind;

use globset::{GlobBuilder, GlobMatcher};

use crate::provider::folder::Folder;

/// The most bytes of rules that are read.
const LARGEST: u64 = 1 << 20;

/// The rules of one ignore file.
#[derive(Debug, Clone, Default)]
pub(super) struct Ignore {
    rules: Vec<Rule>,
    /// Files that the build needs whatever the rules say.
    always: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    spares: bool,
    /// As cleaned, to tell which folders it can reach into.
    pattern: String,
    matcher: GlobMatcher,
}

impl Ignore {
    /// The rules for a Dockerfile: its own `NAME.dockerignore` where it has one, else the context's.
    pub(super) fn of(folder: &Folder, dockerfile: &str) -> Result<Self, String> {
        for name in [format!("{dockerfile}.dockerignore"), ".dockerignore".to_owned()] {
            match folder.read(&name, LARGEST) {
                Ok(bytes) => {
                    let text = String::from_utf8(bytes).map_err(|_| format!("read `{name}`: it is no UTF-8 text"))?;
                    return Self::parse(&text, &name, dockerfile);
                }
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => return Err(format!("read `{name}`: {error}")),
            }
        }
        Ok(Self::default())
    }

    fn parse(text: &str, name: &str, dockerfile: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (at, line) in text.lines().enumerate() {
            // Only a `#` in the first column makes a comment.
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            let (spares, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
            let pattern = cleaned(pattern);
            if pattern.is_empty() {
                continue;
            }
            let matcher =
                matcher(&pattern).map_err(|error| format!("read `{name}`, line {}: {}", at + 1, error.kind()))?;
            rules.push(Rule { spares, pattern, matcher });
        }
        Ok(Self { rules, always: vec![name.to_owned(), dockerfile.to_owned()] })
    }

    /// Whether a path is not sent. A path below one that a rule matches is matched too.
    pub(super) fn ignores(&self, path: &str) -> bool {
        if self.always.iter().any(|always| always == path) {
            return false;
        }
        let matches = |rule: &&Rule| above(path).any(|above| rule.matcher.is_match(above));
        self.rules.iter().rev().find(matches).is_some_and(|rule| !rule.spares)
    }

    /// Whether something below an ignored folder may still be sent.
    pub(super) fn may_spare_in(&self, folder: &str) -> bool {
        let below = |always: &String| always.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let reaches = |rule: &Rule| rule.spares && may_reach(&rule.pattern, folder);
        self.always.iter().any(below) || self.rules.iter().any(reaches)
    }
}

/// The path and every folder above it.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path])
}

/// Whether a pattern can match something below a folder. Says yes where it cannot tell: looking costs little.
fn may_reach(pattern: &str, folder: &str) -> bool {
    let mut steps = pattern.split('/');
    for step in folder.split('/') {
        match steps.next() {
            None | Some("**") => return true,
            Some(wanted) if wanted.contains(['*', '?', '[', '\\']) => {}
            Some(wanted) if wanted == step => {}
            Some(_) => return false,
        }
    }
    true
}

/// A pattern without a leading slash, `.`, `..` and empty steps, as Docker cleans it.
fn cleaned(pattern: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in pattern.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

fn matcher(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    // Braces are letters to Docker.
    let escaped = pattern.replace('{', "[{]").replace('}', "[}]").replace("[^", "[!");
    let glob = GlobBuilder::new(&escaped).literal_separator(true).backslash_escape(true).build()?;
    Ok(glob.compile_matcher())
}
