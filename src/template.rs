//! `Template`: a text in which secrets stand as named, marked holes; and `Vault`: what fills the holes.
//!
//! A plan, a release and a journal hold templates only, so no secret byte can reach them. The mark (`Key::mark`) tells
//! whether a secret is still the same without telling what it is. The values live in a `Vault`, in memory, while
//! an apply runs. Where values come from is left to `spec` and `cli`; who may see them, to `provider`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::fingerprint::{Fingerprint, Key};

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// A secret by the name of its variable, and the mark of its value.
    Secret {
        /// The variable's name.
        name: String,
        /// `Key::mark` of the value.
        mark: String,
    },
}

/// A text with holes for secrets. Written as one string: `$` is `$$`, a secret is `${NAME:mark}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Template(Vec<Part>);

impl Template {
    /// The template made of these parts; neighbouring texts are joined and empty ones dropped.
    #[must_use]
    pub fn from_parts(parts: Vec<Part>) -> Self {
        let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Part::Text(text)) if text.is_empty() => {}
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        Self(joined)
    }

    /// A template without a secret.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::from_parts(vec![Part::Text(text.into())])
    }

    /// Its parts, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Whether a secret stands in it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Secret { .. }))
    }

    /// The text, where no secret stands in it.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with every secret filled in.
    ///
    /// # Errors
    /// When the vault lacks a secret, or holds another value than the one that was planned.
    pub fn fill(&self, vault: &Vault) -> Result<String, Unfilled> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Secret { name, mark } => text.push_str(vault.secret(name, mark)?),
            }
        }
        Ok(text)
    }

    /// The same template with the marks of the values the vault holds now; a secret it lacks keeps its mark.
    #[must_use]
    pub fn marked_by(&self, vault: &Vault) -> Self {
        let mark = |part: &Part| match part {
            Part::Secret { name, mark } => {
                Part::Secret { name: name.clone(), mark: vault.mark(name).unwrap_or_else(|| mark.clone()) }
            }
            Part::Text(_) => part.clone(),
        };
        Self(self.0.iter().map(mark).collect())
    }

    /// The names of the secrets whose values in the vault are not those that they were marked with.
    #[must_use]
    pub fn changed_in(&self, vault: &Vault) -> Vec<String> {
        let changed = |part: &Part| match part {
            Part::Secret { name, mark } if vault.mark(name).is_some_and(|now| now != *mark) => Some(name.clone()),
            Part::Secret { .. } | Part::Text(_) => None,
        };
        self.0.iter().filter_map(changed).collect()
    }

    fn decode(text: &str) -> Result<Self, NotATemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            parts.push(Part::Text(rest[..at].to_owned()));
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                parts.push(Part::Text("$".to_owned()));
                rest = after;
            } else {
                let (hole, after) = rest.strip_prefix('{').and_then(|r| r.split_once('}')).ok_or(NotATemplate)?;
                let (name, mark) = hole.split_once(':').ok_or(NotATemplate)?;
                parts.push(Part::Secret { name: name.to_owned(), mark: mark.to_owned() });
                rest = after;
            }
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self::from_parts(parts))
    }
}

/// A stored text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a `$` in a stored text is neither `$$` nor `${{NAME:mark}}`")]
pub struct NotATemplate;

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('$', "$$")),
            Part::Secret { name, mark } => write!(f, "${{{name}:{mark}}}"),
        })
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::decode(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// A hole that could not be filled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfilled {
    /// The value is not at hand.
    #[error("the secret `{0}` is not set")]
    Missing(String),
    /// The value at hand is not the one that was planned.
    #[error("the secret `{0}` is not the one that was planned")]
    Changed(String),
    /// The content of a file is not at hand.
    #[error("the content of the file with the SHA-256 {0} is not at hand")]
    File(Fingerprint),
}

/// The values that plans and releases name but never hold: secrets, and the content of files. Memory only.
#[derive(Clone)]
pub struct Vault {
    key: Key,
    secrets: BTreeMap<String, String>,
    files: BTreeMap<Fingerprint, Vec<u8>>,
}

impl Vault {
    /// An empty vault that marks secrets with `key`.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self { key, secrets: BTreeMap::new(), files: BTreeMap::new() }
    }

    /// The key with which it marks secrets.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Keeps a secret and returns the template's part that stands for it.
    pub fn keep_secret(&mut self, name: &str, value: String) -> Part {
        let mark = self.key.mark(name, &value);
        self.secrets.insert(name.to_owned(), value);
        Part::Secret { name: name.to_owned(), mark }
    }

    /// Keeps the content of a file and returns its fingerprint.
    pub fn keep_file(&mut self, content: Vec<u8>) -> Fingerprint {
        let fingerprint = Fingerprint::of_bytes(&content);
        self.files.insert(fingerprint, content);
        fingerprint
    }

    /// The content of the file with this fingerprint.
    ///
    /// # Errors
    /// When it is not at hand.
    pub fn file(&self, fingerprint: &Fingerprint) -> Result<&[u8], Unfilled> {
        self.files.get(fingerprint).map(Vec::as_slice).ok_or(Unfilled::File(*fingerprint))
    }

    /// Every file's content, by fingerprint.
    pub fn files(&self) -> impl Iterator<Item = (&Fingerprint, &[u8])> {
        self.files.iter().map(|(fingerprint, content)| (fingerprint, content.as_slice()))
    }

    /// The text with every secret value in it replaced by `***`: for output of foreign programs.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let long_enough = self.secrets.values().filter(|value| value.len() >= 4);
        long_enough.fold(text.to_owned(), |text, value| text.replace(value.as_str(), "***"))
    }

    fn mark(&self, name: &str) -> Option<String> {
        self.secrets.get(name).map(|value| self.key.mark(name, value))
    }

    fn secret(&self, name: &str, mark: &str) -> Result<&str, Unfilled> {
        let value = self.secrets.get(name).ok_or_else(|| Unfilled::Missing(name.to_owned()))?;
        if self.key.mark(name, value) == mark { Ok(value) } else { Err(Unfilled::Changed(name.to_owned())) }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} secrets, {} files)", self.secrets.len(), self.files.len())
    }
}
