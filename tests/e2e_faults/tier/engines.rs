//! An engine that is killed, started again, stopped for a while, or another one than it was.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::proxy::{Call, ENGINE, Proxy};
use crate::share::{every, set};
use crate::specs::Service;
use crate::tier::deployment::{Deployment, Version, signal};
use crate::tier::private::Private;
use crate::tier::tally::{Tally, tell_times};
use crate::world::World;

/// Which share is tried where nobody asks for another.
const USUAL: usize = 131;
/// A call may take 3 s.
const HASTE: [(&str, &str); 1] = [("OMNI_HASTE", "10")];
/// A moment after the deadline of a call.
const LATE: Duration = Duration::from_millis(3300);

/// What becomes of the engine at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Killed,
    Restarted,
    Stopped,
}

/// Tries a fate at every request.
fn tries(name: &str, fate: Fate, live_restore: bool) {
    let mut engine = Private::new(live_restore, false);
    let proxy = Proxy::new(engine.socket());
    let world = World::new("engine").on(&proxy.host(), &engine.host());
    let mut deployment = Deployment::new(world);
    // Only what lives through a restart may be asked not to have been started again.
    deployment.may_restart = !live_restore && fate != Fate::Stopped;
    let (every, at) = (every(USUAL), set("OMNI_FAULTS_AT"));
    let mut tally = Tally::default();
    let (mut number, mut most) = (every / 2 + 1, 0);
    for from in [Version::B, Version::A] {
        proxy.count();
        deployment.turn_to(if from == Version::B { Version::B } else { Version::A });
        most = most.max(proxy.calls().len());
    }
    if let Some(at) = at {
        (number, most) = (at, at);
    }
    while number <= most {
        for from in [Version::A, Version::B] {
            if deployment.now != from {
                deployment.turn_to(from);
            }
            let is_struck = strike(&mut engine, &proxy, &mut deployment, fate, number, name, &mut tally);
            if !is_struck {
                deployment.now = from.other();
            }
        }
        number += every;
    }
    tally.tell(name);
    tell_times(&format!("to recover after: {name}"), &mut deployment.recoveries);
    drop(deployment);
    tally.ends_well();
}

