//! `Trouble` and the script of them: which call goes wrong, and how; and the list of what was called.

use std::collections::BTreeMap;
use std::time::Duration;

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be sent.
    Refuse,
    /// It never arrives, and the connection breaks.
    LostBefore,
    /// It takes effect, and the connection breaks before the answer.
    LostAfter,
    /// The connection breaks at once, and it takes effect so much later.
    Late(Duration),
    /// The engine says that there is a conflict.
    Conflict,
    /// The engine says that it failed.
    Failure,
    /// Nothing happens until the deadline.
    Hang,
    /// It takes effect, and nothing is heard until the deadline.
    HangAfter,
    /// The engine is killed by it and started again: what was under way is never done, everything that runs is stopped,
    /// and nobody answers the next few calls.
    Restart,
}

/// How a call in the log begins that only reads; such a one is there only where something went wrong with it.
pub const ONLY_READ: &str = "read: ";

/// Every call of `Engine`, `Connect`, `Session` and `Tools`. A call that is not here cannot be counted: the fault
/// matrix has a row for each.
pub const METHODS: [&str; 52] = [
    "abort",
    "begin",
    "build",
    "catalogue",
    "commit",
    "connect",
    "container",
    "containers",
    "create_container",
    "create_network",
    "create_volume",
    "dump",
    "dumped",
    "end_others",
    "facts",
    "file",
    "image",
    "images",
    "import_empty",
    "join_network",
    "ledger",
    "make_ledger",
    "mark",
    "marks",
    "networks",
    "networks_named",
    "now",
    "pull",
    "put_files",
    "record",
    "record_begun",
    "registry_digest",
    "remove_container",
    "remove_image",
    "remove_network",
    "remove_volume",
    "restore",
    "restored",
    "schema",
    "run",
    "start_container",
    "statement",
    "stop_container",
    "tail",
    "try_lock",
    "unmark",
    "unrecord",
    "update_container",
    "value",
    "volume",
    "volumes",
    "wait",
];

/// Which calls go wrong, and what was called.
#[derive(Debug, Default)]
pub(super) struct Script {
    calls: u64,
    counts: BTreeMap<&'static str, u64>,
    numbered: BTreeMap<u64, Trouble>,
    named: Vec<(&'static str, u64, Trouble)>,
    down_from: Option<u64>,
    fired: u64,
    log: Vec<String>,
}

impl Script {
    /// Counts a call and says what goes wrong with it.
    pub(super) fn next(&mut self, method: &'static str, name: &str, mutates: bool) -> Option<Trouble> {
        assert!(METHODS.contains(&method), "`{method}` is missing in the list of calls");
        self.calls += 1;
        let count = self.counts.entry(method).or_default();
        *count += 1;
        let named = self.named.iter().find(|(of, nth, _)| *of == method && nth == count).map(|(.., trouble)| *trouble);
        let down = self.down_from.filter(|from| self.calls >= *from).map(|_| Trouble::Refuse);
        let trouble = down.or(named).or_else(|| self.numbered.get(&self.calls).copied());
        self.fired += u64::from(trouble.is_some());
        let told = trouble.map(|trouble| format!(" ({trouble:?})")).unwrap_or_default();
        if mutates {
            self.log.push(format!("{method} {name}{told}"));
        } else if trouble.is_some() {
            self.log.push(format!("{ONLY_READ}{method} {name}{told}"));
        }
        trouble
    }

    pub(super) fn at(&mut self, number: u64, trouble: Trouble) {
        self.numbered.insert(number, trouble);
    }

    pub(super) fn nth(&mut self, method: &'static str, nth: u64, trouble: Trouble) {
        self.named.push((method, nth, trouble));
    }

    pub(super) const fn down_from(&mut self, number: u64) {
        self.down_from = Some(number);
    }

    /// Forgets troubles, counts and the log.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) const fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) const fn fired(&self) -> u64 {
        self.fired
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.clone()
    }

    pub(super) fn log_from(&self, first: usize) -> Vec<String> {
        self.log.get(first..).unwrap_or_default().to_vec()
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.log.clone()
    }
}
