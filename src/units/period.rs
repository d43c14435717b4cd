//! `Period`: a length of time, written `1m30s`.

use std::fmt::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::NotAUnit;

/// A length of time with a resolution of one microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period(Duration);

const UNITS: [(&str, u64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

impl Period {
    /// A period of so many whole seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A period of so many whole milliseconds.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// The period as the standard library's duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.0
    }
}

impl FromStr for Period {
    type Err = NotAUnit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || NotAUnit { text: text.escape_debug().to_string(), what: "duration", example: "`30s` or `1m30s`" };
        let mut rest = text;
        let mut micros = 0_u64;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
            let end = rest[digits..].find(|c: char| !c.is_ascii_alphabetic()).map_or(rest.len(), |at| digits + at);
            let unit = UNITS.iter().find(|(word, _)| *word == &rest[digits..end]).ok_or_else(wrong)?;
            let part = scaled(&rest[..digits], unit.1).ok_or_else(wrong)?;
            micros = micros.checked_add(part).ok_or_else(wrong)?;
            rest = &rest[end..];
        }
        if text.is_empty() { Err(wrong()) } else { Ok(Self(Duration::from_micros(micros))) }
    }
}

/// The decimal number in `text` times `unit`, exact down to one; none when it is no number or too large.
pub(super) fn scaled(text: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || fraction.len() > 9 || fraction.contains('.') {
        return None;
    }
    let base = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let part = match fraction {
        "" => 0,
        digits => {
            let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
            u64::try_from(u128::from(digits.parse::<u64>().ok()?) * u128::from(unit) / scale).ok()?
        }
    };
    base.checked_add(part)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        if micros == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        for (word, unit) in UNITS {
            if micros >= unit {
                write!(text, "{}{word}", micros / unit)?;
                micros %= unit;
            }
        }
        f.pad(&text)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn reads_and_prints_the_shortest_form() {
        for (text, printed) in
            [("90s", "1m30s"), ("1.5s", "1s500ms"), ("0s", "0s"), ("24h", "1d"), ("500ms", "500ms"), ("1h0m5s", "1h5s")]
        {
            let period: Period = text.parse().expect("a duration");
            assert_eq!(period.to_string(), printed);
            assert_eq!(printed.parse(), Ok(period));
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "5", "s", "5 s", "-5s", "5sec", "1..5s", ".5s", "99999999999999d"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
