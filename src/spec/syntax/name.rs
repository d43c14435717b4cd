//! A name of a thing in the spec.

/// Whether a text is a name: `[a-z0-9][a-z0-9_.-]*`, at most 63 characters.
pub(in crate::spec) fn check(text: &str) -> Result<(), String> {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let first = text.bytes().next().is_some_and(lower);
    if first && text.len() <= 63 && text.bytes().all(|byte| lower(byte) || matches!(byte, b'_' | b'.' | b'-')) {
        return Ok(());
    }
    let form = "names have lower-case letters, digits, `_`, `.` and `-`, start with a letter or digit, and have at \
                most 63 characters";
    let better: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' })
        .collect();
    let better: String = better.trim_start_matches(['-', '.', '_']).chars().take(63).collect();
    Err(if better.is_empty() { form.to_owned() } else { format!("did you mean `{better}`? {form}") })
}
