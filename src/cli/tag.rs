//! The tag of a release: from the command line, the spec, git, or the time; and never that of another release.

use std::path::Path;

use jiff::Timestamp;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::git;
use crate::release::Release;

/// The tag of the release to come.
pub(crate) async fn tag(asked: Option<&str>, spec: Option<&str>, root: &Path, now: Timestamp) -> String {
    if let Some(tag) = asked.or(spec) {
        return tag.to_owned();
    }
    let described = git::run(root, &["describe", "--tags", "--always", "--dirty"]).await;
    let described = described.filter(|tag| !tag.is_empty());
    described.unwrap_or_else(|| now.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// The tag as the release to come can have it: one that no other release has. One that was asked for is not changed.
///
/// # Errors
/// `Usage` when it was asked for and another release has it.
pub(crate) fn free(tag: &str, is_asked: bool, releases: &[Release], number: u64) -> Result<String, Failure> {
    match releases.iter().find(|release| release.tag == tag) {
        None => Ok(tag.to_owned()),
        Some(_) if !is_asked => Ok(format!("{tag}-r{number}")),
        Some(taken) => {
            let message = format!("the tag `{tag}` is that of release {}, which says something else", taken.number);
            Err(Failure::new(Exit::Usage, "omni::release::tag_taken", message)
                .help("give another `--tag`; a release never changes"))
        }
    }
}
