//! The tag of a release: from the command line, the spec, git, or the time; and never that of another release.

use std::path::Path;

use jiff::Timestamp;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::git;
use crate::plain::plain;
use crate::release::Release;
use crate::spec;

/// Checks the tag that the command line asks for.
///
/// # Errors
/// `Usage` when it can be none: the rule.
pub(crate) fn check(asked: Option<&str>) -> Result<(), Failure> {
    let Some(Err(rule)) = asked.map(spec::check_tag) else { return Ok(()) };
    let shown: String = plain(asked.unwrap_or_default()).chars().take(spec::LONGEST_TAG).collect();
    Err(Failure::new(Exit::Usage, "omni::release::bad_tag", format!("`{shown}` is no tag")).help(rule))
}

/// The tag of the release to come.
pub(crate) async fn tag(asked: Option<&str>, written: Option<&str>, root: &Path, now: Timestamp) -> String {
    if let Some(tag) = asked.or(written) {
        return tag.to_owned();
    }
    let described = git::run(root, &["describe", "--tags", "--always", "--dirty"]).await;
    let described = described.map(|tag| like_a_tag(&tag)).filter(|tag| !tag.is_empty());
    described.unwrap_or_else(|| now.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// The tag as the release to come can have it: one that no other release has. One that was asked for is not changed.
///
/// # Errors
/// `Usage` when it was asked for and another release has it.
pub(crate) fn free(tag: &str, is_asked: bool, releases: &[Release], number: u64) -> Result<String, Failure> {
    match releases.iter().find(|release| release.tag == tag) {
        None => Ok(tag.to_owned()),
        Some(_) if !is_asked => {
            let suffix = format!("-r{number}");
            let room = spec::LONGEST_TAG.saturating_sub(suffix.len());
            Ok(tag.chars().take(room).collect::<String>() + &suffix)
        }
        Some(taken) => {
            let message = format!("the tag `{tag}` is that of release {}, which says something else", taken.number);
            Err(Failure::new(Exit::Usage, "omni::release::tag_taken", message)
                .help("give another `--tag`; a release never changes"))
        }
    }
}

/// What git says, as a tag can say it: names in git may hold more characters.
fn like_a_tag(described: &str) -> String {
    let of = |c: char| if spec::is_tag_character(c) { c } else { '-' };
    described.chars().map(of).take(spec::LONGEST_TAG).collect()
}

#[cfg(test)]
mod tests {
    use super::like_a_tag;

    #[test]
    fn a_name_of_git_becomes_a_tag() {
        assert_eq!(like_a_tag("v1.0-3-gabc"), "v1.0-3-gabc");
        assert_eq!(like_a_tag("rel@2,x"), "rel-2-x");
        assert_eq!(like_a_tag(&"ä".repeat(200)), "-".repeat(128));
    }
}
