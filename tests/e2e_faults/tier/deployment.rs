//! `Deployment`: one that goes to and fro between two versions, and is judged after whatever happened on the way.
//!
//! From `A` to `B` there is a step of every kind: a new network, a new volume, a service that is replaced old first
//! because of its volume, one new first, one that is changed in place, one that goes, and a job with a rollback. One
//! service is not touched at all: nothing that happens may be seen by it.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use omni::failpoint;

use crate::proxy::Call;
use crate::specs::Service;
use crate::tier::tally::Tally;
use crate::world::{IMAGE, Ran, World};

/// No run may take longer, whatever happens to its calls.
const LONGEST: Duration = Duration::from_mins(4);
/// What may be made on the way from one version to the other.
const PLANNED: [&str; 7] =
    ["network.edge", "volume.fresh", "service.db", "service.web", "service.side", "service.gone", "job.seed"];
const APPLY: [&str; 3] = ["apply", "--yes", "--plain"];

/// Which of the two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    A,
    B,
}

impl Version {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What a run was told.
pub(crate) type Told<'t> = &'t [(&'t str, &'t str)];

pub(crate) struct Deployment {
    pub(crate) world: World,
    /// What serves now.
    pub(crate) now: Version,
    /// The fingerprints: of `A` from the start, of `B`, and of `A` once `B` was there: its volume stays.
    prints: BTreeMap<(Version, bool), String>,
    /// How long each recovery took.
    pub(crate) recoveries: Vec<Duration>,
    /// Whether what is wrong stays so until a run has ended, or its end was asked for: it may end stuck then.
    pub(crate) lasts: bool,
    /// Whether a run may end by the signal that a test sent.
    pub(crate) may_be_killed: bool,
    /// Whether the engine itself may stop and start what runs on it.
    pub(crate) may_restart: bool,
    /// Whether it has done so where no apply looks any more: the next one starts it.
    pub(crate) was_stopped: bool,
    /// The container of the service that nothing touches, and when it was started.
    calm: (String, String),
}

fn spec(version: Version) -> String {
    let is_b = version == Version::B;
    let word = if is_b { "2" } else { "1" };
    let side = Service::new("side", "0", &[]).text().replace("64MiB", if is_b { "96MiB" } else { "64MiB" });
    let networks = if is_b { "networks = [\"inside\", \"edge\"]\n" } else { "networks = [\"inside\"]\n" };
    let parts = [
        "[networks.inside]\n[volumes.data]\n".to_owned(),
        if is_b { "[networks.edge]\n[volumes.fresh]\n".to_owned() } else { String::new() },
        Service::new("db", word, &[]).more("networks = [\"inside\"]\nvolumes = [\"data:/data\"]\n").text(),
        Service::new("web", word, &["db"]).more(networks).text(),
        side,
        Service::new("calm", "0", &[]).text(),
        if is_b { String::new() } else { Service::new("gone", word, &[]).text() },
        format!(
            "[jobs.seed]\nimage = \"{}\"\ncommand = [\"/fixture\", \"job\"]\nnetworks = [\"inside\"]\n\
             rollback = {{ command = [\"/fixture\", \"job\"] }}\nresources.limits = {{ memory = \"64MiB\" }}\n\
             environment = {{ VERSION = \"{word}\" }}\n",
            *IMAGE
        ),
    ];
    parts.concat()
}

/// The end of a run, which is not waited for for ever.
pub(crate) fn end(child: Child) -> Ran {
    let pid = child.id();
    let (say, hear) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody hears it any more where it came too late.
        let _ = say.send(child.wait_with_output());
    });
    if let Ok(output) = hear.recv_timeout(LONGEST) {
        return Ran::of(&output.expect("an end"));
    }
    signal(pid, "-KILL");
    let mut ran = Ran::of(&hear.recv().expect("an end").expect("an end"));
    ran.text.push_str("\nIT HAD NO END AND WAS KILLED");
    ran.code = Some(-1);
    ran
}

/// Sends a signal to a process; one that has ended does not hear it.
pub(crate) fn signal(pid: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
    sent.expect("kill runs");
}

impl Deployment {
    /// Serves `A` in this world, and knows what both versions look like.
    pub(crate) fn new(world: World) -> Self {
        #[expect(clippy::assertions_on_constants, reason = "a feature decides it")]
        let () = assert!(failpoint::ARE_COMPILED_IN, "without failpoints nothing is hastened: use --all-features");
        let prints = BTreeMap::new();
        let mut new = Self {
            world,
            now: Version::B,
            prints,
            recoveries: Vec::new(),
            lasts: false,
            may_be_killed: false,
            may_restart: false,
            was_stopped: false,
            calm: Default::default(),
        };
        for (version, was_b) in [(Version::A, false), (Version::B, true), (Version::A, true)] {
            new.go(version);
            let seen = new.fingerprint();
            new.prints.insert((version, was_b), seen);
        }
        new.forget_volume();
        let again = new.fingerprint();
        assert_eq!(
            new.prints[&(Version::A, false)],
            again,
            "the fingerprint says what serves, and not which objects do"
        );
        let prints: std::collections::BTreeSet<_> = new.prints.values().collect();
        assert_eq!(prints.len(), 3, "the versions can be told apart");
        new.calm = new.look_at_calm();
        new
    }

