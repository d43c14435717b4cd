//! `Version`: a version of Flyway, `1.10`: numbers of any size, compared one by one.

use std::cmp::Ordering;
use std::fmt;

/// A version. `1.0`, `1` and `001` are equal.
#[derive(Debug, Clone, Copy)]
pub(in crate::migration) struct Version<'a>(&'a str);

impl<'a> Version<'a> {
    /// The version that a text is: `[0-9]+([._][0-9]+)*`.
    pub(in crate::migration) fn read(text: &'a str) -> Option<Self> {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split(['.', '_']).all(is_number).then_some(Self(text))
    }

    /// Its numbers without leading zeros, up to the last that is not zero.
    fn numbers(self) -> Vec<&'a str> {
        let mut numbers: Vec<_> = self.0.split(['.', '_']).map(|part| part.trim_start_matches('0')).collect();
        while numbers.last().is_some_and(|last| last.is_empty()) {
            numbers.pop();
        }
        numbers
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (own, others) = (self.numbers(), other.numbers());
        let sized = |number| (str::len(number), number);
        own.into_iter().map(sized).cmp(others.into_iter().map(sized))
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version<'_> {}

impl fmt::Display for Version<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('_', "."))
    }
}
