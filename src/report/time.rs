//! Times as people read them: how long something took, how old it is, when it was.

use std::time::Duration;

use jiff::Timestamp;

/// How long something took: `0.4 s`, `71.3 s`, `2m 26s`, `1h 05m`. Seconds have one decimal up to 120 of them.
#[must_use]
pub fn took(duration: Duration) -> String {
    // Rounded first, so that 119.96 s is not drawn as 120.0 s.
    let tenths = (duration.as_millis() + 50) / 100;
    let seconds = (duration.as_millis() + 500) / 1000;
    if tenths < 1200 {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else if seconds < 3600 {
        format!("{}m {:02}s", seconds / 60, seconds % 60)
    } else {
        format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60)
    }
}

/// How long something that still runs has taken, in whole seconds: `3 s`, `2m 26s`.
pub(super) fn so_far(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long ago something was, in its largest unit: `12s`, `5m`, `3h`, `5d`. What lies ahead is `0s`.
#[must_use]
pub fn age(since: Timestamp, now: Timestamp) -> String {
    match between(since, now).as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86_400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// A moment in UTC: `2026-11-20 14:02`.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// The time of day in UTC: `14:02:07`.
pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// The time between two moments; nothing where the second is before the first, as a clock that was set back has it.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{age, between, moment, so_far, took};

    #[test]
    fn says_how_long_in_the_unit_that_fits() {
        for (millis, text) in [
            (0, "0.0 s"),
            (40, "0.0 s"),
            (400, "0.4 s"),
            (71_300, "71.3 s"),
            (119_949, "119.9 s"),
            (119_960, "2m 00s"),
            (146_000, "2m 26s"),
            (3_599_600, "1h 00m"),
            (3_900_000, "1h 05m"),
        ] {
            assert_eq!(took(Duration::from_millis(millis)), text, "{millis}");
        }
        assert_eq!(so_far(Duration::from_millis(3_900)), "3 s");
        assert_eq!(so_far(Duration::from_secs(146)), "2m 26s");
    }

    #[test]
    fn says_how_old_in_the_largest_unit() {
        let then: jiff::Timestamp = "2026-11-20T14:02:00Z".parse().unwrap();
        for (later, text) in
            [("2026-11-20T14:02:12Z", "12s"), ("2026-11-20T15:01:00Z", "59m"), ("2026-11-25T15:01:00Z", "5d")]
        {
            assert_eq!(age(then, later.parse().unwrap()), text);
        }
        assert_eq!(moment(then), "2026-11-20 14:02");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_negative_time() {
        let (early, late) = ("2026-11-20T14:02:00Z".parse().unwrap(), "2026-11-20T15:02:00Z".parse().unwrap());
        assert_eq!(between(late, early), Duration::ZERO);
        assert_eq!(age(late, early), "0s");
    }
}
