//! Paths that lead elsewhere, links that move, files that are none: nothing outside of the folder is read, nothing hangs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use omni::provider::context::BuildContext;
use omni::provider::folder::{self, Folder};
use tempfile::TempDir;

const CANARY: &str = "CANARY_of_another_folder";

/// A folder with a spec, beside another one with what nobody may read.
struct Place(TempDir);

impl Place {
    fn new(service: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir_all(place.root().join("app")).expect("a folder");
        fs::create_dir_all(place.outside()).expect("a folder");
        for name in ["secret.env", "Dockerfile", "app.conf", ".dockerignore"] {
            fs::write(place.outside().join(name), format!("{CANARY}=1\n[{CANARY}\n")).expect("a file");
        }
        fs::write(place.root().join("app/Dockerfile"), "FROM scratch\n").expect("a file");
        place.spec(service);
        place
    }

    fn spec(&self, service: &str) {
        let text = format!("[project]\nname = \"shop\"\n[services.web]\n{service}\n");
        fs::write(self.root().join("deploy.toml"), text).expect("a spec");
    }

    fn root(&self) -> std::path::PathBuf {
        self.0.path().join("root")
    }

    fn outside(&self) -> std::path::PathBuf {
        self.0.path().join("outside")
    }

    /// What `omni` says there, with little time and memory.
    fn omni(&self, words: &[&str]) -> Output {
        let mut command = Command::new("timeout");
        command.args(["--signal=KILL", "60", "prlimit", "--cpu=20", "--data=536870912", "--core=0"]);
        command.arg(env!("CARGO_BIN_EXE_omni")).args(words).current_dir(self.root());
        command.env("MALLOC_ARENA_MAX", "2").output().expect("`timeout` and `prlimit` start")
    }

    /// Holds that the spec is refused with this code, and that nothing of the other folder is told.
    fn refused(&self, what: &str, code: &str) {
        let output = self.omni(&["validate"]);
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{what}: {said}");
        assert!(said.contains(code), "{what}: {said}");
        assert!(!said.contains(CANARY), "{what}: {said}");
    }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("`mkfifo` of coreutils").success());
}

#[test]
fn no_key_takes_a_path_that_leads_outside() {
    let paths =
        ["../outside/secret.env", "/etc/hostname", "a/../../outside/app.conf", "~/x", "..", "C:/x", "\\\\x\\\\y"];
    let keys = [
        "build = \"PATH\"",
        "build = { context = \"app\", dockerfile = \"PATH\" }",
        "image = \"a:1\"\nenv_files = [\"PATH\"]",
        "image = \"a:1\"\nenv_files = \"PATH\"",
        "image = \"a:1\"\nconfigs = { \"/etc/x\" = \"PATH\" }",
        "image = \"a:1\"\nconfigs = { \"/etc/x\" = { source = \"PATH\" } }",
        "image = \"a:1\"\n[environments.prod]\nenv_files = [\"PATH\"]",
        "image = \"a:1\"\n[databases.d]\nurl = \"sqlite:PATH\"",
        "image = \"a:1\"\n[databases.d]\nurl = \"sqlite:d\"\n[migrations.d]\ndir = \"PATH\"",
        "image = \"a:1\"\n[databases.d]\nurl = \"sqlite:d\"\n[backups.d]\ndir = \"PATH\"",
    ];
    let place = Place::new("");
    for key in keys {
        for path in paths {
            place.spec(&key.replace("PATH", path));
            place.refused(&format!("{key} {path}"), "omni::spec::outside");
        }
    }
    println!("path traversals: {} cells, 0 violations, 0 stuck", keys.len() * paths.len());
}

/// Migrations in a folder that lies in `app`, or is itself a link.
const MIGRATIONS: &str = "image = \"a:1\"
[databases.a]
url = \"sqlite:a\"
[migrations.a]
dir = \"app\"
layout = \"sqlx\"
[databases.b]
url = \"sqlite:b\"
[migrations.b]
dir = \"db\"
layout = \"sqlx\"";

#[test]
fn no_link_leads_outside() {
    let links = [
        ("app", "../outside", "build = \"app\""),
        ("app/.dockerignore", "../../outside/.dockerignore", "build = \"app\""),
        ("a.env", "../outside/secret.env", "image = \"a:1\"\nenv_files = [\"a.env\"]"),
        ("a.env", "../outside/secret.env", "image = \"a:1\"\n[environments.prod]\nenv_files = [\"a.env\"]"),
        ("a.conf", "../outside/app.conf", "image = \"a:1\"\nconfigs = { \"/etc/x\" = \"a.conf\" }"),
        ("etc", "../outside", "image = \"a:1\"\nconfigs = { \"/etc/x\" = \"etc/app.conf\" }"),
        ("a.conf", "/proc/self/environ", "image = \"a:1\"\nconfigs = { \"/etc/x\" = \"a.conf\" }"),
        ("proc", "/proc/self", "image = \"a:1\"\nconfigs = { \"/etc/x\" = \"proc/environ\" }"),
        ("db", "../outside", MIGRATIONS),
        ("app/db", "../../outside", MIGRATIONS),
        ("app/1_x.sql", "../../outside/app.conf", MIGRATIONS),
    ];
    for (link, to, service) in links {
        let place = Place::new(service);
        let link = place.root().join(link);
        if link.is_dir() {
            fs::remove_dir_all(&link).expect("a folder of this test");
        }
        symlink(to, &link).expect("a link");
        place.refused(service, "omni::spec::unreadable");
    }
}

