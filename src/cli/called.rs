//! Which release a name means: a tag, a number, or one of them said outright (`tag:17`, `release:17`).

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::cli::wish::{resolved_if_possible, retention};
use crate::fingerprint::Key;
use crate::journal::{Outcome, Past};
use crate::plain::plain;
use crate::release::Release;
use crate::report;
use crate::store::Store;

/// How many releases an error lists.
const LISTED: usize = 10;

/// The release of this name that the store keeps.
///
/// # Errors
/// `Usage` when there is none, it is no longer kept, or the name means two; what the store says otherwise.
pub(crate) async fn release_called(
    project: &Project,
    store: Option<&dyn Store>,
    name: &str,
) -> Result<Release, Failure> {
    let (releases, history) = match store {
        Some(store) => (store.releases().await?, store.history().await?),
        None => (Vec::new(), Vec::new()),
    };
    if let Some(release) = meant(&releases, name)? {
        return Ok(release.clone());
    }
    let (spec, ..) = resolved_if_possible(project, &Key::unset());
    Err(absent(&releases, &history, retention(spec.as_ref()).releases, name))
}

/// The release that a name means. Of those with one tag it is the newest: only a rollback uses a tag again, that of the
/// release it went back to.
fn meant<'r>(releases: &'r [Release], name: &str) -> Result<Option<&'r Release>, Failure> {
    let by_tag = releases.iter().find(|release| release.tag == tag_of(name));
    let by_number = releases.iter().find(|release| Some(release.number) == number_of(name));
    match (by_tag, by_number) {
        (Some(tagged), Some(numbered)) if tagged.tag != numbered.tag => Err(two(tagged, numbered)),
        (by_tag, by_number) => Ok(by_tag.or(by_number)),
    }
}

fn tag_of(name: &str) -> &str {
    name.strip_prefix("tag:").unwrap_or(name)
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("release:").unwrap_or(name).parse().ok()
}

fn two(tagged: &Release, numbered: &Release) -> Failure {
    let name = plain(&tagged.tag);
    let message = format!("`{name}` means release {}, whose tag it is, and {}", tagged.number, said(numbered));
    Failure::new(Exit::Usage, "omni::release::ambiguous", message)
        .help(format!("say which: `tag:{name}` or `release:{}`", numbered.number))
}

fn absent(releases: &[Release], history: &[Past], retain: u32, name: &str) -> Failure {
    let there = releases.iter().take(LISTED).map(|release| format!("{} ({})", release.number, plain(&release.tag)));
    let there = there.collect::<Vec<_>>().join(", ");
    let is_meant = |past: &Past| past.tag == tag_of(name) || Some(past.release) == number_of(name);
    let was = |past: &&Past| past.outcome == Outcome::Applied && past.purpose != "destroy" && is_meant(past);
    if let Some(past) = history.iter().find(was) {
        let why = no_longer(releases, history, retain, past);
        let message = format!("release {} ({}) is no longer kept: {why}", past.release, plain(&past.tag));
        let kept = if there.is_empty() { "no release is kept".to_owned() } else { format!("kept are: {there}") };
        return Failure::new(Exit::Usage, "omni::release::not_kept", message).help(kept);
    }
    let help = match (there.as_str(), history) {
        ("", []) => "nothing was applied yet".to_owned(),
        ("", _) => "no release is kept".to_owned(),
        _ => format!("there are: {there}"),
    };
    Failure::new(Exit::Usage, "omni::release::unknown", format!("there is no release `{}`", plain(name))).help(help)
}

/// Why a release is no longer kept, as far as that can be told.
fn no_longer(releases: &[Release], history: &[Past], retain: u32, gone: &Past) -> String {
    let removal =
        |past: &&Past| past.outcome == Outcome::Applied && past.purpose == "destroy" && past.release > gone.release;
    if let Some(removal) = history.iter().filter(removal).min_by_key(|past| past.release) {
        return format!("everything was removed by `omni destroy` at {}", report::moment(removal.closed));
    }
    let newer = releases.iter().filter(|release| release.number > gone.release).count();
    if newer >= usize::try_from(retain).unwrap_or(usize::MAX) {
        return format!("newer ones have taken its place (retain = {retain})");
    }
    "`omni prune` has removed it, or deploy.toml kept fewer, or for a shorter time, then".to_owned()
}

fn said(release: &Release) -> String {
    format!("release {} ({})", release.number, plain(&release.tag))
}

#[cfg(test)]
mod tests;
