//! Which share of the cells is tried, as the environment says it.

/// The share of the cells that is tried: every how many-th; `OMNI_FAULTS_EVERY` says it, else this number.
pub(crate) fn every(otherwise: usize) -> usize {
    set("OMNI_FAULTS_EVERY").filter(|every| *every > 0).unwrap_or(otherwise)
}

/// A word from the environment.
#[expect(clippy::disallowed_methods, reason = "the script that runs all says so what is to be tried")]
pub(crate) fn word(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A number from the environment.
pub(crate) fn set(name: &str) -> Option<usize> {
    word(name)?.parse().ok()
}

/// Whether a word is wanted: the environment has it, or nothing under this name.
pub(crate) fn is_wanted(name: &str, found: &str) -> bool {
    word(name).is_none_or(|wanted| wanted == found)
}
