//! The rules of `[policy]` that ask something of the folder the spec lies in, or of a plan.

use std::path::Path;

use crate::address::Address;
use crate::cli::consent::when_it_runs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::git;
use crate::migration::Worth;
use crate::plan::{Action, Change, Class, Plan};
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

/// Checks that backups may be left out, where somebody wants that.
///
/// # Errors
/// `Consent` when `require_backup` is set.
pub(crate) fn backups(spec: &Spec, skips: bool) -> Result<(), Failure> {
    if !(skips && spec.policy.require_backup) {
        return Ok(());
    }
    let message = "`--skip-backup` was given, and the policy asks for a backup before every migration";
    Err(Failure::new(Exit::Consent, "omni::policy::backup_required", message)
        .help("leave it out, or set `policy.require_backup = false`"))
}

/// Checks that the way back of every migration that runs was proven, or is before it runs.
///
/// # Errors
/// `Consent` with the first of which neither holds.
pub(crate) fn proven(plan: &Plan) -> Result<(), Failure> {
    let is_tried = |address: &Address| plan.steps().any(|change| change.proves.contains_key(address));
    let is_fine =
        |address: &Address, worth: &Worth| worth.is_proven() || *worth == Worth::Unproven && is_tried(address);
    let runs = plan.steps().filter(|change| change.action == Action::Run);
    let mut worths = runs.filter_map(|change| Some((&change.address, change.worth.as_ref()?)));
    let Some((address, worth)) = worths.find(|(address, worth)| !is_fine(address, worth)) else {
        return Ok(());
    };
    let message = format!("{address}: {worth}, and the policy asks for a proof");
    let help = match worth {
        Worth::Unproven => "what changes no schema is tried on the rows of a backup: `prove = \"data\"`",
        _ => "mend it; `omni migrate prove` tells what is wrong with it",
    };
    Err(Failure::new(Exit::Consent, "omni::policy::unproven", message).help(help))
}

/// Checks that no step loses data or cannot be taken back.
///
/// # Errors
/// `Consent` with all that do.
pub(crate) fn harmless(plan: &Plan) -> Result<(), Failure> {
    let told = |change: &Change| {
        let text = "cannot be taken back without loss, and the policy forbids such steps";
        format!("{} {text}{}", change.address, when_it_runs(change))
    };
    let mut found = plan.steps().filter(|change| change.class != Class::Reversible).map(told);
    let Some(first) = found.next() else { return Ok(()) };
    let failure = found.fold(Failure::new(Exit::Consent, "omni::policy::destructive", first), Failure::and);
    Err(failure.help("change the step, or set `policy.allow_destructive = true`"))
}
