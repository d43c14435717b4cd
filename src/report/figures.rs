//! `Figures`: how well deploying goes, from the applies that are over.
//!
//! Success rate: applies that ended well among all. Deploy time: from opening to closing of those. Rollback time: from
//! the turn to the closing of an unwind, or the whole of a rollback. Recovery time: from the turn until a good release
//! serves again, which after a stuck apply is the end of a later one; a rollback that somebody wants is no failure.
//! Which applies are meant, `cli` decides.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::journal::{Outcome, Past};
use crate::report::time::between;

/// How well deploying goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// How many applies there were; removals of everything do not count.
    pub applies: usize,
    /// How many of them made a release.
    pub releases: usize,
    /// Those that ended well.
    pub ok: usize,
    /// Those that failed and were taken back.
    pub undone: usize,
    /// Rollbacks that ended well: the release before was not good.
    pub rolled_back: usize,
    /// Those that left something behind.
    pub stuck: usize,
    /// Those that ended before their end.
    pub interrupted: usize,
    /// How many of a thousand ended well; none without applies.
    pub success_per_mille: Option<u64>,
    /// How long a good apply took.
    pub deploy: Spread,
    /// How long it took to take an apply back.
    pub rollback: Spread,
    /// How long no good release served for certain.
    pub recovery: Spread,
}

/// Times in milliseconds, by rank: `p95` is the smallest time that 95 of 100 do not exceed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Spread {
    /// How many times there are.
    pub n: usize,
    /// The middle one.
    pub p50_ms: Option<u64>,
    /// The one that 95 of 100 do not exceed.
    pub p95_ms: Option<u64>,
    /// The longest.
    pub max_ms: Option<u64>,
    /// Their mean.
    pub mean_ms: Option<u64>,
}

impl Spread {
    /// The spread of these times.
    #[must_use]
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut times: Vec<u64> = times.into_iter().map(millis).collect();
        times.sort_unstable();
        let rank = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let sum: u128 = times.iter().map(|time| u128::from(*time)).sum();
        let count = u128::try_from(times.len()).unwrap_or(u128::MAX);
        Self {
            n: times.len(),
            p50_ms: rank(50),
            p95_ms: rank(95),
            max_ms: times.last().copied(),
            mean_ms: sum.checked_div(count).and_then(|mean| u64::try_from(mean).ok()),
        }
    }
}

impl Figures {
    /// The figures of these applies, in any order.
    #[must_use]
    pub fn of(pasts: &[Past]) -> Self {
        let mut pasts: Vec<_> = pasts.iter().filter(|past| past.purpose != "destroy").collect();
        pasts.sort_by_key(|past| past.opened);
        let count = |is: fn(&Past) -> bool| pasts.iter().filter(|past| is(past)).count();
        let ok = count(|past| past.outcome == Outcome::Applied && !is_rollback(past));
        let deploys = pasts.iter().filter(|past| past.outcome == Outcome::Applied && !is_rollback(past));
        let recoveries = pasts.iter().enumerate().filter_map(|(at, past)| recovery(past, &pasts[at + 1..]));
        Self {
            applies: pasts.len(),
            releases: count(|past| past.outcome == Outcome::Applied),
            ok,
            undone: count(|past| matches!(past.outcome, Outcome::Unwound(_))),
            rolled_back: count(|past| past.outcome == Outcome::Applied && is_rollback(past)),
            stuck: count(|past| matches!(past.outcome, Outcome::Stuck { .. })),
            interrupted: count(|past| past.outcome == Outcome::Interrupted),
            success_per_mille: per_mille(ok, pasts.len()),
            deploy: Spread::of(deploys.map(|past| between(past.opened, past.closed))),
            rollback: Spread::of(pasts.iter().filter_map(|past| rollback(past))),
            recovery: Spread::of(recoveries),
        }
    }
}

fn per_mille(part: usize, whole: usize) -> Option<u64> {
    let (part, whole) = (u64::try_from(part).ok()?, u64::try_from(whole).ok()?);
    // Rounded to the nearest; 999 at most while anything failed, for 100.0 % has to mean all.
    let rounded = (part * 2000 + whole).checked_div(2 * whole)?;
    Some(if part < whole { rounded.min(999) } else { rounded })
}

fn is_rollback(past: &Past) -> bool {
    past.purpose == "rollback"
}

/// How long an apply went forward.
pub(super) fn forward(past: &Past) -> Duration {
    between(past.opened, past.turned.unwrap_or(past.closed))
}

/// How long it took to take an apply back, or to go back by one; none where nothing went back, or not wholly.
pub(super) fn rollback(past: &Past) -> Option<Duration> {
    match &past.outcome {
        Outcome::Unwound(_) => past.turned.map(|turned| between(turned, past.closed)),
        Outcome::Applied if is_rollback(past) => Some(between(past.opened, past.closed)),
        Outcome::Applied | Outcome::Stuck { .. } | Outcome::Interrupted => None,
    }
}

fn recovery(past: &Past, later: &[&Past]) -> Option<Duration> {
    let good = |past: &&Past| matches!(past.outcome, Outcome::Applied | Outcome::Unwound(_));
    let stuck_until = || -> Option<Timestamp> { later.iter().copied().find(good).map(|past| past.closed) };
    match past.outcome {
        Outcome::Stuck { .. } => Some(between(past.turned.unwrap_or(past.opened), stuck_until()?)),
        Outcome::Unwound(_) => rollback(past),
        // A rollback is wanted by somebody: nothing failed before it that was seen here.
        Outcome::Applied | Outcome::Interrupted => None,
    }
}

#[cfg(test)]
mod tests;
