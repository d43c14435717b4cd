//! Signals at every request of an apply, a reader that leaves, and a process that sleeps past its lease.

use std::collections::{BTreeMap, VecDeque};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::locks::take_away;
use crate::middle::{Middle, two};
use crate::proxy::{Call, ENGINE, Proxy};
use crate::share::{every, is_wanted, set};
use crate::tier::deployment::{Deployment, Version, end, signal};
use crate::tier::tally::Tally;
use crate::world::{Ran, World};

/// Which share is tried where nobody asks for another.
const USUAL: usize = 173;
/// A lease of 2 s.
const HASTE: [(&str, &str); 1] = [("OMNI_HASTE", "30")];
const LEASE: Duration = Duration::from_secs(2);

/// What happens to the process at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// A signal; a second one so many requests later.
    Signal(&'static str, Option<usize>),
    /// Whoever reads what it says leaves.
    Deaf,
    /// It sleeps past its lease, and meanwhile somebody takes the lock away.
    Sleep,
}

const EVENTS: [(&str, Event); 7] = [
    ("SIGINT", Event::Signal("-INT", None)),
    ("SIGTERM", Event::Signal("-TERM", None)),
    ("SIGHUP", Event::Signal("-HUP", None)),
    ("SIGINT, and again 1 request later", Event::Signal("-INT", Some(1))),
    ("SIGINT, and again 5 requests later", Event::Signal("-INT", Some(5))),
    ("closed pipes", Event::Deaf),
    ("asleep past the lease, and the lock is gone", Event::Sleep),
];

struct Stage {
    proxy: Proxy,
    deployment: Deployment,
    tallies: BTreeMap<&'static str, Tally>,
    slept: usize,
}

impl Stage {
    fn new(name: &str) -> Self {
        let proxy = Proxy::new(ENGINE);
        let world = World::new(name).on(&proxy.host(), &format!("unix://{ENGINE}"));
        Self { deployment: Deployment::new(world), proxy, tallies: BTreeMap::new(), slept: 0 }
    }

    fn try_cell(&mut self, name: &'static str, event: Event, number: usize) {
        let pid = Arc::new(AtomicU32::new(0));
        let heard: Arc<Mutex<Vec<usize>>> = Arc::default();
        let (of, struck) = (Arc::clone(&pid), Arc::clone(&heard));
        self.proxy.watch(Arc::new(move |call: &Call| {
            let first = call.number == number;
            let now = match event {
                Event::Signal(word, second) => {
                    let again = second.is_some_and(|second| call.number == number + second);
                    (first || again).then_some(word)
                }
                Event::Sleep => first.then_some("-STOP"),
                Event::Deaf => first.then_some("-URG"),
            };
            if let Some(word) = now {
                // The process may be so quick that nobody knows its number yet.
                while of.load(Ordering::Relaxed) == 0 {
                    std::thread::yield_now();
                }
                // First, since one that dies of it is over before the signal is known to be sent.
                struck.lock().unwrap().push(call.number);
                signal(of.load(Ordering::Relaxed), word);
            }
        }));
        let told = if event == Event::Sleep { &HASTE[..] } else { &[] };
        let mut child = self.deployment.begin_other(told);
        pid.store(child.id(), Ordering::Relaxed);
        let mut further = None;
        if matches!(event, Event::Deaf | Event::Sleep) {
            while heard.lock().unwrap().is_empty() {
                if child.try_wait().expect("an answer").is_some() {
                    break;
                }
                std::thread::yield_now();
            }
        }
        if event == Event::Deaf {
            drop((child.stdout.take(), child.stderr.take()));
        }
        if event == Event::Sleep && !heard.lock().unwrap().is_empty() {
            further = self.sleep();
        }
        let sent = self.proxy.calls().len();
        if event == Event::Sleep {
            signal(child.id(), "-CONT");
        }
        let ran = end(child);
        let further_calls = self.proxy.calls().split_off(sent);
        let more: Vec<_> = further_calls.iter().filter(|call| call.is_mutating()).map(Call::template).collect();
        self.proxy.heal();
        // One that ends otherwise without being disturbed is judged all the same.
        if heard.lock().unwrap().is_empty() && ran.code == Some(0) {
            // It was over before that request.
            self.deployment.now = self.deployment.now.other();
            if self.deployment.now == Version::A {
                self.deployment.turn_to(Version::B);
                self.deployment.turn_to(Version::A);
            }
            return;
        }
        let from = self.deployment.now;
        let cell = format!(
            "{name} at request {number}\nreplay: OMNI_FAULTS_ROW='{name}' OMNI_FAULTS_FROM={from:?} OMNI_FAULTS_AT={number} \
             scripts/faults-engine interrupted\n"
        );
        let tally = self.tallies.entry(name).or_default();
        if further == Some(true) {
            self.slept += 1;
            if ran.code != Some(5) || !more.is_empty() {
                let text =
                    format!("{cell}: after its sleep it sent {more:?} and ended with {:?}:\n{}", ran.code, ran.text);
                tally.violations.push(text);
            }
        }
        // What dies before it listens to signals has touched nothing; the shell's code of such a death is none.
        self.deployment.may_be_killed = true;
        self.deployment.lasts = matches!(event, Event::Signal(_, Some(_)));
        self.deployment.judge(&cell, &ran, tally);
    }

