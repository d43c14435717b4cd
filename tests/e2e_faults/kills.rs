//! Killed at every write of the journal, forward, backward and while recovering.

use std::collections::{BTreeMap, BTreeSet};

use omni::failpoint;

use crate::specs::{Service, five};
use crate::world::{Ran, World};

const APPLY: [&str; 2] = ["apply", "--yes"];

/// One deployment that is killed over and over, and goes between version 1 and version 2.
struct Matrix {
    world: World,
    /// The fingerprint of each version, when nothing went wrong.
    fingerprints: BTreeMap<String, String>,
    tried: usize,
    violations: Vec<String>,
}

impl Matrix {
    fn new(name: &str) -> Self {
        #[expect(clippy::assertions_on_constants, reason = "a feature decides it")]
        let () = assert!(failpoint::ARE_COMPILED_IN, "without failpoints nothing is killed: use --all-features");
        let mut matrix =
            Self { world: World::new(name), fingerprints: BTreeMap::new(), tried: 0, violations: Vec::new() };
        for version in ["1", "2", "1"] {
            matrix.go(version);
            let seen = matrix.world.fingerprint();
            let known = matrix.fingerprints.entry(version.to_owned()).or_insert_with(|| seen.clone());
            assert_eq!(*known, seen, "the fingerprint says what serves, and not which objects do");
        }
        matrix
    }

    /// Writes the spec of a version.
    fn write(&self, version: &str, change: impl Fn(Service) -> Service) {
        self.world.write(&format!("v{version}"), 1, &five(version, change));
    }

    /// Applies a version.
    #[track_caller]
    fn go(&self, version: &str) {
        self.write(version, |service| service);
        self.world.ends(&APPLY, 0);
    }

    /// The version that serves wholly; what is wrong where none does.
    fn serving(&self) -> Result<String, String> {
        let versions = self.world.versions();
        let count = self.world.serving().len();
        let version = match versions.iter().collect::<Vec<_>>()[..] {
            [version] if count == 5 => version.clone(),
            _ => return Err(format!("{count} services run, of the versions {versions:?}")),
        };
        let fingerprint = self.world.fingerprint();
        match self.fingerprints.get(&version) {
            Some(known) if *known == fingerprint => Ok(version),
            known => Err(format!("the fingerprint of version {version} is {fingerprint} and not {known:?}")),
        }
    }

    /// Notes everything that is wrong once an apply that was killed is finished.
    fn judge(&mut self, place: &str, wanted: &[&str], last: &Ran) -> Option<String> {
        let mut wrong = Vec::new();
        let version = match self.serving() {
            Ok(version) if wanted.contains(&version.as_str()) => Some(version),
            Ok(version) => {
                wrong.push(format!("version {version} serves, and not one of {wanted:?}"));
                None
            }
            Err(text) => {
                wrong.push(text);
                None
            }
        };
        let leaked = self.world.leaked();
        if !leaked.is_empty() {
            wrong.push(format!("left behind: {leaked:?}"));
        }
        let networks = if version.as_deref() == Some("1") { 1 } else { 2 };
        let found = self.world.networks_and_volumes();
        if found != (networks, 1) {
            wrong.push(format!("networks and volumes: {found:?} instead of {:?}", (networks, 1)));
        }
        let anchors = self.world.anchors();
        if !anchors.is_empty() {
            wrong.push(format!("the lock is still on the engine: {anchors:?}"));
        }
        if let Some(version) = &version {
            self.write(version, |service| service);
            let plan = self.world.omni(&["plan", "--exit-code"]);
            if plan.code != Some(0) {
                wrong.push(format!("planning what serves ends with {:?}:\n{}", plan.code, plan.text));
            }
        }
        if !wrong.is_empty() {
            self.violations.push(format!("{place}: {}\nthe last command said:\n{}", wrong.join("; "), last.text));
        }
        version
    }

    /// Kills an apply at a place, and says whether it left one open.
    fn kill(&mut self, words: &[&str], place: &str) -> bool {
        let killed = self.world.omni_dying_at(words, place);
        self.tried += 1;
        if killed.signal != Some(9) {
            self.violations.push(format!("{place}: not killed, ended with {:?}:\n{}", killed.code, killed.text));
            return false;
        }
        let opened = !(place == "locked:1" || place == "apply.closed:1");
        let plan = self.world.omni(&["plan"]);
        let told = plan.code == Some(3) && plan.text.contains("open") && plan.text.contains("omni recover");
        if opened && !told {
            self.violations.push(format!("{place}: the plan does not tell of it ({:?}):\n{}", plan.code, plan.text));
        }
        if !opened && plan.code != Some(0) {
            self.violations.push(format!("{place}: nothing is open, but ({:?}):\n{}", plan.code, plan.text));
        }
        opened
    }

    /// Finishes what was killed, with this command.
    fn finish(&mut self, words: &[&str], code: i32, place: &str) -> Ran {
        let ran = self.world.omni(words);
        if ran.code != Some(code) {
            self.violations.push(format!("{place}: omni {words:?} ended with {:?}:\n{}", ran.code, ran.text));
        }
        ran
    }

    #[track_caller]
    #[expect(clippy::print_stdout, reason = "how much was tried is what is to be known of a matrix")]
    fn ends_well(self, at_least: usize) {
        println!("{} points tried, {} violations", self.tried, self.violations.len());
        assert!(self.violations.is_empty(), "{}", self.violations.join("\n\n"));
        assert!(self.tried >= at_least, "only {} points were tried", self.tried);
    }
}

fn other(version: &str) -> &'static str {
    if version == "1" { "2" } else { "1" }
}

