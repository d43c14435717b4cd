//! `Nature`: what processes can ask of the machine they run on: the time, and whether another process lives.
//!
//! A host's clock may jump and stand still; the engine's own clock does neither. A process knows of others on its host
//! only. Which process is asking is set by whoever polls it, so this is one per thread, and a seed has a thread for
//! itself.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use omni::clock::Clock;
use omni::lock::Holder;
use tokio::time::Instant;

/// When every clock began: the engine's, and those of all hosts.
const EPOCH: i64 = 1_767_225_600;

/// What a clock does from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// It is off by so many seconds.
    Off(i64),
    /// It stands still.
    Frozen,
}

#[derive(Debug)]
struct Nature {
    began: Instant,
    /// The host of the process that is being polled.
    here: usize,
    /// What the clock of each host does since when, in the order of time.
    clocks: BTreeMap<usize, Vec<(Instant, Tick)>>,
    living: BTreeMap<(String, u32), bool>,
}

thread_local! {
    static NATURE: RefCell<Option<Nature>> = const { RefCell::new(None) };
}

fn with<T>(look: impl FnOnce(&mut Nature) -> T) -> T {
    NATURE.with_borrow_mut(|nature| look(nature.as_mut().expect("a simulation runs on this thread")))
}

/// Begins anew: no process, all clocks right.
pub(crate) fn begin() {
    let nature = Nature { began: Instant::now(), here: 0, clocks: BTreeMap::new(), living: BTreeMap::new() };
    NATURE.set(Some(nature));
}

/// The name of a host.
pub(crate) fn host(number: usize) -> String {
    format!("host{number}")
}

/// From now on a process of this host asks.
pub(crate) fn at(host: usize) {
    with(|nature| nature.here = host);
}

/// A process lives from now on, or does not.
pub(crate) fn lives(holder: &Holder, lives: bool) {
    with(|nature| nature.living.insert((holder.host.clone(), holder.pid), lives));
}

/// Changes the clock of a host.
pub(crate) fn turn(host: usize, at: Instant, tick: Tick) {
    with(|nature| {
        let turns = nature.clocks.entry(host).or_default();
        turns.push((at, tick));
        turns.sort_by_key(|(at, _)| *at);
    });
}

/// All clocks are right again.
pub(crate) fn right() {
    with(|nature| nature.clocks.clear());
}

/// Whether a process lives, as far as the one that asks can tell.
pub(crate) fn alive(holder: &Holder) -> Option<bool> {
    with(|nature| {
        let is_here = holder.host == host(nature.here);
        is_here.then(|| nature.living.get(&(holder.host.clone(), holder.pid)).copied().unwrap_or(false))
    })
}

/// The time as nobody disturbs it.
pub(crate) fn true_time() -> Timestamp {
    with(|nature| since(nature.began, Instant::now()))
}

/// The time by the clock of the host that asks.
pub(crate) fn time() -> Timestamp {
    with(|nature| {
        let now = Instant::now();
        let mut shown = since(nature.began, now);
        let (mut off, mut stood): (i64, Option<Timestamp>) = (0, None);
        for (at, tick) in nature.clocks.get(&nature.here).into_iter().flatten().filter(|(at, _)| *at <= now) {
            match tick {
                Tick::Off(seconds) => (off, stood) = (*seconds, None),
                Tick::Frozen => stood = Some(since(nature.began, *at)),
            }
        }
        if let Some(stood) = stood {
            shown = stood;
        }
        shown.checked_add(SignedDuration::from_secs(off)).expect("within the calendar")
    })
}

fn since(began: Instant, now: Instant) -> Timestamp {
    let epoch = Timestamp::from_second(EPOCH).expect("within the calendar");
    epoch.checked_add(now.saturating_duration_since(began)).expect("within the calendar")
}

/// The clock of the host that asks.
pub(crate) struct HostClock;

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        time()
    }
}