    /// Asks for the applies that are closed, and no engine.
    pub(crate) fn history(&self) -> Command {
        let mut history = self.world.command(&["history", "--json"]);
        history.stderr(Stdio::null());
        history
    }

    /// What of these calls no plan here has: nothing else is ever made, and nothing is sent to what is not touched.
    pub(crate) fn unplanned(&self, calls: &[Call]) -> Vec<String> {
        let is_planned = |call: &Call| {
            let node = call.labels.get("omni.node").map(String::as_str);
            let ours = call.labels.get("omni.project").is_none_or(|project| *project == self.world.project);
            ours && node.is_none_or(|node| PLANNED.contains(&node)) && !call.path.contains(&self.calm.0)
        };
        let wrong = calls.iter().filter(|call| call.is_mutating() && !is_planned(call));
        wrong.map(|call| format!("{} {} is in no plan", call.method, call.path)).collect()
    }

    fn look_at_calm(&self) -> (String, String) {
        let calm = self.world.containers().into_iter().find(|seen| seen.node == "calm" && seen.running);
        calm.map(|calm| (calm.id, calm.started)).unwrap_or_default()
    }

    /// Writes the spec of a version.
    pub(crate) fn write(&self, version: Version) {
        let tag = if version == Version::A { "a" } else { "b" };
        self.world.write(tag, 1, &spec(version));
    }

    /// Applies a version, and nothing disturbs it.
    #[track_caller]
    pub(crate) fn go(&mut self, version: Version) {
        self.write(version);
        self.world.ends(&APPLY, 0);
        self.now = version;
    }

    /// Applies a version, and nothing disturbs it; all is as if it had never been otherwise.
    #[track_caller]
    pub(crate) fn turn_to(&mut self, version: Version) {
        self.go(version);
        if version == Version::A {
            self.forget_volume();
        }
    }

    /// Applies the other version under these conditions.
    pub(crate) fn try_other(&self, told: Told<'_>) -> Ran {
        self.write(self.now.other());
        self.run(&APPLY, told)
    }

    /// Begins to apply the other version under these conditions.
    pub(crate) fn begin_other(&self, told: Told<'_>) -> Child {
        self.write(self.now.other());
        self.begin(&APPLY, told)
    }