    /// Lets the lease run out and takes the lock away; says whether an apply was open then, and nothing where it could
    /// not be taken.
    fn sleep(&self) -> Option<bool> {
        std::thread::sleep(LEASE);
        let world = &self.deployment.world;
        let status = world.command(&["lock", "status", "--json"]).output().expect("omni runs");
        let found: serde_json::Value = serde_json::from_slice(&status.stdout).ok()?;
        let fence = found["held"]["fence"].as_u64();
        let opened = !world.status()["open_apply"].is_null();
        take_away(world, fence?).then_some(opened)
    }
}

#[test]
fn whatever_signal_at_whichever_request_ends_before_or_after() {
    let mut stage = Stage::new("interrupted");
    let (every, at) = (every(USUAL), set("OMNI_FAULTS_AT"));
    let mut cells: BTreeMap<Version, VecDeque<_>> = BTreeMap::new();
    for from in [Version::A, Version::B] {
        stage.proxy.count();
        stage.deployment.turn_to(from.other());
        for number in 1..=stage.proxy.calls().len() {
            for (which, (name, event)) in EVENTS.into_iter().enumerate() {
                // Whatever the share, each of them gets its turn.
                let is_next = at.map_or((number + which) % every == every / 2, |at| at == number);
                if is_next && is_wanted("OMNI_FAULTS_ROW", name) && is_wanted("OMNI_FAULTS_FROM", &format!("{from:?}"))
                {
                    cells.entry(from).or_default().push_back((name, event, number));
                }
            }
        }
    }
    while cells.values().any(|left| !left.is_empty()) {
        let now = stage.deployment.now;
        match cells.get_mut(&now).and_then(VecDeque::pop_front) {
            Some((name, event, number)) => stage.try_cell(name, event, number),
            None => stage.deployment.turn_to(now.other()),
        }
    }
    let mut all = Tally::default();
    for (name, tally) in &stage.tallies {
        tally.tell(name);
        all.add(tally);
    }
    println!("{} slept past their lease while an apply of theirs was open", stage.slept);
    all.ends_well();
}

#[test]
fn one_that_sleeps_past_its_lease_and_loses_the_lock_sends_nothing_more() {
    let mut stage = Stage::new("asleep");
    // From the middle of the steps on. How many requests come before one depends on the machine, and whether an apply is open
    // then too.
    for number in (70..=110).step_by(10) {
        stage.try_cell("asleep", Event::Sleep, number);
        if stage.slept > 0 {
            break;
        }
    }
    assert_eq!(stage.slept, 1, "no apply was open");
    stage.tallies["asleep"].ends_well();
}

/// The whole of it, with the real lease: the other omni cannot see that the sleeper lives, as on another machine.
#[test]
#[ignore = "takes more than two minutes; scripts/faults-engine runs it"]
fn one_that_sleeps_past_a_real_lease_sends_nothing_more_once_another_has_taken_over() {
    let proxy = Proxy::new(ENGINE);
    let world = World::new("lease").on(&proxy.host(), &format!("unix://{ENGINE}"));
    let beside = world.beside();
    world.write("v1", 3, &two("1", "0"));
    world.ends(&["apply", "--yes"], 0);
    world.write("v2", 3, &two("2", "60000"));
    let before = world.ids();
    let sleeper = Middle::begin(world, before);
    let anchor = sleeper.world.anchors().pop().expect("an anchor");
    sleeper.signal("-STOP");
    beside.write("v3", 3, &two("3", "0"));
    // Process ids of another namespace are those of another machine.
    let mut other = Command::new("unshare");
    other.args(["--pid", "--fork", "--mount-proc"]).arg(env!("CARGO_BIN_EXE_omni")).arg("-C").arg(beside.path(""));
    let since = Instant::now();
    let ran = Ran::of(&other.args(["apply", "--yes", "--lock-wait", "5m"]).output().expect("omni runs"));
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(since.elapsed() > Duration::from_mins(1), "the lease was not over");
    let serving = beside.ids();
    proxy.count();
    sleeper.signal("-CONT");
    let (world, _, ran) = sleeper.end();
    assert_eq!(ran.code, Some(5), "{}", ran.text);
    // Its own lock is looked for by its id, which nobody else's has.
    let is_its_own = |call: &Call| call.path.contains(&anchor);
    let sent = proxy.calls().into_iter().filter(|call| call.is_mutating() && !is_its_own(call));
    assert_eq!(sent.map(|call| call.template()).collect::<Vec<_>>(), [""; 0], "{}", ran.text);
    assert_eq!(world.ids(), serving);
    assert_eq!(world.versions(), ["3".to_owned()].into());
}
