//! The codes of failures outside the spec, explained.

use std::sync::LazyLock;

static CODES: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let mut codes = Vec::new();
    for block in include_str!("failure_codes.md").split("\n## ").skip(1) {
        if let Some((code, text)) = block.split_once('\n') {
            codes.push((code.trim(), text.trim()));
        }
    }
    codes
});

/// Every code and its explanation, as written in `failure_codes.md`.
#[must_use]
pub(crate) fn codes() -> &'static [(&'static str, &'static str)] {
    &CODES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::codes;

    /// Every `"omni::…"` in the sources of a folder, and below it.
    fn used(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                used(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                quoted(&path, found);
            }
        }
    }

    /// Every `"omni::…"` in one source.
    fn quoted(path: &Path, found: &mut BTreeSet<String>) {
        let text = std::fs::read_to_string(path).expect("a source");
        let pieces = text.split('"').filter(|piece| piece.starts_with("omni::") && !piece.contains(['{', ' ', '…']));
        found.extend(pieces.map(str::to_owned));
    }

    #[test]
    fn every_code_in_the_sources_is_explained_and_no_other() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut all = BTreeSet::new();
        for room in ["cli", "plan", "apply", "provider", "store", "report"] {
            used(&sources.join(room), &mut all);
        }
        quoted(&sources.join("cli.rs"), &mut all);
        all.retain(|code| code.matches("::").count() == 2 && !code.starts_with("omni::spec::"));
        let explained: BTreeSet<_> = codes().iter().map(|(code, _)| (*code).to_owned()).collect();
        let spec: BTreeSet<_> = explained.iter().filter(|code| code.starts_with("omni::spec::")).cloned().collect();
        assert_eq!(all, &explained - &spec);
    }
}
