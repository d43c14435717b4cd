//! `Pace`: how far something long has come, in words: how much of how much, how fast, and how long it takes yet.
//!
//! `12.00 MiB of 48.00 MiB, 3.00 MiB/s, 12 s left`: the same of the bytes of a file and of the blocks of a table. When
//! it is told, and how it is drawn, is left to others.

use std::time::Duration;

use tokio::time::Instant;

use crate::provider::backup::size;

/// How much there is in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Nobody knows.
    Unknown,
    /// So many bytes.
    Bytes(u64),
    /// About as much as a database has, of which what is counted is a packed copy.
    Database(u64),
}

/// Before that a rate says nothing.
const SOON: Duration = Duration::from_millis(500);

/// How far something long has come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    begun: Instant,
    /// How far it was then.
    from: u64,
    total: Total,
}

impl Pace {
    /// One that is looked at from now on, when so many bytes are done.
    #[must_use]
    pub fn new(from: u64, total: Total) -> Self {
        Self { begun: Instant::now(), from, total }
    }

    /// How far it is with so many bytes.
    #[must_use]
    pub fn words(&self, bytes: u64) -> String {
        words(bytes, self.total, rate(bytes.saturating_sub(self.from), self.begun.elapsed()))
    }
}

/// Bytes in a second; none where it has only just begun.
fn rate(bytes: u64, took: Duration) -> Option<u64> {
    let rate = u128::from(bytes) * 1000 / took.as_millis().max(1);
    (took >= SOON).then(|| u64::try_from(rate).unwrap_or(u64::MAX))
}

fn words(bytes: u64, total: Total, rate: Option<u64>) -> String {
    let (far, rest) = match total {
        Total::Unknown => (size(bytes), 0),
        Total::Database(about) => (format!("{} of a database of about {}", size(bytes), size(about)), 0),
        Total::Bytes(total) => (format!("{} of {}", size(bytes.min(total)), size(total)), total.saturating_sub(bytes)),
    };
    let Some(rate) = rate else { return far };
    match rest.checked_div(rate) {
        Some(seconds) if rest > 0 => format!("{far}, {}/s, {} left", size(rate), left(seconds + 1)),
        _ => format!("{far}, {}/s", size(rate)),
    }
}

/// How long yet: `12 s`, `2m 26s`, `1h 05m`.
fn left(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Total, rate, words};

    #[test]
    fn a_pace_says_what_is_known() {
        let said = |bytes, total, seconds| words(bytes, total, rate(bytes, Duration::from_secs(seconds)));
        let mib = 1 << 20;
        assert_eq!(said(12 * mib, Total::Unknown, 4), "12.00 MiB, 3.00 MiB/s");
        assert_eq!(said(12 * mib, Total::Bytes(48 * mib), 4), "12.00 MiB of 48.00 MiB, 3.00 MiB/s, 13 s left");
        assert_eq!(said(mib, Total::Bytes(1024 * mib), 4), "1.00 MiB of 1.00 GiB, 256.00 KiB/s, 1h 08m left");
        assert_eq!(said(mib, Total::Bytes(101 * mib), 2), "1.00 MiB of 101.00 MiB, 512.00 KiB/s, 3m 21s left");
        let database = "12.00 MiB of a database of about 1.00 GiB, 3.00 MiB/s";
        assert_eq!(said(12 * mib, Total::Database(1024 * mib), 4), database);
        // At the end, beyond it, and before anything came.
        assert_eq!(said(48 * mib, Total::Bytes(48 * mib), 4), "48.00 MiB of 48.00 MiB, 12.00 MiB/s");
        assert_eq!(said(49 * mib, Total::Bytes(48 * mib), 4), "48.00 MiB of 48.00 MiB, 12.25 MiB/s");
        assert_eq!(said(mib, Total::Bytes(2 * mib), 0), "1.00 MiB of 2.00 MiB");
        assert_eq!(said(0, Total::Bytes(mib), 1), "0 B of 1.00 MiB, 0 B/s");
        assert_eq!(said(u64::MAX, Total::Unknown, 1), "17179869183.99 GiB, 17179869183.99 GiB/s");
    }
}
