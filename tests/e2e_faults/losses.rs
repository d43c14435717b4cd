//! What changes beside omni: a store that is lost, objects that are changed by hand, releases that are gone, a full disk.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::specs::{Service, five};
use crate::world::{IMAGE, Ran, World, docker};

/// Two services and a network; `web` says which version it is.
fn two(version: &str) -> String {
    let services = [Service::new("db", "1", &[]), Service::new("web", version, &["db"])];
    format!("[networks.inside]\n{}", services.map(|service| service.text()).concat())
}

#[test]
fn a_lost_store_is_not_a_lost_deployment() {
    let world = World::new("lost");
    world.write("v1", 3, &two("1"));
    world.ends(&["apply", "--yes"], 0);
    let before = world.ids();
    fs::remove_dir_all(world.path(".omni")).unwrap();
    let plan = world.ends(&["plan", "--exit-code"], 0);
    assert!(plan.text.contains("No changes"), "{}", plan.text);
    assert_eq!(world.recorded(1).len(), 0, "nothing was written down by looking");
    world.ends(&["apply", "--yes"], 0);
    assert_eq!(world.ids(), before, "nothing was made anew");
    let head = world.status()["release"]["number"].as_u64().expect("a release was written down");
    let recorded = world.recorded(head);
    assert!(before.values().all(|id| recorded.contains(id)), "{recorded:?}");
    world.write("v2", 3, &two("2"));
    let plan = world.ends(&["plan", "--exit-code", "--json"], 10);
    let start = plan.text.find('{').unwrap();
    let plan: serde_json::Value = serde_json::from_str(&plan.text[start..]).unwrap();
    let steps: Vec<_> = plan["steps"]
        .as_array()
        .unwrap_or_else(|| panic!("{plan:#}"))
        .iter()
        .map(|change| change["address"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(steps, ["service.web"], "{plan:#}");
    let plan = world.ends(&["plan", "--exit-code"], 10);
    assert!(plan.text.contains("VERSION"), "{}", plan.text);
    world.ends(&["apply", "--yes"], 0);
    assert_eq!(world.ids()["db"], before["db"]);
    assert_eq!(world.serving()["web"].version, "2");
}

/// Nobody has recorded anything yet, so that labels are all there is: they do not say that a job ended well, or that a
/// service ever was ready.
#[test]
fn what_an_accepted_apply_left_half_made_is_no_release() {
    let world = World::new("accepted");
    let spec = |command: &str, web: Service| {
        format!(
            "[networks.inside]\n{}[jobs.seed]\nimage = \"{}\"\ncommand = [\"/fixture\", \"{command}\"]\n\
             networks = [\"inside\"]\nside_effects = false\nresources.limits = {{ memory = \"64MiB\" }}\n",
            web.text(),
            *IMAGE
        )
    };
    let ill = Service::new("web", "1", &[]).ill().text().replace("interval = \"1m\"", "interval = \"1s\"");
    let seed = spec("no such word", Service::new("web", "1", &[]));
    world.write("v1", 3, &seed);
    world.ends(&["apply", "--yes", "--on-failure", "pause"], 3);
    world.ends(&["recover", "--accept"], 0);
    let plan = world.ends(&["plan", "--exit-code"], 10);
    assert!(plan.text.contains("job.seed") && !plan.text.contains("service.web  "), "{}", plan.text);
    world.ends(&["apply", "--yes"], 1);
    world.ends(&["destroy", "--yes"], 0);

    world.write("v2", 3, &format!("[networks.inside]\n{ill}"));
    world.ends(&["apply", "--yes", "--on-failure", "pause"], 3);
    world.ends(&["recover", "--accept"], 0);
    let id = world.ids()["web"].clone();
    let health = || docker(&["inspect", "--format", "{{.State.Health.Status}}", &id]);
    let until = Instant::now() + Duration::from_mins(1);
    while health().trim() != "unhealthy" {
        assert!(Instant::now() < until, "the engine says: {}", health());
        sleep(Duration::from_millis(100));
    }
    let plan = world.ends(&["plan", "--exit-code"], 10);
    assert!(plan.text.contains("not as recorded: ") && plan.text.contains(" is unhealthy"), "{}", plan.text);
    world.write("v3", 3, &format!("[networks.inside]\n{}", Service::new("web", "3", &[]).text()));
    world.ends(&["apply", "--yes"], 0);
    world.ends(&["plan", "--exit-code"], 0);
}

/// What was done by hand is told with both values, and put right by an apply.
#[track_caller]
fn heals(world: &World, what: &str, told: &[&str]) {
    let drift = world.ends(&["drift"], 20);
    for text in told {
        assert!(drift.text.contains(text), "{what}: `{text}` is not told:\n{}", drift.text);
    }
    world.ends(&["plan", "--exit-code"], 10);
    let healed = world.ends(&["apply", "--yes"], 0);
    let drift = world.omni(&["drift"]);
    assert_eq!(drift.code, Some(0), "{what} is not put right:\n{}\n{}", healed.text, drift.text);
    world.ends(&["plan", "--exit-code"], 0);
    assert_eq!(world.serving().len(), 2, "{what}");
}

#[test]
fn what_is_changed_by_hand_is_told_and_put_right() {
    let world = World::new("drift");
    world.write("v1", 3, &two("1"));
    world.ends(&["apply", "--yes"], 0);
    world.ends(&["drift"], 0);
    let before = world.ids();

    docker(&["stop", "-t", "1", &before["web"]]);
    heals(
        &world,
        "a stopped container",
        &["service.web   ", "web-1 exited with code 0\n", "next: omni logs web, then omni plan\n"],
    );

    docker(&["update", "--memory", "96m", "--memory-swap", "96m", &world.ids()["web"]]);
    heals(&world, "another limit", &["service.web", "memory", "64MiB", "96MiB"]);

    docker(&["rm", "-f", &world.ids()["web"]]);
    heals(&world, "a removed container", &["service.web"]);

    let filter = format!("label=omni.project={}", world.project);
    let network = docker(&["network", "ls", "-q", "--filter", &filter]);
    docker(&["network", "disconnect", network.trim(), &world.ids()["web"]]);
    heals(&world, "a cut network", &["service.web", "networks", "inside"]);
    assert_eq!(world.ids()["db"], before["db"], "what nobody touched stays");
}

#[test]
fn a_rollback_starts_what_was_kept() {
    let world = World::new("rollback");
    let mut ids: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for version in ["1", "2", "3"] {
        world.write(&format!("v{version}"), 5, &two(version));
        world.ends(&["apply", "--yes"], 0);
        ids.insert(version, world.ids());
    }
    assert_eq!(ids.values().map(|ids| &ids["web"]).collect::<std::collections::BTreeSet<_>>().len(), 3);
    let count = world.containers().len();
    for version in ["1", "3"] {
        let ran = world.ends(&["rollback", "--to", &format!("v{version}"), "--yes"], 0);
        assert_eq!(world.ids(), ids[version], "{}", ran.text);
        assert_eq!(world.containers().len(), count, "nothing was made anew: {}", ran.text);
        assert_eq!(world.status()["release"]["tag"], format!("v{version}"));
        world.ends(&["drift"], 0);
    }
    world.ends(&["prune", "--keep", "1", "--yes"], 0);
    assert_eq!(world.ids(), ids["3"]);
    assert_eq!(world.containers().len(), 2);
    let ran = world.ends(&["rollback", "--to", "v1", "--yes"], 2);
    assert!(ran.text.contains("release 4 (v1) is no longer kept: `omni prune` has removed it"), "{}", ran.text);
    assert!(ran.text.contains("kept are: 5 (v3)"), "{}", ran.text);
    assert_eq!(world.ids(), ids["3"]);
    world.ends(&["plan", "--exit-code"], 0);
}

/// A small disk in memory, taken away at the end.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn new(world: &World) -> Self {
        let path = world.path("small");
        fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "none"]).arg(&path).status();
        assert!(mounted.is_ok_and(|status| status.success()), "this test has to be allowed to mount a small disk");
        Self(path)
    }

    /// Writes whenever something fits, until it is told that this is over: omni keeps a reserve, and gives it up.
    fn fill(&self, is_over: &AtomicBool) {
        let mut file = fs::File::create(self.0.join("filling")).unwrap();
        while !is_over.load(Ordering::Relaxed) {
            for size in [65536, 4096, 512, 1] {
                while file.write_all(&vec![1; size]).is_ok() {}
            }
        }
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("filling")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What stays mounted would keep the folder from being removed, and nothing else.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_fills_up_in_the_middle_is_told_truthfully() {
    #[expect(clippy::assertions_on_constants, reason = "a feature decides it")]
    let () =
        assert!(omni::failpoint::ARE_COMPILED_IN, "the third record is seen through failpoints: use --all-features");
    let world = World::new("full");
    let disk = SmallDisk::new(&world);
    let store = disk.0.join("store.sqlite").display().to_string();
    let words = |command: &[&'static str]| -> Vec<String> {
        let here = ["--store", &store].into_iter().map(str::to_owned);
        command.iter().map(|word| (*word).to_owned()).chain(here).collect()
    };
    let run = |command: &[&'static str]| {
        let words = words(command);
        world.omni(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    world.write("v1", 3, &five("1", |service| service));
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    let before = world.ids();
    world.write("v2", 3, &five("2", |service| service));
    let log = world.path("places");
    let applying = words(&["apply", "--yes"]);
    let mut command = world.command(&applying.iter().map(String::as_str).collect::<Vec<_>>());
    let child = command
        .env("OMNI_FAILPOINT_LOG", &log)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("omni runs");
    while !fs::read_to_string(&log).unwrap_or_default().contains("record.written:3\n") {
        std::thread::yield_now();
    }
    let is_over = AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| disk.fill(&is_over));
        let output = child.wait_with_output();
        is_over.store(true, Ordering::Relaxed);
        Ran::of(&output.expect("an end"))
    });
    assert!(matches!(ran.code, Some(1 | 3 | 6 | 7)), "{:?}: {}", ran.code, ran.text);
    let is_open = ran.code == Some(3);
    if is_open {
        assert!(ran.text.contains("omni recover"), "{}", ran.text);
    } else {
        assert_eq!(world.ids(), before, "{:?}: {}", ran.code, ran.text);
    }
    disk.empty();
    let plan = run(&["plan"]);
    assert_eq!(plan.code, Some(if is_open { 3 } else { 0 }), "{}\n{}", ran.text, plan.text);
    let recovered = run(&["recover"]);
    assert_eq!(recovered.code, Some(0), "{}", recovered.text);
    assert_eq!(world.ids(), before, "of ten records three were written: it is undone\n{}", recovered.text);
    assert_eq!(world.anchors(), [""; 0]);
    assert_eq!(run(&["plan", "--exit-code"]).code, Some(10));
    let applied = run(&["apply", "--yes"]);
    assert_eq!(applied.code, Some(0), "{}", applied.text);
    assert_eq!(world.versions(), ["2".to_owned()].into());
}
