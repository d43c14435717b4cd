//! Kill -9 at every call and every write of an apply; how long a recovery then takes, and how soon the lock is free.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::proxy::{Call, ENGINE, Proxy, Trouble};
use crate::share::{every, set};
use crate::specs::Service;
use crate::tier::deployment::{Deployment, Version, end, signal};
use crate::tier::tally::{Tally, tell_times};
use crate::world::World;

const APPLY: [&str; 2] = ["apply", "--yes"];
/// Which share is tried where nobody asks for another.
const USUAL: usize = 37;
const USUAL_AGAIN: usize = 97;
/// How often the lock is taken from a dead holder.
const DEATHS: usize = 50;

#[test]
fn killed_at_every_call_and_every_write_ends_before_or_after() {
    let mut deployment = Deployment::new(World::new("dying"));
    deployment.may_be_killed = true;
    let mut cells: BTreeMap<Version, VecDeque<String>> = BTreeMap::new();
    let mut position = 0;
    let (every, at) = (every(USUAL), set("OMNI_FAULTS_AT"));
    for from in [Version::A, Version::B] {
        deployment.write(from.other());
        let (places, ran) = deployment.world.all_places(&APPLY);
        assert_eq!(ran.code, Some(0), "{}", ran.text);
        assert!(places.iter().any(|place| place.starts_with("call.")), "calls are places to die at");
        deployment.turn_to(from.other());
        for place in places {
            position += 1;
            if at.map_or(position % every == every / 2, |at| at == position) {
                cells.entry(from).or_default().push_back(format!("{place} ({position})"));
            }
        }
    }
    let (mut tally, mut missed) = (Tally::default(), 0);
    while cells.values().any(|left| !left.is_empty()) {
        let now = deployment.now;
        let Some(cell) = cells.get_mut(&now).and_then(VecDeque::pop_front) else {
            deployment.turn_to(now.other());
            continue;
        };
        let place = cell.split(' ').next().unwrap_or_default();
        let ran = deployment.try_other(&[("OMNI_FAILPOINT", place)]);
        // How often a service is asked whether it is well differs from run to run.
        missed += usize::from(ran.signal.is_none());
        let replay = cell.split(['(', ')']).nth(1).unwrap_or_default();
        let name = format!("killed at {cell}\nreplay: OMNI_FAULTS_AT={replay} scripts/faults-engine dying\n");
        deployment.judge(&name, &ran, &mut tally);
    }
    tally.tell("kill -9 at a call or a write");
    tell_times("to recover after kill -9", &mut deployment.recoveries);
    tally.ends_well();
    assert!(missed * 10 <= tally.cells, "{missed} of {} places were not reached", tally.cells);
}

/// An undo that finds nothing under a name takes it for a moment. Who dies in that moment leaves it taken.
#[test]
fn a_recovery_killed_while_it_holds_a_name_is_taken_up_by_the_next() {
    let proxy = Proxy::new(ENGINE);
    let world = World::new("named").on(&proxy.host(), &format!("unix://{ENGINE}"));
    let mut deployment = Deployment::new(world);
    deployment.may_be_killed = true;
    let killed = deployment.try_other(&[("OMNI_FAILPOINT", "record.written:4")]);
    assert_eq!(killed.signal, Some(9), "{}", killed.text);
    let pid = Arc::new(AtomicU32::new(0));
    let of = Arc::clone(&pid);
    let takes_a_name = move |call: &Call| {
        let takes = call.labels.contains_key("omni.op") && !call.labels.contains_key("omni.resource");
        if takes {
            while of.load(Ordering::Relaxed) == 0 {
                std::thread::yield_now();
            }
            signal(of.load(Ordering::Relaxed), "-KILL");
        }
        takes
    };
    proxy.arm_when(Arc::new(takes_a_name), Trouble::Drop, false);
    let recovery = deployment.begin(&["recover", "--plain"], &[]);
    pid.store(recovery.id(), Ordering::Relaxed);
    let recovery = end(recovery);
    assert_eq!((recovery.signal, proxy.fired()), (Some(9), 1), "{}", recovery.text);
    proxy.heal();
    let mut tally = Tally::default();
    deployment.judge("killed while it held a name", &recovery, &mut tally);
    assert_eq!((tally.violations, tally.before), (Vec::<String>::new(), 1));
}

#[test]
fn a_recovery_killed_at_every_call_is_taken_up_by_the_next() {
    let mut deployment = Deployment::new(World::new("again"));
    deployment.may_be_killed = true;
    let mut tally = Tally::default();
    let (every, at) = (every(USUAL_AGAIN), set("OMNI_FAULTS_AT"));
    let mut position = 0;
    for first in ["record.written:4", "record.written:7", "record.written:10"] {
        let killed = deployment.try_other(&[("OMNI_FAILPOINT", first)]);
        assert_eq!(killed.signal, Some(9), "{}", killed.text);
        let (places, ran) = deployment.world.all_places(&["recover"]);
        assert_eq!(ran.code, Some(0), "{}", ran.text);
        for place in places {
            position += 1;
            if !at.map_or(position % every == every / 2, |at| at == position) {
                continue;
            }
            let killed = deployment.try_other(&[("OMNI_FAILPOINT", first)]);
            if killed.signal.is_some() {
                deployment.run(&["recover", "--plain"], &[("OMNI_FAILPOINT", &place)]);
            }
            let replay = format!("replay: OMNI_FAULTS_AT={position} scripts/faults-engine a_recovery_killed_at");
            deployment.judge(&format!("killed at {first}, and again at {place}\n{replay}\n"), &killed, &mut tally);
        }
    }
    tally.tell("kill -9, and again at a call of the recovery");
    tell_times("to recover after kill -9 twice", &mut deployment.recoveries);
    tally.ends_well();
}

#[test]
fn the_lock_of_one_that_was_killed_is_taken_by_the_next() {
    let world = World::new("next");
    let spec = |version: &str| format!("[networks.inside]\n{}", Service::new("web", version, &[]).text());
    world.write("v1", 1, &spec("1"));
    world.ends(&APPLY, 0);
    world.write("v2", 1, &spec("2"));
    let killed = world.omni_dying_at(&APPLY, "record.written:1");
    assert_eq!(killed.signal, Some(9), "{}", killed.text);
    let mut times: Vec<Duration> = Vec::new();
    for death in 0..DEATHS {
        // Each dies as soon as it has the lock, so each takes it from the one before.
        let since = Instant::now();
        let next = world.omni_dying_at(if death % 2 == 0 { &["recover"] } else { &APPLY }, "locked:1");
        times.push(since.elapsed());
        assert_eq!(next.signal, Some(9), "it did not get the lock: {:?}\n{}", next.code, next.text);
    }
    tell_times("from kill -9 until the next one has the lock", &mut times);
    world.ends(&["recover"], 0);
    assert_eq!(world.anchors(), [""; 0]);
    assert_eq!(world.serving().len(), 1);
}
