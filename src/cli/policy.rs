//! The rules of `[policy]` that ask something of the folder the spec lies in.

use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::git;
use crate::spec::Spec;

/// Checks what the policy asks of the folder.
///
/// # Errors
/// `Consent` when `require_clean_git` is set and something is not committed.
pub(crate) async fn check(spec: &Spec, root: &Path) -> Result<(), Failure> {
    if !spec.policy.require_clean_git {
        return Ok(());
    }
    let dirty = git::run(root, &["status", "--porcelain", "--untracked-files=normal", "--", "."]).await;
    let message = match dirty.as_deref() {
        Some("") => return Ok(()),
        Some(files) => {
            format!("{} files are not committed, and the policy asks for a clean tree", files.lines().count())
        }
        None => "this is no git repository, and the policy asks for a clean one".to_owned(),
    };
    Err(Failure::new(Exit::Consent, "omni::policy::dirty_git", message)
        .help("commit or stash them, or set `policy.require_clean_git = false`"))
}
