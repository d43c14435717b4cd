//! The tag of a release: a word that fits on a line, into a path and between other words of a shell.

/// The most characters of a tag.
pub const LONGEST_TAG: usize = 128;

/// Whether a text can be a tag: 1 to 128 characters of letters, digits, `.`, `_`, `-`, `+` and `/`.
///
/// # Errors
/// The rule, where it cannot.
pub fn check_tag(text: &str) -> Result<(), &'static str> {
    if !text.is_empty() && text.len() <= LONGEST_TAG && text.chars().all(is_tag_character) {
        return Ok(());
    }
    Err("a tag has 1 to 128 characters: letters, digits, `.`, `_`, `-`, `+` and `/`")
}

/// Whether a tag can hold a character.
#[must_use]
pub const fn is_tag_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/')
}

#[cfg(test)]
mod tests {
    use super::check_tag;

    #[test]
    fn takes_words_and_nothing_that_needs_quotes() {
        let longest = "x".repeat(128);
        for tag in ["v1.8.0", "17", "2026-11-22", "release/1.2+build_3", &longest] {
            assert_eq!(check_tag(tag), Ok(()), "{tag}");
        }
        let longer = "x".repeat(129);
        for tag in ["", " ", "a b", "a\nb", "\u{1b}[31m", "tag:17", "v1\u{e4}", &longer] {
            assert!(check_tag(tag).is_err(), "{tag:?}");
        }
    }
}