#[test]
fn an_apply_killed_anywhere_ends_before_or_after() {
    let mut matrix = Matrix::new("forward");
    let mut ways: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for version in ["2", "1"] {
        matrix.write(version, |service| service);
        let (places, ran) = matrix.world.places(&APPLY);
        assert_eq!(ran.code, Some(0), "{}", ran.text);
        ways.insert(version, places);
    }
    let mut now = "1";
    for place in ways["2"].clone() {
        let mut next = other(now);
        if !ways[next].contains(&place) {
            matrix.go(next);
            (now, next) = (next, now);
        }
        matrix.write(next, |service| service);
        matrix.kill(&APPLY, &place);
        let by_apply = matrix.tried.is_multiple_of(2) && place != "apply.closed:1";
        let (words, wanted) = if by_apply { (&APPLY[..], &[next][..]) } else { (&["recover"][..], &[now, next][..]) };
        let ran = matrix.finish(words, 0, &place);
        match matrix.judge(&format!("{place} on the way to {next}"), wanted, &ran).as_deref() {
            Some("1") => now = "1",
            Some(_) => now = "2",
            None => break,
        }
    }
    matrix.ends_well(25);
}

#[test]
fn an_apply_killed_anywhere_while_it_is_undone_ends_before() {
    let mut matrix = Matrix::new("unwind");
    let ill = |service: Service| if service.is("web") { service.ill() } else { service };
    matrix.write("2", ill);
    let (places, ran) = matrix.world.places(&APPLY);
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    let (all, ran) = {
        let forward = places.iter().position(|place| place == "record.unwritten:13").expect("an unwind");
        (places[forward..].to_vec(), ran)
    };
    assert!(ran.text.contains("service.web"), "{}", ran.text);
    let before: BTreeMap<_, _> = matrix.world.ids();
    for place in all {
        matrix.write("2", ill);
        matrix.kill(&APPLY, &place);
        // An apply finishes the undo first, and then fails by itself and is undone again.
        let by_apply = matrix.tried.is_multiple_of(4);
        let ran = if by_apply { matrix.finish(&APPLY, 1, &place) } else { matrix.finish(&["recover"], 0, &place) };
        if matrix.judge(&format!("{place} while it was undone"), &["1"], &ran).is_none() {
            break;
        }
        if matrix.world.ids() != before {
            matrix.violations.push(format!("{place}: other containers serve than before:\n{}", ran.text));
        }
    }
    matrix.ends_well(20);
}

#[test]
fn a_recovery_killed_too_ends_before_or_after() {
    let mut matrix = Matrix::new("twice");
    let mut killed = BTreeSet::new();
    let samples = [
        ("record.written:1", "locked:1"),
        ("record.written:2", "record.unwritten:1"),
        ("record.unwritten:4", "record.written:1"),
        ("record.written:3", "record.written:2"),
        ("record.written:5", "record.unwritten:3"),
        ("record.written:6", "record.written:3"),
        ("record.unwritten:8", "record.written:4"),
        ("record.written:8", "record.unwritten:5"),
        ("record.written:9", "record.written:5"),
        ("record.unwritten:10", "record.written:6"),
        ("record.written:10", "apply.unclosed:1"),
        ("record.written:11", "apply.closed:1"),
        ("apply.unclosed:1", "apply.unclosed:1"),
        ("apply.opened:1", "record.written:1"),
    ];
    let mut now = "1".to_owned();
    for (first, second) in samples {
        let next = other(&now);
        matrix.write(next, |service| service);
        matrix.kill(&APPLY, first);
        let place = format!("{first}, then {second}");
        let recovery = matrix.world.omni_dying_at(&["recover"], second);
        if recovery.signal == Some(9) {
            killed.insert(place.clone());
        } else {
            matrix.violations.push(format!("{place}: the recovery was not killed:\n{}", recovery.text));
        }
        let ran = matrix.finish(&["recover"], 0, &place);
        match matrix.judge(&place, &[&now, next], &ran) {
            Some(version) => now = version,
            None => break,
        }
    }
    assert!(killed.len() >= 10 || !matrix.violations.is_empty(), "only {killed:?}");
    matrix.ends_well(10);
}

#[test]
fn a_first_apply_and_a_removal_killed_anywhere_end_with_all_or_nothing() {
    let world = World::new("first");
    let spec = format!("[networks.inside]\n{}", Service::new("web", "1", &[]).text());
    world.write("v1", 1, &spec);
    let (making, ran) = world.places(&APPLY);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let destroy = ["destroy", "--yes"];
    let (removing, ran) = world.places(&destroy);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert!(making.len() >= 8 && removing.len() >= 8, "{making:?} {removing:?}");
    for (words, places) in [(&APPLY, making), (&destroy, removing)] {
        for place in places {
            let is_there = !world.serving().is_empty();
            if is_there == (words == &APPLY) {
                let other = if is_there { &destroy } else { &APPLY };
                world.ends(other, 0);
            }
            let killed = world.omni_dying_at(words, &place);
            assert_eq!(killed.signal, Some(9), "{words:?} at {place}: {}", killed.text);
            let ran = world.ends(&["recover"], 0);
            let found = (world.containers().len(), world.serving().len(), world.networks_and_volumes().0);
            assert!([(0, 0, 0), (1, 1, 1)].contains(&found), "{words:?} at {place}: {found:?}\n{}", ran.text);
            assert_eq!(world.anchors(), [""; 0], "{words:?} at {place}");
            let plan = world.ends(&["plan", "--exit-code"], if found.0 == 0 { 10 } else { 0 });
            assert!(!plan.text.contains("outside omni"), "{words:?} at {place}: {}", plan.text);
        }
    }
}
