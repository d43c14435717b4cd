//! Comments between things: kept, without spaces at their ends and with at most one blank line between them.

/// Splits off the comments that belong to the whole file: a block above the first blank line, or `#:` lines alone.
pub(super) fn split_head(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let block: usize = text.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
    let (comments, rest) = text.split_at(block);
    if !comments.is_empty()
        && rest.starts_with(|c: char| c.is_whitespace())
        && rest.trim_start_matches([' ', '\t']).starts_with('\n')
    {
        return (format!("{}\n", lines(comments)), rest);
    }
    let own: usize = text.split_inclusive('\n').take_while(|line| line.starts_with("#:")).map(str::len).sum();
    let (own, rest) = text.split_at(own);
    (lines(own), rest)
}

/// The comment lines of a text; each ends with a line break, blank lines at either end are gone.
pub(super) fn lines(text: &str) -> String {
    let mut found = String::new();
    let mut blank = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            blank = !found.is_empty();
        } else {
            if blank {
                found.push('\n');
            }
            blank = false;
            found.push_str(line);
            found.push('\n');
        }
    }
    found
}

/// The comment lines above a thing; a blank line below them says that they are about more than it, and stays.
pub(super) fn above(text: &str) -> String {
    let mut found = lines(text);
    let below = &text[text.trim_end().len()..];
    if !found.is_empty() && below.matches('\n').count() > 1 {
        found.push('\n');
    }
    found
}

/// A comment at the end of a line, with one space before it.
pub(super) fn after(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(" {text}") }
}
