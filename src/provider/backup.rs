//! Backups of databases: `Backups` makes, tries and restores them, and `Shelf` is the folder where those of one
//! database lie.
//!
//! A backup is one file and one `Manifest`, which is written last: what has none does not exist. What is in it is known
//! by its `Inventory`, taken in the snapshot that is dumped, and found again in a scratch database. Programs that dump
//! and restore are behind `Tools`; sessions and scratch databases are left to `database`, and when a backup is made to
//! `site`.

mod failing;
mod folding;
mod inventory;
pub mod keep;
mod keys;
mod lost;
mod make;
mod manifest;
mod restore;
mod shelf;
mod stream;
pub mod tools;
mod trying;

use std::sync::Arc;

use crate::migration::Script;
use crate::migration::ledger::Ledger;
use crate::provider::database::{Connect, Target};
use crate::provider::engine::Hear;

pub use inventory::Inventory;
pub use keys::Keys;
pub use lost::is_unreadable;
pub(in crate::provider) use make::moment;
pub use manifest::{Compression, Damage, Manifest, Verified};
pub use restore::{Consent, Others, Restored};
pub(in crate::provider) use shelf::private;
pub use shelf::{Listed, Shelf};
pub use tools::Tools;

/// The backups of one database, with what making and restoring them takes.
pub struct Backups<'a> {
    /// Opens sessions.
    pub connect: Arc<dyn Connect>,
    /// The programs for a server; `SQLite` needs none.
    pub tools: &'a dyn Tools,
    /// The database. Its `statement_timeout` is not heeded: a table is counted and dumped however large it is.
    pub target: Target,
    /// The table that says what was applied, and the scripts that its rows are of; none where omni migrates nothing.
    pub ledger: Option<(&'a Ledger, &'a [Script])>,
    /// Where they lie.
    pub shelf: &'a Shelf,
    /// Where what is there is kept before it is replaced; on `shelf` where none.
    pub safety: Option<&'a Shelf>,
    /// What opens those that are encrypted.
    pub keys: &'a Keys,
    /// The apply that this is done for; none where it is done for itself.
    pub op: Option<&'a str>,
    /// Hears short lines on how it goes.
    pub progress: Hear<'a>,
}

impl Backups<'_> {
    /// The target for work of which nobody can say how long it takes.
    fn patient(&self) -> Target {
        Target { statement_timeout: None, ..self.target.clone() }
    }

    /// The same, whose backups lie on the shelf of what is replaced.
    fn of_safety(&self) -> Self {
        let (connect, target) = (self.connect.clone(), self.target.clone());
        Self { connect, target, shelf: self.safety.unwrap_or(self.shelf), ..*self }
    }
}

/// A size for people: `1.19 GiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.into_iter().find(|(_, bits)| bytes >> bits > 0);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(word, bits)| {
            // In hundredths, so that no float is needed; u128 because a large size would not fit.
            let hundredths = (u128::from(bytes) * 100) >> bits;
            format!("{}.{:02} {word}", hundredths / 100, hundredths % 100)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_short() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.50 KiB");
        assert_eq!(size(1_277_752_771), "1.19 GiB");
        assert_eq!(size(u64::MAX), "17179869183.99 GiB");
    }
}
