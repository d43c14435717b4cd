//! `Private`: an engine of a test's own, beside the one that all share: it can be killed, started again and stopped.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::world::{IMAGE, docker};

/// How long it may take to answer.
const LONGEST: Duration = Duration::from_mins(1);

pub(crate) struct Private {
    folder: TempDir,
    number: u32,
    live_restore: bool,
    /// Whether it is another engine, and not only another process: engines of one machine share what names them.
    is_other: bool,
    daemon: Child,
    /// What runs the containers; it lives on when the daemon is killed, as it does where it is a service of its own.
    containerd: Child,
}

impl Private {
    /// An engine that answers, and has the image of the tests.
    pub(crate) fn new(live_restore: bool, is_other: bool) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::Builder::new().prefix("omni-engine-").tempdir().expect("a folder");
        fs::create_dir(folder.path().join("etc")).expect("a folder");
        let number = std::process::id().wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed)) % 200;
        let containerd = Self::spawn_containerd(&folder);
        let daemon = Self::spawn(&folder, number, live_restore, is_other);
        let new = Self { folder, number, live_restore, is_other, daemon, containerd };
        new.until_it_answers();
        let loaded = Command::new("sh")
            .arg("-c")
            .arg(format!("docker save {} | docker -H {} load", *IMAGE, new.host()))
            .stdout(Stdio::null())
            .status();
        assert!(loaded.is_ok_and(|status| status.success()), "the image is loaded");
        new
    }

    fn spawn_containerd(folder: &TempDir) -> Child {
        let path = |name: &str| folder.path().join(name);
        let words = [("--root", "containerd-root"), ("--state", "containerd"), ("--address", "containerd.sock")];
        let log = fs::File::create(path("containerd.log")).expect("a log");
        let mut command = Command::new("containerd");
        // Its plug-ins for other engines would want ports and folders that are another's.
        let config = path("containerd.toml");
        fs::write(&config, "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n").expect("a file");
        command.arg("--config").arg(config);
        for (word, name) in words {
            command.arg(word).arg(path(name));
        }
        let daemon = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let daemon = daemon.expect("the tests need `containerd`, and to be root");
        let since = Instant::now();
        while !path("containerd.sock").exists() {
            assert!(since.elapsed() < LONGEST, "containerd does not come up");
            std::thread::yield_now();
        }
        daemon
    }

    fn spawn(folder: &TempDir, number: u32, live_restore: bool, is_other: bool) -> Child {
        let path = |name: &str| folder.path().join(name).display().to_string();
        // A daemon that was killed leaves its number, which another process may have by now.
        let _ = fs::remove_file(folder.path().join("pid"));
        let words = [
            format!("--data-root={}", path("data")),
            format!("--exec-root={}", path("exec")),
            format!("--pidfile={}", path("pid")),
            format!("--containerd={}", path("containerd.sock")),
            format!("--host=unix://{}", path("engine.sock")),
            format!("--default-address-pool=base=10.{}.0.0/16,size=24", 20 + number),
            "--iptables=false".to_owned(),
            "--ip-forward=false".to_owned(),
            "--bridge=none".to_owned(),
            format!("--live-restore={live_restore}"),
        ];
        let log = fs::File::options().create(true).append(true).open(folder.path().join("log")).expect("a log");
        let mut command = if is_other {
            let mut command = Command::new("unshare");
            let text = format!("mount --bind {} /etc/docker && exec dockerd \"$@\"", path("etc"));
            command.args(["--mount", "sh", "-c", &text, "dockerd"]);
            command
        } else {
            Command::new("dockerd")
        };
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().expect("the tests need `dockerd`, and to be root")
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// Its address.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.daemon.id()
    }

    fn until_it_answers(&self) {
        let since = Instant::now();
        while docker(&["-H", &self.host(), "info", "--format", "{{.ID}}"]).trim().is_empty() {
            if since.elapsed() > LONGEST {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                panic!("the engine does not answer:\n{log}");
            }
            std::thread::yield_now();
        }
    }

    /// Starts it again after its process has ended.
    pub(crate) fn start_again(&mut self) {
        self.daemon.wait().expect("an end");
        self.daemon = Self::spawn(&self.folder, self.number, self.live_restore, self.is_other);
        self.until_it_answers();
    }

    fn signal(&self, word: &str) {
        crate::tier::deployment::signal(self.pid(), word);
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.signal("-CONT");
        let host = self.host();
        let containers = docker(&["-H", &host, "ps", "-aq"]);
        let ids: Vec<_> = containers.split_whitespace().collect();
        if !ids.is_empty() {
            docker(&[&["-H", &host, "rm", "-fv"], &ids[..]].concat());
        }
        // A bridge that is left would stay on the machine.
        docker(&["-H", &host, "network", "prune", "-f"]);
        self.signal("-TERM");
        let _ = self.daemon.wait();
        crate::tier::deployment::signal(self.containerd.id(), "-TERM");
        let _ = self.containerd.wait();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let below = self.folder.path().display().to_string();
        for mount in mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(|path| path.starts_with(&below)) {
            // What another namespace has mounted is gone with it.
            let _ = Command::new("umount").args(["--lazy", mount]).stderr(Stdio::null()).status();
        }
    }
}
