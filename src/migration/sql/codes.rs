//! Every code of a finding, with its cause, an example and the mend: what `omni explain` shows.

use std::sync::LazyLock;

static CODES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let sections = include_str!("codes.md").split("\n## ").skip(1);
    sections.filter_map(|section| section.split_once('\n')).map(|(code, text)| (code.trim(), text.trim())).collect()
});

/// Every code and its explanation in Markdown, sorted by code.
#[must_use]
pub fn codes() -> &'static [(&'static str, &'static str)] {
    &CODES
}
