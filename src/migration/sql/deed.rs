//! `Deed`: what a statement does, as it is gathered while its tree is read.

use crate::migration::sql::{Concurrent, Effect, Kind, Lock, Locked, Loss, Name, Thing, Transactional, Writing};

/// What a statement does, and how it may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) effects: Vec<Effect>,
    pub(super) locks: Vec<Locked>,
    pub(super) transactional: Transactional,
    pub(super) concurrent: Option<Concurrent>,
    pub(super) is_lenient: bool,
    pub(super) cascades: bool,
    /// Why a script with it cannot be run: a message and what to do.
    pub(super) refusal: Option<(String, String)>,
}

impl Deed {
    pub(super) const fn new() -> Self {
        Self {
            effects: Vec::new(),
            locks: Vec::new(),
            transactional: Transactional::Yes,
            concurrent: None,
            is_lenient: false,
            cascades: false,
            refusal: None,
        }
    }

    /// Notes an effect once.
    pub(super) fn note(&mut self, effect: Effect) {
        if !self.effects.contains(&effect) {
            self.effects.push(effect);
        }
    }

    pub(super) fn creates(&mut self, kind: Kind, name: Name) {
        self.note(Effect::Creates(Thing::new(kind, name)));
    }

    pub(super) fn drops(&mut self, kind: Kind, name: Name) {
        self.note(Effect::Drops(Thing::new(kind, name)));
    }

    pub(super) fn alters(&mut self, kind: Kind, name: Name) {
        self.note(Effect::Alters(Thing::new(kind, name)));
    }

    pub(super) fn writes(&mut self, table: &Name, how: Writing) {
        self.note(Effect::Writes { table: table.clone(), how });
    }

    pub(super) fn destroys(&mut self, what: Thing, how: Loss) {
        self.note(Effect::Destroys { what, how });
    }

    pub(super) fn hides(&mut self, why: &'static str) {
        self.note(Effect::Hides(why));
    }

    /// Notes a lock; of two on one table the stronger counts.
    pub(super) fn locks(&mut self, table: &Name, lock: Lock) {
        match self.locks.iter_mut().find(|locked| locked.table == *table) {
            Some(locked) => locked.lock = locked.lock.max(lock),
            None => self.locks.push(Locked { table: table.clone(), lock }),
        }
    }

    /// It cannot run in a transaction.
    pub(super) fn is_alone(&mut self, why: &'static str) {
        self.transactional = Transactional::No(why);
    }

    pub(super) fn is_refused(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.refusal = Some((message.into(), help.into()));
    }
}
