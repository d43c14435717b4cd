//! Foreign text in Markdown: it can be neither a mention, a link to an issue, a tag, a cell, nor the end of a block.
//!
//! Harmless text stays readable. Anything else becomes a `<code>` element in which every special character is an
//! entity, which is safe in a cell of a table too; hosts make no mentions and no links inside of code.

use crate::plain::plain;

/// The longest name that is given in full.
const LONGEST: usize = 300;

fn is_harmless(c: char) -> bool {
    c.is_alphanumeric() || " .,:/+=()-".contains(c)
}

/// A foreign text as code, cut where it is longer than any name should be.
pub(super) fn code(text: &str) -> String {
    code_of(&cut(&plain(text)))
}

/// A foreign text as code, in full.
pub(super) fn code_of(text: &str) -> String {
    let text = plain(text);
    let ticks = !text.is_empty() && text.chars().all(|c| is_harmless(c) || c == '_') && text.trim() == text;
    if ticks { format!("`{text}`") } else { format!("<code>{}</code>", entities(&text)) }
}

/// A foreign text in a sentence: as it is where it is harmless, as code otherwise.
pub(super) fn text(text: &str) -> String {
    let text = cut(&plain(text));
    // What stands at the start of a line may be a list or a rule.
    let starts_well = text.chars().next().is_some_and(char::is_alphanumeric);
    if starts_well && !is_linked(&text) && text.chars().all(is_harmless) { text } else { code_of(&text) }
}

/// Whether hosts make a link of a text though nothing in it says that it is one.
fn is_linked(text: &str) -> bool {
    let text = text.to_lowercase();
    ["://", "www.", "gh-"].iter().any(|sign| text.contains(sign))
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST).collect();
    format!("{start} ...")
}

fn entities(text: &str) -> String {
    let entity = |c: char| if is_harmless(c) { c.to_string() } else { format!("&#{};", u32::from(c)) };
    text.chars().map(entity).collect()
}

/// A part of the key in the first line: nothing in it can end the comment that it stands in.
pub(super) fn key(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    plain(text).bytes().take(LONGEST).map(byte).collect()
}

/// A web address as an automatic link; as code where it is none.
pub(super) fn link(address: &str) -> String {
    let address = cut(&plain(address));
    let web = address.starts_with("https://") || address.starts_with("http://");
    let bad = |c: char| c.is_whitespace() || "<>\"`\\|".contains(c);
    if web && !address.chars().any(bad) { format!("<{address}>") } else { code_of(&address) }
}

/// A fence longer than any run of backticks inside.
pub(super) fn fence(inside: &str) -> String {
    let longest = inside.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// As many of these as fit into so many bytes, and how many there are beside.
pub(super) fn first(parts: &[String], room: usize) -> String {
    joined(parts, room, ", ", " and ")
}

/// As many of these lines as fit into so many bytes, and how many there are beside.
pub(super) fn first_lines(parts: &[String], room: usize) -> String {
    joined(parts, room, "\n", "\n- and ")
}

fn joined(parts: &[String], room: usize, between: &str, and: &str) -> String {
    let mut taken = 0;
    let fitting = parts.iter().take_while(|part| {
        taken += part.len() + between.len();
        taken <= room
    });
    let fitting: Vec<_> = fitting.map(String::as_str).collect();
    let left = parts.len() - fitting.len();
    let more = if left > 0 { format!("{and}{left} more") } else { String::new() };
    format!("{}{more}", fitting.join(between))
}

#[cfg(test)]
mod tests {
    use super::{code, fence, key, link, text};

    #[test]
    fn harmless_text_stays_readable_and_the_rest_is_code() {
        assert_eq!(code("service.web"), "`service.web`");
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(text("image, environment"), "image, environment");
        assert_eq!(text("fixes #1 of @all | <b>"), "<code>fixes &#35;1 of &#64;all &#124; &#60;b&#62;</code>");
        assert_eq!(text("- a"), "`- a`");
        assert_eq!(text("see https://a.example/x"), "`see https://a.example/x`");
        assert_eq!(text("WWW.a.example"), "`WWW.a.example`");
        assert_eq!(text("GH-1"), "`GH-1`");
        assert_eq!(key("a-->b"), "a--%3Eb");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("no ticks"), "```");
        assert_eq!(fence("a ```` b ``"), "`````");
    }

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(link("https://ci.example/1"), "<https://ci.example/1>");
        assert_eq!(link("javascript:alert(1)"), "`javascript:alert(1)`");
        assert_eq!(link("https://a> @b"), "<code>https://a&#62; &#64;b</code>");
    }
}
