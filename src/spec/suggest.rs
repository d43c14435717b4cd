//! "Did you mean": the nearest of the words that would have been right.

/// The longest word that is compared, and the most words it is compared with: a spec of strangers may have thousands of
/// either, and nobody means those.
const LONGEST: usize = 64;
const MOST: usize = 300;

/// The nearest word, where one is near enough to be meant.
pub(crate) fn near<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    let written = written.to_lowercase().replace('-', "_");
    let allowed = (written.chars().count() / 3).max(1);
    let words = words.into_iter().take(MOST).filter(|word| word.len() <= LONGEST);
    let scored = words.filter_map(|word| {
        let folded = word.to_lowercase().replace('-', "_");
        let distance = strsim::damerau_levenshtein(&written, &folded);
        let prefix =
            written.len() >= 3 && (folded.starts_with(&written) || written.starts_with(&folded)) && folded.len() >= 3;
        let near = distance <= allowed && distance < folded.chars().count();
        (near || prefix).then_some((if near { distance } else { allowed + 1 }, word))
    });
    scored.min().map(|(_, word)| word)
}

/// `did you mean …?` for the nearest word.
pub(super) fn question<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    near(written, words).map(|word| format!("did you mean `{word}`?"))
}

/// The words in backticks, joined by commas.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The words in backticks, joined by commas and a last `or`.
pub(super) fn choices<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn finds_the_word_that_was_meant_and_no_other() {
        let words = ["image", "environment", "volumes", "read_only", "ports"];
        for (written, meant) in [
            ("imgae", Some("image")),
            ("enviroment", Some("environment")),
            ("read-only", Some("read_only")),
            ("port", Some("ports")),
            ("zebra", None),
        ] {
            assert_eq!(near(written, words), meant, "{written}");
        }
    }
}
