//! The small rules by which a live value is told back as it was asked for.
//!
//! A value that the engine writes in another way, or that the image or the engine brought, is no difference. Whatever
//! else the engine has is told as it is. `image` is none where the image is gone and nobody can tell what it brought.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::provider::docker::words;
use crate::template::Template;

/// A list of texts whose order means nothing: each as asked for where it is the same by `normal`.
pub(super) fn set(
    live: impl IntoIterator<Item = String>,
    asked: Option<&BTreeSet<String>>,
    normal: impl Fn(&str) -> String,
) -> BTreeSet<String> {
    let live: BTreeMap<_, _> = live.into_iter().map(|text| (normal(&text), text)).collect();
    let mut seen = BTreeSet::new();
    let mut known = BTreeSet::new();
    for text in asked.into_iter().flatten() {
        let normal = normal(text);
        if live.contains_key(&normal) {
            // Two spellings of one thing were both asked for and are both kept.
            seen.insert(text.clone());
            known.insert(normal);
        }
    }
    seen.extend(live.into_iter().filter(|(normal, _)| !known.contains(normal)).map(|(_, text)| text));
    seen
}

/// A text that the image brings where none is asked for.
#[expect(clippy::option_option, reason = "whether anybody can tell, and then what there is")]
pub(super) fn text(
    live: Option<&str>,
    asked: Option<Option<&str>>,
    image: Option<Option<&str>>,
    normal: impl Fn(&str) -> String,
) -> Option<String> {
    let live = live.unwrap_or_default();
    let own = asked.flatten().filter(|asked| !asked.is_empty());
    let expected = own.or_else(|| image.map(Option::unwrap_or_default));
    let kept = expected.map_or(asked.is_some(), |expected| normal(expected) == normal(live));
    if kept {
        return asked.flatten().map(str::to_owned);
    }
    Some(live.to_owned()).filter(|live| !live.is_empty())
}

/// A list of words that the image brings where none is asked for. `bare` says whether it may be empty then, too.
#[expect(clippy::option_option, reason = "whether anybody can tell, and then what there is")]
pub(super) fn list(
    live: Option<&[String]>,
    asked: Option<Option<&[Template]>>,
    image: Option<Option<&[String]>>,
    bare: bool,
) -> Option<Vec<Template>> {
    let live = live.unwrap_or_default();
    let own = asked.flatten().filter(|words| !words.is_empty());
    let kept = match (own, image) {
        (Some(own), _) => words::same_list(own, live),
        (None, None) => asked.is_some(),
        (None, Some(image)) => live == image.unwrap_or_default() || (bare && live.is_empty()),
    };
    if kept {
        return asked.flatten().map(<[Template]>::to_vec);
    }
    Some(words::seen_list(live, own)).filter(|words| !words.is_empty())
}

/// Names with values that the image adds to.
pub(super) fn map<T: Clone>(
    live: &BTreeMap<String, String>,
    asked: Option<&BTreeMap<String, T>>,
    image: Option<&BTreeMap<String, String>>,
    told: impl Fn(&str, Option<&T>) -> T,
) -> BTreeMap<String, T> {
    let one = |(name, value): (&String, &String)| {
        let own = asked.and_then(|asked| asked.get(name));
        let brought = match image {
            Some(image) => image.get(name) == Some(value),
            None => asked.is_some(),
        };
        if own.is_none() && brought { None } else { Some((name.clone(), told(value, own))) }
    };
    live.iter().filter_map(one).collect()
}

/// `NAME=value` lines as a map.
pub(super) fn variables(lines: Option<&Vec<String>>) -> BTreeMap<String, String> {
    let split = |line: &String| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        (name.to_owned(), value.to_owned())
    };
    lines.into_iter().flatten().map(split).collect()
}

/// A map of the client's as a sorted one.
pub(super) fn sorted(map: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    map.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A number that means "none" where it is not positive: as asked for where `given` makes the live one of it.
pub(super) fn number<T: Copy>(
    live: Option<i64>,
    asked: Option<T>,
    given: impl Fn(T) -> i64,
    told: impl Fn(u64) -> T,
) -> Option<T> {
    let live = live.unwrap_or(0).max(0);
    if asked.map_or(0, given).max(0) == live {
        return asked;
    }
    u64::try_from(live).ok().filter(|live| *live > 0).map(told)
}
