//! `World`: everything the fake engine has, and what is about to take effect in it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::fingerprint::Fingerprint;
use crate::provider::engine::{Labels, LiveNetwork, LiveVolume};
use crate::provider::fake::container::{FakeContainer, Process};
use crate::provider::fake::database::FakeDatabase;
use crate::provider::fake::image::FakeImage;
use crate::provider::fake::script::{Script, Trouble};
use crate::provider::{Fault, FaultKind};

/// When the world began, by its own clock: 2026-01-01.
const EPOCH: i64 = 1_767_225_600;

/// How many calls nobody answers while the engine starts.
const UNANSWERED: u64 = 5;

type Effect = Box<dyn FnOnce(&mut World) + Send>;

/// Everything the engine has.
pub(super) struct World {
    pub(super) containers: Vec<FakeContainer>,
    pub(super) networks: Vec<LiveNetwork>,
    pub(super) volumes: BTreeMap<String, LiveVolume>,
    pub(super) images: Vec<FakeImage>,
    pub(super) databases: BTreeMap<String, FakeDatabase>,
    /// What the registry has, by reference.
    pub(super) registry: BTreeMap<String, FakeImage>,
    /// Ids of containers that are being removed.
    pub(super) removing: BTreeSet<String>,
    /// Names of containers that are being made.
    pub(super) reserved: BTreeSet<String>,
    pub(super) script: Script,
    /// How far the engine's clock is off, in seconds.
    pub(super) skew: i64,
    pub(super) now: Instant,
    began: Instant,
    pending: Vec<(Instant, u64, Effect)>,
    made: u64,
}

impl World {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            containers: Vec::new(),
            networks: Vec::new(),
            volumes: BTreeMap::new(),
            images: Vec::new(),
            databases: BTreeMap::new(),
            registry: BTreeMap::new(),
            removing: BTreeSet::new(),
            reserved: BTreeSet::new(),
            script: Script::default(),
            skew: 0,
            now,
            began: now,
            pending: Vec::new(),
            made: 0,
        }
    }

    /// Another world with the same things, in which nobody has called yet.
    ///
    /// # Panics
    /// When something has still to take effect: that can happen in one world only.
    pub(super) fn copy(&self) -> Self {
        assert!(self.pending.is_empty(), "something has still to take effect");
        Self {
            containers: self.containers.clone(),
            networks: self.networks.clone(),
            volumes: self.volumes.clone(),
            images: self.images.clone(),
            databases: self.databases.clone(),
            registry: self.registry.clone(),
            removing: self.removing.clone(),
            reserved: self.reserved.clone(),
            script: Script::default(),
            skew: self.skew,
            now: self.now,
            began: self.began,
            pending: Vec::new(),
            made: self.made,
        }
    }

    /// Lets everything take effect that is due by `now`, in order.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some(first) = self.due(now) {
            let (at, _, effect) = self.pending.swap_remove(first);
            self.now = at.max(self.now);
            effect(self);
        }
        self.now = now.max(self.now);
    }

    fn due(&self, now: Instant) -> Option<usize> {
        let due = self.pending.iter().enumerate().filter(|(_, (at, ..))| *at <= now);
        due.min_by_key(|(_, (at, number, _))| (*at, *number)).map(|(place, _)| place)
    }

    /// Lets something take effect later.
    pub(super) fn later(&mut self, at: Instant, effect: impl FnOnce(&mut Self) + Send + 'static) {
        let number = self.number();
        self.pending.push((at, number, Box::new(effect)));
    }

    /// The engine is killed and started again. Measured: it stops what still runs when it starts, takes that for a stop
    /// by hand, and starts none of it, whatever its restart rule.
    pub(super) fn restart(&mut self) {
        self.pending.clear();
        self.removing.clear();
        self.reserved.clear();
        // The databases run on it: whatever was not committed is gone, and so is everybody who was connected.
        self.databases.values_mut().for_each(|database| database.connections.clear());
        let now = self.now;
        for container in self.containers.iter_mut().filter(|container| container.runs(now)) {
            container.process = Process::Stopped(0);
        }
        let first = self.script.calls() + 1;
        for number in first..first + UNANSWERED {
            self.script.at(number, Trouble::Refuse);
        }
    }

    /// A number that is given once.
    pub(super) const fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// An id that is given once.
    pub(super) fn id(&mut self, kind: &str) -> String {
        let number = self.number();
        Fingerprint::of(&(kind, number)).to_string()
    }

    /// The engine's clock.
    pub(super) fn clock(&self) -> Timestamp {
        self.timestamp(self.now)
    }

    /// A moment by the engine's clock.
    pub(super) fn timestamp(&self, at: Instant) -> Timestamp {
        let since = at.saturating_duration_since(self.began);
        let begun = Timestamp::from_second(EPOCH + self.skew).unwrap_or(Timestamp::UNIX_EPOCH);
        begun.checked_add(since).unwrap_or(begun)
    }

    /// The networks that carry all these labels.
    pub(super) fn networks(&self, labels: &Labels) -> Vec<LiveNetwork> {
        self.networks.iter().filter(|live| has(&live.labels, labels)).cloned().collect()
    }

    pub(super) fn remove_network(&mut self, id: &str) -> Result<(), Fault> {
        let place = self.networks.iter().position(|live| live.id == id).ok_or_else(|| missing("network", id))?;
        let used = self.containers.iter().any(|c| c.runs(self.now) && c.new.networks.iter().any(|j| j.id == id));
        if used {
            return Err(Fault::new(FaultKind::Conflict, "network has active endpoints"));
        }
        self.networks.remove(place);
        Ok(())
    }

    pub(super) fn remove_volume(&mut self, name: &str) -> Result<(), Fault> {
        if !self.volumes.contains_key(name) {
            return Err(missing("volume", name));
        }
        if self.containers.iter().any(|c| c.new.volumes.values().any(|used| used == name)) {
            return Err(Fault::new(FaultKind::Conflict, "volume is in use"));
        }
        self.volumes.remove(name);
        Ok(())
    }
}

/// Whether labels hold all that are wanted.
pub(super) fn has(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(name, value)| labels.get(name) == Some(value))
}

/// The engine's answer about something that it does not have.
pub(super) fn missing(what: &str, name: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("no such {what}: {name}"))
}
