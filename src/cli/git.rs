//! What git says of the folder the spec lies in.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// The trimmed output of a git command in the folder; none without git, outside a repository, or where it fails.
pub(crate) async fn run(root: &Path, words: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    // A repository must not be able to run a program of its own by being looked at.
    git.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]).args(words);
    let output = git.current_dir(root).stdin(Stdio::null()).stderr(Stdio::null()).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
