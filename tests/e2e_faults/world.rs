//! `World`: a folder with a deploy.toml, the real binary beside it, and what the real engine says came of it.
//!
//! What serves is read through the `docker` command and never through omni, so that omni cannot judge itself. All that a
//! deployment made is removed when its world is dropped, also when the test fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use omni::fingerprint::Fingerprint;
use serde_json::Value;
use tempfile::TempDir;

const OMNI: &str = env!("CARGO_BIN_EXE_omni");
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e_faults/fixture/main.rs");

/// One deployment, or a second folder of the same one.
pub(crate) struct World {
    folder: Arc<TempDir>,
    /// The name of the project, unique among everything on the engine.
    pub(crate) project: String,
    sweeps: bool,
    /// Where omni looks for the engine, and where the engine really is; none where both are as everywhere.
    engine: Option<(String, String)>,
}

/// How a run of omni ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; none where a signal killed it.
    pub(crate) code: Option<i32>,
    /// The signal that killed it.
    pub(crate) signal: Option<i32>,
    /// Both outputs, the errors last.
    pub(crate) text: String,
}

/// A container as the engine has it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The name of its service.
    pub(crate) node: String,
    pub(crate) running: bool,
    /// The value of `VERSION`.
    pub(crate) version: String,
    /// When it was last started, as the engine writes it.
    pub(crate) started: String,
}

impl World {
    /// A world of its own.
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let project = format!("flt-{name}-{}-{count}", std::process::id());
        Self { folder: Arc::new(tempfile::tempdir().expect("a folder")), project, sweeps: true, engine: None }
    }

    /// A second folder of the same deployment, with a store of its own.
    pub(crate) fn beside(&self) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        Self { folder, project: self.project.clone(), sweeps: false, engine: self.engine.clone() }
    }

    /// The same folder once more, for a second process in it.
    pub(crate) fn again(&self) -> Self {
        let engine = self.engine.clone();
        Self { folder: Arc::clone(&self.folder), project: self.project.clone(), sweeps: false, engine }
    }

    /// The same world on another engine: omni looks for it at the first address, and it really is at the second.
    pub(crate) fn on(mut self, host: &str, real: &str) -> Self {
        self.engine = Some((host.to_owned(), real.to_owned()));
        self
    }

    /// Runs the `docker` command on the engine of this world and returns what it wrote.
    pub(crate) fn docker(&self, words: &[&str]) -> String {
        match &self.engine {
            Some((_, real)) => docker(&[&["-H", real], words].concat()),
            None => docker(words),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the spec: the project, how many releases are kept, and this.
    pub(crate) fn write(&self, version: &str, retain: u32, rest: &str) {
        let text = format!(
            "[project]\nname = \"{}\"\nversion = \"{version}\"\n\n[rollback]\nretain = {retain}\n\n{rest}",
            self.project
        );
        fs::write(self.path("deploy.toml"), text).expect("a spec");
    }

    /// The command that runs omni here.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(OMNI);
        command.arg("-C").arg(self.folder.path()).args(words).env("NO_COLOR", "1").stdin(Stdio::null());
        for name in ["OMNI_FAILPOINT", "OMNI_FAILPOINT_LOG", "OMNI_HASTE"] {
            command.env_remove(name);
        }
        if let Some((host, _)) = &self.engine {
            command.env("DOCKER_HOST", host);
        }
        command
    }

    pub(crate) fn omni(&self, words: &[&str]) -> Ran {
        Ran::of(&self.command(words).output().expect("omni runs"))
    }

    /// The same; it has to end with this code.
    #[track_caller]
    pub(crate) fn ends(&self, words: &[&str], code: i32) -> Ran {
        let ran = self.omni(words);
        assert_eq!(ran.code, Some(code), "omni {words:?} ended otherwise ({:?}):\n{}", ran.signal, ran.text);
        ran
    }

    /// Runs omni to its death at this place.
    pub(crate) fn omni_dying_at(&self, words: &[&str], place: &str) -> Ran {
        Ran::of(&self.command(words).env("OMNI_FAILPOINT", place).output().expect("omni runs"))
    }

    /// Every place around the journal that a run reaches, in order, and how it ended.
    pub(crate) fn places(&self, words: &[&str]) -> (Vec<String>, Ran) {
        let (mut places, ran) = self.all_places(words);
        places.retain(|place| !place.starts_with("call."));
        (places, ran)
    }

    /// The same with the places around each call.
    pub(crate) fn all_places(&self, words: &[&str]) -> (Vec<String>, Ran) {
        let log = self.path("places");
        let ran = Ran::of(&self.command(words).env("OMNI_FAILPOINT_LOG", &log).output().expect("omni runs"));
        let text = fs::read_to_string(&log).expect("failpoints have to be compiled in: use --all-features");
        fs::remove_file(log).expect("a log");
        (text.lines().map(str::to_owned).collect(), ran)
    }

    /// What omni says of the deployment.
    pub(crate) fn status(&self) -> Value {
        let output = self.command(&["status", "--json"]).output().expect("omni runs");
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The fingerprint of what serves.
    pub(crate) fn fingerprint(&self) -> String {
        self.status()["fingerprint"].as_str().expect("a fingerprint").to_owned()
    }

    fn label(&self) -> String {
        format!("label=omni.project={}", self.project)
    }

    /// Every container of the deployment.
    pub(crate) fn containers(&self) -> Vec<Seen> {
        let found = self.docker(&["ps", "-aq", "--no-trunc", "--filter", &self.label()]);
        let ids: Vec<_> = found.split_whitespace().collect();
        self.inspect(&ids).iter().map(Seen::of).collect()
    }

    fn inspect(&self, ids: &[&str]) -> Vec<Value> {
        if ids.is_empty() {
            return Vec::new();
        }
        // What goes away meanwhile is left out: the command still prints the others.
        let found = self.docker(&[&["inspect", "--type", "container"], ids].concat());
        serde_json::from_str(&found).expect("containers as JSON")
    }

    /// The running containers by service; each service has to have just one.
    #[track_caller]
    pub(crate) fn serving(&self) -> BTreeMap<String, Seen> {
        let mut found = BTreeMap::new();
        for seen in self.containers().into_iter().filter(|seen| seen.running) {
            let node = seen.node.clone();
            let other = found.insert(node, seen);
            assert!(other.is_none(), "two containers serve: {other:?}");
        }
        found
    }

    /// The ids of what serves, by service.
    #[track_caller]
    pub(crate) fn ids(&self) -> BTreeMap<String, String> {
        self.serving().into_iter().map(|(node, seen)| (node, seen.id)).collect()
    }

    /// The running versions.
    #[track_caller]
    pub(crate) fn versions(&self) -> BTreeSet<String> {
        self.serving().into_values().map(|seen| seen.version).collect()
    }

    /// How many networks and volumes the deployment has.
    pub(crate) fn networks_and_volumes(&self) -> (usize, usize) {
        let count = |kind: &str| self.docker(&[kind, "ls", "-q", "--filter", &self.label()]).lines().count();
        (count("network"), count("volume"))
    }

    /// The ids of the containers on the engine that lock this deployment.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let filter = format!("name=^/omni-lock-{}", self.project);
        self.docker(&["ps", "-aq", "--filter", &filter]).split_whitespace().map(str::to_owned).collect()
    }

    /// The ids of all objects that a release of the store needs.
    pub(crate) fn recorded(&self, release: u64) -> BTreeSet<String> {
        let output = self.command(&["show", "--json", &release.to_string()]).output().expect("omni runs");
        let Ok(release) = serde_json::from_slice::<Value>(&output.stdout) else { return BTreeSet::new() };
        let resources = release["resources"].as_object().cloned().unwrap_or_default();
        let objects = resources.values().filter_map(|recorded| recorded["objects"].as_array());
        objects.flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }

    /// The names of containers that neither serve nor are needed by the latest release or the one before it.
    pub(crate) fn leaked(&self) -> Vec<String> {
        let head = self.status()["release"]["number"].as_u64().unwrap_or(0);
        let needed: BTreeSet<_> = (head.saturating_sub(1)..=head).flat_map(|number| self.recorded(number)).collect();
        let idle = self.containers().into_iter().filter(|seen| !seen.running && !needed.contains(&seen.id));
        idle.map(|seen| seen.name).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.sweeps {
            self.sweep();
        }
    }
}

