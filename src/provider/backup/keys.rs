//! `Keys`: the age identities that open encrypted backups, and the recipients that they are encrypted to.

use std::collections::BTreeSet;
use std::fmt;

use age::x25519::{Identity, Recipient};

use crate::plain::plain;
use crate::provider::{Fault, FaultKind};

/// The identities that open encrypted backups. They are never shown.
#[derive(Clone, Default)]
pub struct Keys(Vec<Identity>);

impl Keys {
    /// The identities in the text of a key file as `age-keygen` writes it: one a line, and comments.
    ///
    /// # Errors
    /// The number of a line that holds none.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let identity = |(at, line): (usize, &str)| {
            let message = format!("line {} of the age keys holds no identity", at + 1);
            line.trim().parse().map_err(|_| {
                Fault::new(FaultKind::Failed, message)
                    .help("write it as `age-keygen` does")
                    .code("omni::backup::bad_key")
            })
        };
        lines.map(identity).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| identity as &dyn age::Identity)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.0.len()).finish()
    }
}

/// The recipients of these texts.
pub(super) fn recipients(texts: &BTreeSet<String>) -> Result<Vec<Recipient>, Fault> {
    let recipient = |text: &String| {
        let message = format!("`{}` is no age recipient", plain(text));
        text.parse().map_err(|_| Fault::new(FaultKind::Failed, message).help("write it as `age1…`"))
    };
    texts.iter().map(recipient).collect()
}
