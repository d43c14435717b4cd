//! `Disk`: a folder whose disk fails on demand, for a process that was started with `fixture/faults.c` before its own
//! calls; and `Child`, this very test binary started so.

use std::env::current_exe;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The variable that names the folder whose disk fails.
const DISK: &str = "OMNI_DISK";
/// The variable that says what the child is to do.
const ORDER: &str = "OMNI_DISK_ORDER";

/// The folder whose disk fails on demand.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// The one that the parent of this process made.
    pub(crate) fn of_this_process() -> Self {
        Self(PathBuf::from(std::env::var_os(DISK).expect("a child is run by its parent, not alone")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the call of this number fail, once or from then on.
    pub(crate) fn arm(&self, kind: &str, number: u64, way: &str) {
        fs::write(self.beside("arm"), format!("arm {kind} {number} {way}")).expect("the disk can be steered");
    }

    /// Makes everything work again. Returns how many calls could have failed, and how many failed.
    pub(crate) fn heal(&self) -> (u64, u64) {
        fs::write(self.beside("arm"), "off").expect("the disk can be steered");
        let said = fs::read_to_string(self.beside("said")).expect("the library is loaded before this process's calls");
        let (calls, failed) = said.split_once(' ').expect("two numbers");
        (calls.parse().expect("a number"), failed.parse().expect("a number"))
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        PathBuf::from(name)
    }
}

/// What the parent asked of this child.
pub(crate) fn order() -> String {
    let order = std::env::var_os(ORDER).expect("a child is run by its parent, not alone");
    order.into_string().expect("plain words")
}

/// Runs the test called `name` of this very binary on a disk that fails on demand, and returns the line it says.
pub(crate) fn child(name: &str, order: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).expect("a folder");
    let out = Command::new(current_exe().expect("this binary"))
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .env("LD_PRELOAD", library(&folder))
        .env(DISK, &disk)
        .env(ORDER, order)
        .stdin(Stdio::null())
        .output()
        .expect("the child starts");
    let (said, complaints) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{order}:\n{said}\n{complaints}");
    let line = said.lines().find_map(|line| line.split_once("said ")).expect("the child says something");
    line.1.to_owned()
}

/// The library that makes the disk fail.
fn library(folder: &TempDir) -> PathBuf {
    let library = folder.path().join("faults.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apply/fixture/faults.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-w", "-o"]).arg(&library).arg(source).output();
    let built = built.expect("this test needs `cc`");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    library
}