#[test]
fn a_link_to_the_host_needs_the_policy_of_the_host() {
    for mount in ["./data:/x", "ROOT/data:/x", "./app/../data:/x", "ROOT/./data/:/x", "./data/inner:/x"] {
        let place = Place::new("");
        let written = mount.replace("ROOT", &place.root().display().to_string());
        place.spec(&format!("image = \"a:1\"\nvolumes = [\"{written}\"]"));
        fs::create_dir(place.outside().join("inner")).expect("a folder");
        symlink("../outside", place.root().join("data")).expect("a link");
        place.refused(mount, "omni::spec::policy");
        let outside = place.outside().canonicalize().expect("a folder");
        let policy = format!("image = \"a:1\"\nvolumes = [\"{written}\"]\n[policy]\nallow_host_paths = [{outside:?}]");
        place.spec(&policy);
        assert!(place.omni(&["validate"]).status.success(), "{mount} is allowed");
    }
}

#[test]
fn a_file_that_is_none_is_an_error_and_no_wait() {
    let (env, conf) = ("image = \"a:1\"\nenv_files = [\"x\"]", "image = \"a:1\"\nconfigs = { \"/x\" = \"x\" }");
    let build = "build = \"app\"";
    for (at, service) in [("x", env), ("x", conf), ("app/.dockerignore", build), ("app/Dockerfile", build)] {
        for what in ["fifo", "folder", "loop", "gone", "zero"] {
            let place = Place::new(service);
            let path = place.root().join(at);
            let _ = fs::remove_file(&path);
            match what {
                "fifo" => fifo(&path),
                "folder" => fs::create_dir(&path).expect("a folder"),
                "loop" => symlink(path.file_name().expect("a name"), &path).expect("a link"),
                "gone" => symlink("not there", &path).expect("a link"),
                _ => symlink("/dev/zero", &path).expect("a link"),
            }
            // A Dockerfile that is a link is sent as one: the engine looks for it in the context. A `.dockerignore` that
            // leads nowhere is none.
            let is_link = !matches!(what, "fifo" | "folder");
            if at == "app/Dockerfile" && is_link || at == "app/.dockerignore" && what == "gone" {
                continue;
            }
            place.refused(&format!("{what} as {at}"), "omni::spec::unreadable");
        }
    }
}

#[test]
fn what_the_command_line_names_may_be_a_pipe_and_never_hangs() {
    let place = Place::new("image = \"a:1\"");
    fifo(&place.root().join("fifo"));
    for words in [
        ["-f", "fifo", "validate"],
        ["-f", "/dev/zero", "validate"],
        ["-f", "app", "validate"],
        ["-f", "/dev/null/x", "validate"],
        ["--env-file", "fifo", "validate"],
        ["--env-file", "/dev/zero", "validate"],
        ["--env-file", "app", "validate"],
        ["graph", "--plan", "fifo"],
        ["graph", "--plan", "app"],
        ["graph", "--plan", "deploy.toml"],
    ] {
        let output = place.omni(&words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let shell = "exec \"$0\" --env-file <(sleep 0.2; echo A=1) -f <(cat deploy.toml) validate";
    let bash = Command::new("bash").args(["-c", shell, env!("CARGO_BIN_EXE_omni")]).current_dir(place.root()).output();
    let output = bash.expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_name_that_is_hostile_is_masked() {
    let place = Place::new("image = \"a:1\"\nnonsense = 1");
    let name = "de\u{1b}]0;x\u{7}\u{202e}ploy.toml";
    fs::rename(place.root().join("deploy.toml"), place.root().join(name)).expect("a file of this test");
    for words in [["-f", name, "validate"], ["-f", "\u{1b}[2Jgone", "validate"], ["validate", "--\u{1b}[2J", "x"]] {
        let output = place.omni(&words);
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(said.chars().find(|c| omni::plain::is_hidden(*c) && *c != '\n'), None, "{said:?}");
    }
}

#[test]
fn a_link_that_is_swapped_in_leads_nowhere() {
    let place = Place::new("");
    let (root, outside) = (place.root(), place.outside());
    fs::write(root.join("app/app.conf"), "mine").expect("a file");
    fs::create_dir(root.join("conf")).expect("a folder");
    fs::write(root.join("conf/app.conf"), "mine").expect("a file");
    let stop = AtomicBool::new(false);
    let mut cells = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                swap(&root.join("app/app.conf"), &outside.join("app.conf"));
                swap(&root.join("conf"), &outside);
            }
        });
        for _ in 0..400 {
            cells += 1;
            for path in ["app/app.conf", "conf/app.conf"] {
                let read = Folder::open(&root).and_then(|folder| folder.read(path, 1 << 20));
                assert!(!String::from_utf8_lossy(&read.unwrap_or_default()).contains(CANARY), "{path}");
            }
            for context in ["app", "conf"] {
                let tar = BuildContext::read(&root, context, "app.conf").and_then(|context| context.tar());
                assert!(!String::from_utf8_lossy(&tar.unwrap_or_default()).contains(CANARY), "{context}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("swapped links: {cells} cells, 0 violations, 0 stuck");
}

/// Puts a link in the place of a file or a folder, and puts it back.
fn swap(path: &Path, to: &Path) {
    let (aside, link) = (path.with_extension("aside"), path.with_extension("link"));
    symlink(to, &link).expect("a link");
    fs::rename(path, &aside).expect("it can be moved");
    fs::rename(&link, path).expect("the link takes its place");
    fs::remove_file(path).expect("the link goes");
    fs::rename(&aside, path).expect("it is put back");
}

#[test]
fn a_pipe_is_read_to_its_end_and_a_device_to_the_limit() {
    assert_eq!(folder::read(Path::new("/dev/null"), 10).expect("an empty file"), b"");
    let error = folder::read(Path::new("/dev/zero"), 1 << 20).expect_err("too large");
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    assert_eq!(error.to_string(), "it has more than 1 MiB");
}
