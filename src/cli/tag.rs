//! The tag of a release: from the command line, the spec, git, or the time.

use std::path::Path;
use std::process::Stdio;

use jiff::Timestamp;
use tokio::process::Command;

/// The tag of the release to come.
pub(crate) async fn tag(asked: Option<&str>, spec: Option<&str>, root: &Path, now: Timestamp) -> String {
    match asked.or(spec) {
        Some(tag) => tag.to_owned(),
        None => described(root).await.unwrap_or_else(|| now.strftime("%Y%m%dT%H%M%SZ").to_string()),
    }
}

/// What git calls the commit in the folder; none without git or outside a repository.
async fn described(root: &Path) -> Option<String> {
    let mut git = Command::new("git");
    // A repository must not be able to run a program of its own by being described.
    git.args(["-c", "core.fsmonitor=false", "describe", "--tags", "--always", "--dirty"]);
    let output = git.current_dir(root).stdin(Stdio::null()).stderr(Stdio::null()).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let tag = text.trim();
    (output.status.success() && !tag.is_empty()).then(|| tag.to_owned())
}
