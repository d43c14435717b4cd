//! `Cpus`: a number of processors, written `0.5`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NotAUnit, period};

/// A number of processors in billionths, as the engine counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cpus(u64);

impl Cpus {
    /// So many billionths of a processor.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The number of billionths of a processor.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }
}

impl FromStr for Cpus {
    type Err = NotAUnit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || NotAUnit { text: text.escape_debug().to_string(), what: "number of CPUs", example: "`0.5` or `2`" };
        period::scaled(text, 1_000_000_000).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if rest == 0 {
            return f.pad(&whole.to_string());
        }
        f.pad(format!("{whole}.{rest:09}").trim_end_matches('0'))
    }
}

impl Serialize for Cpus {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cpus {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Cpus;

    #[test]
    fn reads_and_prints_the_shortest_form() {
        for (text, printed) in [("2", "2"), ("0.50", "0.5"), ("1.25", "1.25"), ("0", "0")] {
            let cpus: Cpus = text.parse().expect("a number of CPUs");
            assert_eq!(cpus.to_string(), printed);
        }
        assert!("two".parse::<Cpus>().is_err());
    }
}
