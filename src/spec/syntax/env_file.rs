//! Files with variables: `NAME=value` lines, as Compose and many other tools read them.

use std::collections::BTreeMap;

/// A line that is no variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {wrong}")]
pub struct NotAVariable {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it; never a part of the line, which may hold a secret.
    pub wrong: &'static str,
}

/// The variables of a file: `NAME=value`, `export NAME=value`, values in single or double quotes, `#` comments.
/// Values are taken as they are: nothing is filled in.
///
/// # Errors
/// The first line that is no variable.
pub fn env_file(text: &str) -> Result<BTreeMap<String, String>, NotAVariable> {
    let mut found = BTreeMap::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let wrong = |wrong| NotAVariable { line: at + 1, wrong };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(wrong("has no `=`"))?;
        let name = name.trim();
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            || name.as_bytes()[0].is_ascii_digit()
        {
            return Err(wrong("has no name of letters, digits and `_` before the `=`"));
        }
        found.insert(name.to_owned(), value_of(value.trim()).map_err(wrong)?);
    }
    Ok(found)
}

fn value_of(text: &str) -> Result<String, &'static str> {
    let quote = match text.as_bytes().first() {
        Some(b'\'') => '\'',
        Some(b'"') => '"',
        _ => return Ok(text.split(" #").next().unwrap_or_default().trim_end().to_owned()),
    };
    let mut value = String::new();
    let mut rest = text[1..].chars();
    while let Some(c) = rest.next() {
        match c {
            c if c == quote => {
                let after = rest.as_str().trim_start();
                let clean = after.is_empty() || after.starts_with('#');
                return if clean { Ok(value) } else { Err("has text after its closing quote") };
            }
            '\\' if quote == '"' => match rest.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(other) => value.push(other),
                None => return Err("has no closing quote"),
            },
            c => value.push(c),
        }
    }
    Err("has no closing quote")
}

#[cfg(test)]
mod tests {
    use super::env_file;

    #[test]
    fn reads_what_other_tools_write() {
        let text = "\u{feff}# a comment\nA=1\n export B = two words # not this\nC='si$ngle # in'\n\
                    D=\"a\\nb\\\"c\" # out\nE=\nF=a#b\r\n";
        let found = env_file(text).expect("variables");
        let pairs: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [("A", "1"), ("B", "two words"), ("C", "si$ngle # in"), ("D", "a\nb\"c"), ("E", ""), ("F", "a#b")]
        );
    }

    #[test]
    fn names_the_line_and_never_its_content() {
        for (text, message) in [
            ("A=1\nsecret", "line 2 has no `=`"),
            ("=x", "line 1 has no name of letters, digits and `_` before the `=`"),
            ("1A=x", "line 1 has no name of letters, digits and `_` before the `=`"),
            ("A='x", "line 1 has no closing quote"),
            ("A=\"x\" y", "line 1 has text after its closing quote"),
        ] {
            assert_eq!(env_file(text).expect_err("no variables").to_string(), message);
        }
    }
}