    /// Begins to run omni under these conditions.
    pub(crate) fn begin(&self, words: &[&str], told: Told<'_>) -> Child {
        let mut command = self.world.command(words);
        command.envs(told.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("omni runs")
    }

    /// Runs omni under these conditions, but not for ever.
    pub(crate) fn run(&self, words: &[&str], told: Told<'_>) -> Ran {
        end(self.begin(words, told))
    }

    /// The fingerprint of what serves.
    #[track_caller]
    pub(crate) fn fingerprint(&self) -> String {
        let output = self.world.command(&["fingerprint", "--json"]).output().expect("omni runs");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        said["fingerprint"].as_str().expect("a fingerprint").to_owned()
    }

    /// The volume that `A` does not want is nothing that omni removes.
    fn forget_volume(&self) {
        self.world.docker(&["volume", "rm", "-f", &format!("{}-fresh", self.world.project)]);
    }

    /// The version that serves wholly, on the way from `now` to the other one.
    fn side(&self) -> Option<Version> {
        let seen = self.fingerprint();
        let is = |version, was_b| self.prints.get(&(version, was_b)) == Some(&seen);
        match self.now {
            Version::A if is(Version::A, false) => Some(Version::A),
            Version::B if is(Version::A, true) => Some(Version::A),
            _ if is(Version::B, true) => Some(Version::B),
            _ => None,
        }
    }

    /// What is wrong with what a run said of how it ended.
    fn lie(&self, ran: &Ran, is_open: bool, side: Option<Version>) -> Option<String> {
        let (before, after) = (Some(self.now), Some(self.now.other()));
        let is_true = match ran.code {
            Some(0) => !is_open && side == after,
            Some(1 | 130 | 143 | 2 | 4 | 6 | 7 | 8) => !is_open && side == before,
            // What the engine itself has stopped is not what omni can bring back, and it says so.
            Some(3) => {
                let is_said = ["does not run: ", "what serves ("].iter().any(|said| ran.text.contains(said));
                is_open || (self.may_restart && is_said)
            }
            Some(5) => is_open || side == before,
            None => self.may_be_killed,
            _ => false,
        };
        (!is_true).then(|| {
            format!("it ended with {:?} ({:?}), but open: {is_open}, what serves: {side:?}", ran.code, ran.signal)
        })
    }

    /// Recovers what is open, holds what is there against what was said of it, and notes everything that is wrong.
    pub(crate) fn judge(&mut self, cell: &str, ran: &Ran, tally: &mut Tally) {
        self.judge_mending(cell, ran, tally, &mut |_| false);
    }

    /// The same, where a recovery may say what is to be done before the next one; told what it said, `mend` does that.
    pub(crate) fn judge_mending(
        &mut self,
        cell: &str,
        ran: &Ran,
        tally: &mut Tally,
        mend: &mut dyn FnMut(&str) -> bool,
    ) {
        let is_open = !self.world.status()["open_apply"].is_null();
        let mut wrong = Vec::new();
        let mut said = ran.text.clone();
        if is_open {
            let since = Instant::now();
            let mut recovered = self.run(&["recover", "--plain"], &[]);
            self.recoveries.push(since.elapsed());
            if recovered.code == Some(3) && mend(&recovered.text) {
                recovered = self.run(&["recover", "--plain"], &[]);
                // What the mend has stopped is not the recovery's to start.
                self.was_stopped = true;
            }
            said = format!("{said}\n--- omni recover\n{}", recovered.text);
            if recovered.code != Some(0) {
                wrong.push(format!("the recovery ended with {:?}", recovered.code));
            }
        }
        if self.was_stopped {
            let is_a = self.world.status()["release"]["tag"] == "a";
            self.write(if is_a { Version::A } else { Version::B });
            let mut next = self.run(&APPLY, &[]);
            if next.code != Some(0) && mend(&next.text) {
                next = self.run(&APPLY, &[]);
            }
            said = format!("{said}\n--- the next apply\n{}", next.text);
            if next.code != Some(0) {
                wrong.push(format!("the next apply ended with {:?}", next.code));
            }
        }
        let side = self.side();
        wrong.extend(self.lie(ran, is_open, side));
        if side.is_none() {
            wrong.push("what serves is neither before nor after".to_owned());
        }
        wrong.extend(self.left_behind(side.unwrap_or(self.now)));
        tally.cells += 1;
        match ran.code {
            Some(3) if self.lasts => tally.left_open += 1,
            Some(3) => tally.stuck.push(format!("{cell}, from {:?}:\n{}", self.now, ran.text)),
            _ => {}
        }
        tally.before += usize::from(side == Some(self.now));
        tally.after += usize::from(side == Some(self.now.other()));
        let seen = side.map(|side| if side == self.now { "before" } else { "after" });
        if !wrong.is_empty() {
            let all = self.all();
            tally.violations.push(format!(
                "{cell}, from {:?} ({seen:?}): {}\n{said}\n{all}",
                self.now,
                wrong.join("; ")
            ));
        }
        match side {
            Some(side) if wrong.is_empty() => {
                if side == Version::A && self.now == Version::B {
                    self.forget_volume();
                }
                self.now = side;
            }
            _ => self.begin_anew(),
        }
    }

    /// What nobody needs and nobody would remove.
    fn left_behind(&self, serving: Version) -> Vec<String> {
        let mut wrong = Vec::new();
        let anchors = self.world.anchors();
        if !anchors.is_empty() {
            // Its holder could not give it back. It is dead, so the next command takes it.
            self.write(serving);
            let ran = self.run(&APPLY, &[]);
            let left = self.world.anchors();
            if ran.code != Some(0) || !left.is_empty() {
                wrong.push(format!("the lock is not free again: {left:?}, {:?}: {}", ran.code, ran.text));
            }
        }
        let mut leaked = self.world.leaked();
        if !leaked.is_empty() {
            // What a tidying could not remove is removed by the next one; what nobody knows of stays.
            let pruned = self.run(&["prune", "--yes"], &[]);
            leaked = self.world.leaked();
            if !leaked.is_empty() {
                wrong.push(format!("left behind: {leaked:?}, and {}", pruned.text));
            }
        }
        let calm = self.look_at_calm();
        if calm.0 != self.calm.0 || (calm.1 != self.calm.1 && !self.may_restart) {
            wrong.push(format!("what nothing touches was touched: {:?} is {calm:?} now", self.calm));
        }
        let running = self.world.containers().into_iter().filter(|seen| seen.running).count();
        let wanted = if serving == Version::A { 5 } else { 4 };
        if running != wanted {
            wrong.push(format!("{running} containers run instead of {wanted}"));
        }
        // The network of `B` may be kept for its release, that of `A` is in both.
        let (networks, volumes) = self.world.networks_and_volumes();
        let most = if serving == Version::A && self.now == Version::A { (1, 1) } else { (2, 2) };
        if networks > most.0 || volumes > most.1 {
            wrong.push(format!("networks and volumes: {:?} and not {most:?}", (networks, volumes)));
        }
        wrong
    }

    fn all(&self) -> String {
        let label = format!("label=omni.project={}", self.world.project);
        self.world.docker(&["ps", "-a", "--filter", &label, "--format", "{{.Names}} {{.Status}}"])
    }

    /// After a violation: what is there tells nothing about the next cell.
    fn begin_anew(&mut self) {
        for _ in 0..2 {
            self.world.omni(&["recover"]);
        }
        self.world.omni(&["recover", "--accept"]);
        self.world.omni(&["destroy", "--yes", "--volumes"]);
        self.world.sweep();
        // What the store says of objects that are gone is not what the next cell is about.
        let _ = std::fs::remove_dir_all(self.world.path(".omni"));
        self.turn_to(Version::A);
        self.calm = self.look_at_calm();
    }
}
