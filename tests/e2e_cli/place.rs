//! `Place`: a folder and a project of one test, with omni to run in it, and a broom.
//!
//! Everything that omni makes there carries the project's name, and is removed when the place is dropped, also when the
//! test fails. What omni says is left to `Said`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::said::Said;
use crate::support::{self, docker_cli};

/// An image of the fixture: nothing but `/fixture`, and no command.
pub(crate) const IMAGE: &str = "omni-e2e-cli:1";
/// Another image of the fixture.
pub(crate) const OTHER_IMAGE: &str = "omni-e2e-cli:2";
/// The label that omni puts on all it makes for a project.
const PROJECT: &str = "omni.project";

/// A folder and a project of one test.
pub(crate) struct Place {
    /// The project's name: as long for every run, so that columns stay where they are.
    pub(crate) project: String,
    folder: tempfile::TempDir,
}

impl Place {
    /// A place whose engine is not asked for anything that has to be there.
    pub(crate) fn bare(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = std::process::id() << 6 | COUNT.fetch_add(1, Ordering::Relaxed) & 0x3f;
        let folder = tempfile::Builder::new().prefix("omni-e2e-").tempdir().expect("a folder");
        Self { project: format!("e2e-{name}-{unique:08x}"), folder }
    }

    /// A place with the images of the fixture on the engine.
    pub(crate) fn new(name: &str) -> Self {
        images();
        Self::bare(name)
    }

    /// A place whose deploy.toml has this text after its `[project]`.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let place = Self::new(name);
        place.spec(text);
        place
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes deploy.toml: `[project]` with a name and a version, then this text, in which `IMAGE` is the fixture's and the
    /// addresses `10.231.x.y` are in a range of this process's own.
    pub(crate) fn spec(&self, text: &str) {
        let text = Self::own(&text.replace("\"IMAGE\"", &format!("\"{IMAGE}\"")));
        self.write("deploy.toml", &format!("[project]\nname = \"{}\"\nversion = \"v1\"\n\n{text}", self.project));
    }

    /// Writes this text at the end of deploy.toml.
    pub(crate) fn spec_more(&self, text: &str) {
        self.write("deploy.toml", &format!("{}{text}", self.read("deploy.toml")));
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    /// Replaces a text of deploy.toml, which has to be there.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let (text, from, to) = (self.read("deploy.toml"), Self::own(from), Self::own(to));
        assert!(text.contains(&from), "`{from}` is in the spec");
        self.write("deploy.toml", &text.replace(&from, &to));
    }

    /// A text with this process's range of addresses: one that another left behind must not be in the way.
    fn own(text: &str) -> String {
        text.replace("10.231.", &format!("10.{}.", 128 + std::process::id() % 120))
    }

    /// omni, to be run in the folder: with nothing of the tests' own environment but how to find programs and the engine.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omni"));
        command.args(words).current_dir(self.folder()).stdin(Stdio::null());
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "DOCKER_HOST"));
        command.env("HOME", self.folder()).env("USER", "tester").env("LANG", "C.UTF-8");
        command
    }

    /// What a command of this place says.
    pub(crate) fn run(&self, command: &mut Command) -> Said {
        Said::of(&command.output().expect("the program runs"), &self.project, self.folder())
    }

    /// Runs omni.
    pub(crate) fn omni(&self, words: &[&str]) -> Said {
        self.run(&mut self.command(words))
    }

    /// Runs omni with these variables set.
    pub(crate) fn omni_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Said {
        self.run(self.command(words).envs(variables.iter().copied()))
    }

    /// Applies what the spec says; it has to go well.
    pub(crate) fn apply(&self) -> Said {
        let said = self.omni(&["apply", "--yes"]);
        assert_eq!(said.code, 0, "{}", said.screen());
        said
    }

    /// The containers of the project, each with its name, its id and whether it runs.
    pub(crate) fn containers(&self) -> BTreeSet<String> {
        let filter = format!("label={PROJECT}={}", self.project);
        let format = "{{.Names}} {{.ID}} {{.State}}";
        let found = docker_cli(&["ps", "-a", "--filter", &filter, "--format", format]);
        found.lines().map(str::to_owned).collect()
    }

    /// The container of a service's generation.
    pub(crate) fn container(&self, service: &str) -> String {
        let node = format!("label=omni.node=service.{service}");
        let project = format!("label={PROJECT}={}", self.project);
        let found = docker_cli(&["ps", "-q", "--filter", &project, "--filter", &node]);
        found.split_whitespace().next().expect("a container that runs").to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let filter = format!("label={PROJECT}={}", self.project);
        support::remove_labelled(&filter);
    }
}

/// Makes the images of the fixture, unless they are there.
fn images() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e-cli-images.lock");
    let lock = File::create(path).expect("a lock file");
    lock.lock().expect("a lock");
    let base = tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(async { support::Bench::new("e2e-cli").await.image.clone() });
    for tag in [IMAGE, OTHER_IMAGE, "omni-e2e-cli:3"] {
        let made = docker_cli(&["image", "inspect", "--format", "{{.Config.Labels.base}}", tag]);
        if made.trim() == base {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("Dockerfile"), format!("FROM {base}\nLABEL base={base} tag={tag}\n"))
            .expect("a file");
        let built = docker_cli(&["build", "-q", "-t", tag, &folder.path().display().to_string()]);
        assert!(built.starts_with("sha256:"), "the image is built: {built}");
    }
}