fn strike(
    engine: &mut Private,
    proxy: &Proxy,
    deployment: &mut Deployment,
    fate: Fate,
    number: usize,
    name: &str,
    tally: &mut Tally,
) -> bool {
    let (is_struck, has_looked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (say, hear) = mpsc::channel();
    let (strikes, looks, pid) = (Arc::clone(&is_struck), Arc::clone(&has_looked), engine.pid());
    let (history, begun) = (deployment.history(), deployment.history().output().expect("omni runs").stdout);
    let history = Mutex::new(history);
    proxy.watch(Arc::new(move |call: &Call| {
        if call.number == number {
            strikes.store(true, Ordering::Relaxed);
            match fate {
                Fate::Killed => signal(pid, "-KILL"),
                Fate::Restarted => signal(pid, "-TERM"),
                Fate::Stopped => signal(pid, "-STOP"),
            }
            // Nobody hears it where the run is over.
            let _ = say.send(());
        }
        if call.number > number && call.path.ends_with("/containers/json") {
            let now = history.lock().expect("nobody panics with it").output().expect("omni runs").stdout;
            looks.fetch_or(now == begun, Ordering::Relaxed);
        }
    }));
    let ran = std::thread::scope(|scope| {
        let told = if fate == Fate::Stopped { &HASTE[..] } else { &[] };
        let running = scope.spawn(|| deployment.try_other(told));
        // Ends also where the run is over and nothing was struck.
        loop {
            if hear.recv_timeout(Duration::from_millis(20)).is_ok() {
                match fate {
                    Fate::Killed | Fate::Restarted => engine.start_again(),
                    Fate::Stopped => {
                        std::thread::sleep(LATE);
                        signal(pid, "-CONT");
                    }
                }
                break;
            }
            if running.is_finished() {
                break;
            }
        }
        running.join().expect("a run")
    });
    proxy.heal();
    // One that ends otherwise without being struck is judged all the same.
    if !is_struck.load(Ordering::Relaxed) && ran.code == Some(0) {
        return false;
    }
    let has_begun = matches!(ran.code, Some(0 | 1 | 3));
    // Measured: an engine that was killed stops what still runs when it starts, takes that for a stop by hand, and
    // does not start it again. What it stops before the last look of an apply, that apply starts; the rest, the next.
    let is_looked_at = has_begun && has_looked.load(Ordering::Relaxed);
    deployment.was_stopped = fate == Fate::Killed && deployment.may_restart && !is_looked_at;
    let replay = format!("replay: OMNI_FAULTS_AT={number} scripts/faults-engine engines");
    // Measured: one that was killed while it stopped a container may not be able to start that container. omni says so,
    // and what to do.
    let mut mend = |said: &str| {
        let is_wanted =
            fate == Fate::Killed && said.contains("the engine holds on to a process that it lost: restart it");
        if is_wanted {
            signal(engine.pid(), "-TERM");
            engine.start_again();
        }
        is_wanted
    };
    deployment.judge_mending(&format!("{name} at request {number}\n{replay}\n"), &ran, tally, &mut mend);
    true
}

#[test]
fn an_engine_killed_at_any_request_ends_before_or_after() {
    tries("the engine killed and started", Fate::Killed, false);
}

#[test]
fn an_engine_restarted_at_any_request_ends_before_or_after() {
    tries("the engine restarted", Fate::Restarted, false);
}

#[test]
fn an_engine_restarted_at_any_request_while_all_lives_on_ends_before_or_after() {
    tries("the engine restarted with live-restore", Fate::Restarted, true);
}

#[test]
fn an_engine_killed_at_any_request_while_all_lives_on_ends_before_or_after() {
    tries("the engine killed and started with live-restore", Fate::Killed, true);
}

#[test]
fn an_engine_stopped_past_the_deadline_at_any_request_ends_before_or_after() {
    tries("the engine stopped past the deadline", Fate::Stopped, false);
}

#[test]
fn another_engine_behind_the_same_address_is_refused() {
    let proxy = Proxy::new(ENGINE);
    let world = World::new("other").on(&proxy.host(), &format!("unix://{ENGINE}"));
    let spec = |version: &str| format!("[networks.inside]\n{}", Service::new("web", version, &[]).text());
    world.write("v1", 1, &spec("1"));
    world.ends(&["apply", "--yes"], 0);
    world.write("v2", 1, &spec("2"));
    let file = world.path("plan.omni").display().to_string();
    world.ends(&["plan", "-o", &file], 0);
    let before = world.ids();
    let other = Private::new(false, true);
    proxy.lead_to(other.socket());
    proxy.count();
    let refused = world.ends(&["apply", &file, "--yes"], 4);
    let sent: Vec<_> = proxy.calls().into_iter().filter(Call::is_mutating).map(|call| call.template()).collect();
    assert_eq!(sent, [""; 0], "{}", refused.text);
    proxy.lead_to(ENGINE);
    assert_eq!(world.ids(), before, "{}", refused.text);
    assert_eq!(world.anchors(), [""; 0]);
    world.ends(&["apply", &file, "--yes"], 0);
}

/// What is kept for a rollback was stopped, and an engine that starts must not take it for what should run.
#[test]
fn an_engine_that_starts_again_leaves_what_was_replaced_alone() {
    let mut engine = Private::new(false, false);
    let world = World::new("always").on(&engine.host(), &engine.host());
    let spec = |version: &str| {
        let service = Service::new("web", version, &[]).restart("always").text();
        format!("[networks.inside]\n{service}")
    };
    for version in ["1", "2"] {
        world.write(&format!("v{version}"), 3, &spec(version));
        world.ends(&["apply", "--yes"], 0);
    }
    signal(engine.pid(), "-TERM");
    engine.start_again();
    assert_eq!(world.versions(), ["2".to_owned()].into());
    world.ends(&["plan", "--exit-code"], 0);
    world.ends(&["rollback", "--to", "v1", "--yes"], 0);
    world.ends(&["drift"], 0);
    signal(engine.pid(), "-TERM");
    engine.start_again();
    assert_eq!(world.versions(), ["1".to_owned()].into());
    world.ends(&["drift"], 0);
    // The same where the undo of an apply brings it back.
    let ill = format!("[networks.inside]\n{}", Service::new("web", "3", &[]).restart("always").ill().text());
    world.write("v3", 3, &ill);
    world.ends(&["apply", "--yes"], 1);
    signal(engine.pid(), "-TERM");
    engine.start_again();
    assert_eq!(world.versions(), ["1".to_owned()].into());
    drop(world);
}