impl World {
    /// Removes everything that the deployment made.
    pub(crate) fn sweep(&self) {
        let label = self.label();
        let sweep = |list: &[&str], remove: &[&str]| {
            let found = self.docker(list);
            let ids: BTreeSet<_> = found.split_whitespace().collect();
            if !ids.is_empty() {
                self.docker(&[remove, &ids.into_iter().collect::<Vec<_>>()].concat());
            }
        };
        sweep(&["ps", "-aq", "--filter", &format!("name=^/omni-lock-{}", self.project)], &["rm", "-fv"]);
        sweep(&["ps", "-aq", "--filter", &label], &["rm", "-fv"]);
        sweep(&["network", "ls", "-q", "--filter", &label], &["network", "rm"]);
        sweep(&["volume", "ls", "-q", "--filter", &label], &["volume", "rm", "-f"]);
        sweep(&["images", "-q", "--filter", &label], &["rmi", "-f"]);
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("");
        Self { code: output.status.code(), signal: output.status.signal(), text }
    }
}

impl Seen {
    fn of(found: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let environment = found["Config"]["Env"].as_array().cloned().unwrap_or_default();
        let version = environment.iter().filter_map(Value::as_str).find_map(|entry| entry.strip_prefix("VERSION="));
        Self {
            id: text(&found["Id"]),
            name: text(&found["Name"]),
            node: text(&found["Config"]["Labels"]["omni.node"]).trim_start_matches("service.").to_owned(),
            running: found["State"]["Running"] == true,
            version: version.unwrap_or_default().to_owned(),
            started: text(&found["State"]["StartedAt"]),
        }
    }
}

/// The image of all services here, made by the first who needs it.
pub(crate) static IMAGE: LazyLock<String> = LazyLock::new(|| {
    let source = fs::read(FIXTURE).expect("the fixture's source");
    let tag = format!("omni-fault-fixture:{}", Fingerprint::of_bytes(&source).short());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(folder.join("fault-fixture.lock")).expect("a lock file");
    lock.lock().expect("a lock");
    if docker(&["images", "-q", &tag]).trim().is_empty() {
        let room = tempfile::tempdir().expect("a folder");
        let compiled = Command::new("rustc")
            .args(["--edition=2024", "-O", "-C", "target-feature=+crt-static", "-C", "strip=symbols", "-o"])
            .args([room.path().join("fixture").as_path(), Path::new(FIXTURE)])
            .status()
            .expect("the tests need `rustc`");
        assert!(compiled.success(), "the fixture compiles");
        let archive =
            Command::new("tar").arg("-C").arg(room.path()).args(["-c", "fixture"]).output().expect("an archive");
        let mut import = Command::new("docker")
            .args(["import", "-", &tag])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("docker runs");
        import.stdin.take().expect("a pipe").write_all(&archive.stdout).expect("an archive");
        assert!(import.wait().expect("an end").success(), "the image is imported");
    }
    tag
});

/// Runs the `docker` command and returns what it wrote.
pub(crate) fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output().expect("the tests need the `docker` command");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
