//! `Fingerprint`: a stable SHA-256 over the content of a thing.
//!
//! Two things with the same fingerprint are the same thing to omni. It is taken over the thing's canonical JSON, so a
//! type whose fields keep their order and whose maps are sorted always has the same one. `Key` makes a mark for
//! a secret value that nobody without the key can test guesses against. What is worth fingerprinting is left to others.

use std::fmt;
use std::io::{BufWriter, Write};
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A SHA-256, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a thing's canonical JSON.
    ///
    /// # Panics
    /// When the thing cannot be written as JSON: a map whose keys are no strings, which is a fault of its type.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(thing: &T) -> Self {
        let mut hash = Sha256::new();
        // JSON is written in pieces of a few bytes, which are dear to hash one by one.
        let mut writer = BufWriter::new(HashWriter(&mut hash));
        serde_json::to_writer(&mut writer, thing).expect("a fingerprinted type is plain data");
        writer.flush().expect("a hash takes every byte");
        drop(writer);
        Self(hash.finalize().into())
    }

    /// The fingerprint of raw bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The fingerprint that is this SHA-256: of bytes that nobody holds all at once.
    #[must_use]
    pub const fn of_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The first 12 hexadecimal digits: enough to tell things apart in a name or a tag.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }

    /// The form in which people compare it: `7c1e-44d0`.
    #[must_use]
    pub fn spoken(&self) -> String {
        let text = self.to_string();
        format!("{}-{}", &text[..4], &text[4..8])
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.short())
    }
}

/// A text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a fingerprint of 64 hexadecimal digits")]
pub struct NotAFingerprint;

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `from_str_radix` alone would take a sign.
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| NotAFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The key of one deployment, with which secret values are marked. It is kept in the store and on the engine's
/// objects, where the values themselves can be read too, and never in a plan or a release.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key made of these bytes, which have to be random.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key of a deployment that has none yet: every mark is the same. Before a first apply there is nothing to
    /// compare a secret with, and no key in common among the machines that plan it.
    #[must_use]
    pub const fn unset() -> Self {
        Self([0; 32])
    }

    /// Whether it stands for no key.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        self.0 == [0; 32]
    }

    /// The key as 64 hexadecimal digits, as it is stored.
    #[must_use]
    pub fn to_hex(&self) -> String {
        Fingerprint(self.0).to_string()
    }

    /// The key from 64 hexadecimal digits.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, NotAFingerprint> {
        text.parse().map(|Fingerprint(bytes)| Self(bytes))
    }

    /// The mark of a secret value: the first 16 hexadecimal digits of its HMAC-SHA-256.
    ///
    /// # Panics
    /// Never: a key of 32 bytes is always accepted.
    #[must_use]
    pub fn mark(&self, name: &str, value: &str) -> String {
        if self.is_unset() {
            return "0".repeat(16);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any key length is accepted");
        mac.update(name.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        Fingerprint(mac.finalize().into_bytes().into()).to_string()[..16].to_owned()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
