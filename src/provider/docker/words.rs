//! Texts with secrets against the texts that the engine keeps.
//!
//! The engine has the value of a secret and omni must not show it, so a live text is never taken over where a secret
//! was asked for: it is either what was asked for, or something else that stays hidden.

use crate::provider::{Fault, FaultKind};
use crate::template::{Part, Template};

/// The words as the engine gets them.
pub(super) fn filled(words: &[Template]) -> Result<Vec<String>, Fault> {
    words.iter().map(text).collect()
}

/// The text as the engine gets it.
pub(super) fn text(template: &Template) -> Result<String, Fault> {
    template.as_plain().map(str::to_owned).ok_or_else(|| Fault::new(FaultKind::Failed, "cannot fill in a secret"))
}

/// A live text in the words of the spec: `asked` where it may be that, its value where nothing secret was asked for.
pub(super) fn seen(live: &str, asked: Option<&Template>) -> Template {
    match asked {
        Some(asked) if may_be(asked, live) => asked.clone(),
        Some(asked) if asked.is_secret() => hidden(asked),
        Some(_) | None => Template::plain(live),
    }
}

/// A live list of words in the words of the spec. `live` differs from what was asked for where this gives others.
pub(super) fn seen_list(live: &[String], asked: Option<&[Template]>) -> Vec<Template> {
    let Some(asked) = asked else { return live.iter().map(Template::plain).collect() };
    if same_list(asked, live) {
        return asked.to_vec();
    }
    let Some(secret) = asked.iter().find(|word| word.is_secret()) else {
        return live.iter().map(Template::plain).collect();
    };
    // Any word that was not asked for as it is may have the secret in it.
    let word = |live: &String| match asked.iter().find(|asked| may_be(asked, live)) {
        Some(asked) => asked.clone(),
        None => hidden(secret),
    };
    live.iter().map(word).collect()
}

/// Whether the live words may be those that were asked for.
pub(super) fn same_list(asked: &[Template], live: &[String]) -> bool {
    asked.len() == live.len() && asked.iter().zip(live).all(|(asked, live)| may_be(asked, live))
}

/// Whether the template makes this text with some values of its secrets.
fn may_be(asked: &Template, live: &str) -> bool {
    if let Some(plain) = asked.as_plain() {
        return plain == live;
    }
    let mut rest = live;
    let mut after_hole = false;
    let parts = asked.parts();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Secret { .. } => after_hole = true,
            Part::Text(text) if at + 1 == parts.len() => {
                return if after_hole { rest.ends_with(text.as_str()) } else { rest == text };
            }
            Part::Text(text) => {
                let found =
                    if after_hole { rest.find(text.as_str()) } else { rest.starts_with(text.as_str()).then_some(0) };
                let Some(start) = found else { return false };
                rest = &rest[start + text.len()..];
                after_hole = false;
            }
        }
    }
    true
}

/// A template that shows nothing and differs from what was asked for.
fn hidden(asked: &Template) -> Template {
    let name = asked.parts().iter().find_map(|part| match part {
        Part::Secret { name, .. } => Some(name.clone()),
        Part::Text(_) => None,
    });
    Template::from_parts(vec![Part::Secret { name: name.unwrap_or_default(), mark: "differs".to_owned() }])
}

#[cfg(test)]
mod tests {
    use super::{seen, seen_list};
    use crate::template::{Part, Template};

    fn url() -> Template {
        let secret = Part::Secret { name: "PASSWORD".to_owned(), mark: "abc".to_owned() };
        Template::from_parts(vec![Part::Text("redis://:".to_owned()), secret, Part::Text("@redis:6379".to_owned())])
    }

    #[test]
    fn takes_a_filled_secret_for_what_was_asked() {
        assert_eq!(seen("redis://:hunter2@redis:6379", Some(&url())), url());
        assert_eq!(seen("debug", Some(&Template::plain("debug"))), Template::plain("debug"));
    }

    #[test]
    fn never_shows_a_text_where_a_secret_was_asked_for() {
        for live in ["redis://:hunter2@other:6379", "rediss://:hunter2@redis:6379", "", "redis://:"] {
            let seen = seen(live, Some(&url()));
            assert_ne!(seen, url(), "{live}");
            assert!(!seen.to_string().contains("hunter2"), "{seen}");
            assert!(seen.is_secret());
        }
    }

    #[test]
    fn hides_every_word_that_may_hold_the_secret() {
        let asked = [Template::plain("serve"), url()];
        let live = ["serve".to_owned(), "--password=hunter2".to_owned(), "redis://:hunter2@redis:6379".to_owned()];
        let seen = seen_list(&live, Some(&asked));
        assert_eq!(seen[0], asked[0]);
        assert!(seen[1].is_secret() && seen[1] != asked[1]);
        assert_eq!(seen[2], asked[1]);
    }

    #[test]
    fn shows_a_plain_difference_as_it_is() {
        assert_eq!(seen("info", Some(&Template::plain("debug"))), Template::plain("info"));
        assert_eq!(seen_list(&["a".to_owned()], Some(&[])), [Template::plain("a")]);
    }
}
