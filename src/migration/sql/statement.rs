//! `Statement`: one statement of a script, and what is known of it.

use std::ops::Range;

use crate::migration::sql::{Effect, Lock, Locked, Name};

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement without its `;`, and without the comments around it.
    pub text: String,
    /// Where it stands in the script, in bytes.
    pub span: Range<usize>,
    /// The line of the script on which it begins, from 1.
    pub line: usize,
    /// What it does, in the order in which it is written.
    pub effects: Vec<Effect>,
    /// The tables it locks; those that the same script makes are left out, since nobody uses them yet.
    pub locks: Vec<Locked>,
    /// Whether it may run in a transaction.
    pub transactional: Transactional,
    /// What has to be looked up in the catalogue after a crash: for what runs with `CONCURRENTLY`.
    pub concurrent: Option<Concurrent>,
    /// Whether it says `IF EXISTS`, `IF NOT EXISTS` or `OR REPLACE`: what is there already is left, or replaced.
    pub is_lenient: bool,
    /// Whether it drops with `CASCADE`: what depends on a thing goes with it, and only the database knows what that is.
    pub cascades: bool,
    /// Whether it could be read. Where not, nothing is known of its effects.
    pub is_understood: bool,
}

impl Statement {
    /// The strongest lock it takes on a table that exists already.
    #[must_use]
    pub fn lock(&self) -> Option<Lock> {
        self.locks.iter().map(|locked| locked.lock).max()
    }

    /// Whether it rewrites a table that exists already.
    #[must_use]
    pub fn rewrites(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Rewrites(_)))
    }

    /// Whether it destroys data, or may do so.
    #[must_use]
    pub fn destroys(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Destroys { .. }))
    }

    /// Whether it changes rows, or may do so.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.hides() || self.effects.iter().any(|effect| matches!(effect, Effect::Writes { .. }))
    }

    /// Whether it does what a plan cannot see.
    #[must_use]
    pub fn hides(&self) -> bool {
        !self.is_understood || self.effects.iter().any(|effect| matches!(effect, Effect::Hides(_)))
    }

    /// Its text on one line: every run of white space is one space.
    #[must_use]
    pub fn folded(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What it costs those who use the database, for people: `lock: ACCESS EXCLUSIVE, no rewrite`.
    #[must_use]
    pub fn cost(&self) -> String {
        if !self.is_understood {
            return "not understood".to_owned();
        }
        let mut words = Vec::new();
        match self.lock() {
            Some(lock) => words.push(format!("lock: {lock}")),
            None => words.push("no lock".to_owned()),
        }
        let scans = self.effects.iter().any(|effect| matches!(effect, Effect::Scans(_)));
        match (self.rewrites(), scans, self.lock()) {
            (true, _, _) => words.push("rewrites the table".to_owned()),
            (false, true, _) => words.push("reads the whole table".to_owned()),
            (false, false, Some(Lock::AccessExclusive)) => words.push("no rewrite".to_owned()),
            _ => {}
        }
        if matches!(self.transactional, Transactional::No(_)) {
            words.push("in no transaction".to_owned());
        }
        words.extend(self.effects.iter().find_map(|effect| match effect {
            Effect::Hides(why) => Some((*why).to_owned()),
            _ => None,
        }));
        words.join(", ")
    }
}

/// Whether a statement may run in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transactional {
    /// It may.
    Yes,
    /// It may not, or the statements after it could not: it is a unit of its own.
    No(&'static str),
    /// It sets the session and leaves nothing in the database: within a transaction it does nothing, or it has to be
    /// said again on every new connection.
    Session,
    /// It begins or ends a transaction itself.
    Boundary(Boundary),
}

/// A word that begins or ends a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`.
    Commit,
    /// `COMMIT AND CHAIN`.
    CommitAndBegin,
    /// `ROLLBACK`, `ABORT`.
    Rollback,
}

/// What a statement with `CONCURRENTLY` may leave half done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concurrent {
    /// `CREATE INDEX CONCURRENTLY`: an invalid index, which is to be dropped before it is made again.
    CreatesIndex {
        /// The index, in the schema of its table; none where PostgreSQL chooses the name: then any index of the table
        /// that was not there before is meant.
        index: Option<Name>,
        /// Its table.
        table: Name,
        /// Whether the script says `IF NOT EXISTS`, which an invalid index satisfies.
        if_not_exists: bool,
    },
    /// `DROP INDEX CONCURRENTLY`: an invalid index, which is to be dropped again.
    DropsIndex(Name),
    /// `REINDEX … CONCURRENTLY` of an index or a table: invalid indexes of that table whose names end in `_ccnew` or
    /// `_ccold`, and that were not there before.
    Reindexes(Name),
    /// `DETACH PARTITION … CONCURRENTLY`: a partition that is pending detach, to be finished with `FINALIZE`.
    Detaches {
        /// The table.
        table: Name,
        /// Its partition.
        partition: Name,
    },
}
