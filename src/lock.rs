//! `Holder`, `Held`, `Standing` and `Op`: who has the exclusive right to apply, since when, under which fence, and what
//! is known of that process.
//!
//! The right is taken in two places: in the store, and on the engine, so that two machines with a store each exclude
//! each other too. How it is taken is left to `store` and `provider`; when it is taken, to `cli`.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;

/// How long a lease lasts after it was taken or renewed.
pub const LEASE: Duration = Duration::from_mins(1);

/// How often a lease is renewed.
pub const RENEWAL: Duration = Duration::from_secs(15);

/// The longest a single call to an engine may take; a dead holder's last call is over that long after its lease.
pub const LONGEST_CALL: Duration = Duration::from_secs(30);

/// What has to be left of a lease after the deadline of a call that is sent.
pub const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// The longest a holder sends calls without another look at its lock.
pub const UNSEEN: Duration = LEASE.saturating_sub(LONGEST_CALL).saturating_sub(LEASE_MARGIN);

/// One apply: every object it makes carries this, so that its objects can be found after any fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Op(String);

impl Op {
    /// The op of applying `plan` under a fence of the store of this lineage: two stores may count to the same fence.
    #[must_use]
    pub fn new(plan: &Fingerprint, lineage: &str, fence: u64) -> Self {
        Self(Fingerprint::of(&(plan, lineage, fence)).short())
    }

    /// The fence, up to the latest, under which the op was opened; none where it is not the op of `plan`. The fence of
    /// whoever may write the journal grows with each recovery, and this one stays.
    #[must_use]
    pub fn fence(&self, plan: &Fingerprint, lineage: &str, latest: u64) -> Option<u64> {
        (1..=latest).rev().find(|fence| Self::new(plan, lineage, *fence) == *self)
    }

    /// Its text, as labels carry it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A process that has, or wants, the right to apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The person or account: `ci`.
    pub who: String,
    /// The machine's name.
    pub host: String,
    /// What identifies the machine's present run, so that a process id from before a restart is known to be dead.
    pub boot: String,
    /// The process id.
    pub pid: u32,
    /// When the process started, in the kernel's ticks since boot; 0 where that cannot be told.
    pub started: u64,
    /// What it is doing: `apply v1.8.0`.
    pub doing: String,
    /// The store it works with.
    pub lineage: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (pid {}): {}", self.who, self.host, self.pid, self.doing)
    }
}

/// A lock that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who has it.
    pub holder: Holder,
    /// The number that only grows.
    pub fence: u64,
    /// When it was taken, by the clock of the store or engine that keeps it.
    pub since: Timestamp,
    /// Until when it is leased, by the same clock.
    pub until: Timestamp,
    /// Now, by the same clock.
    pub now: Timestamp,
    /// What names it for a break: the engine's id of the anchor, or the store's row.
    pub id: String,
}

impl Held {
    /// Whether the lease is over so long that no call of its holder can still be under way.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        let grace = self.until + (2 * LONGEST_CALL);
        self.now > grace
    }

    /// What is known of its holder, of which `alive` says whether it is proven to live or to be dead.
    #[must_use]
    pub fn standing(&self, alive: Option<bool>) -> Standing {
        match alive {
            Some(true) => Standing::Alive,
            Some(false) => Standing::Dead,
            None if self.is_abandoned() => Standing::Abandoned,
            None if self.now > self.until => Standing::Silent,
            None => Standing::Leased,
        }
    }
}

/// What is known of the holder of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It lives: it runs on this machine.
    Alive,
    /// It is dead: it ran on this machine.
    Dead,
    /// Nothing can be proven from here, and its lease is not over.
    Leased,
    /// Nothing can be proven from here. Its lease is over, but a call of its may still be under way.
    Silent,
    /// Nothing can be proven from here, and its lease is long over.
    Abandoned,
}

impl Standing {
    /// Whether the holder is at work, as far as anybody can tell.
    #[must_use]
    pub const fn is_at_work(self) -> bool {
        matches!(self, Self::Alive | Self::Leased)
    }

    /// Whether whoever wants the lock next takes it over at once.
    #[must_use]
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Dead | Self::Abandoned)
    }
}
