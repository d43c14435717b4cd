//! `best_way`: which way an apply that was left open is best finished.
//!
//! Before a step that cannot be taken back the way is back. Once such a step was begun there is only forward: doing it
//! again settles whether it was done, and nothing else would. What the user asks for instead, and whether that is
//! possible, is left to `cli`.

use crate::apply::Frontier;
use crate::journal::{Direction, NodeStatus, Outcome};
use crate::plan::{Class, Plan};

/// Which way an open apply that has come so far is best finished: forward where all of it is done, or something that
/// cannot be taken back was begun and did not fail; else back.
#[must_use]
pub fn best_way(plan: &Plan, frontier: &Frontier<'_>) -> Direction {
    if frontier.outcome() == Some(Outcome::Applied) {
        return Direction::Forward;
    }
    if frontier.unwinding().is_some() {
        return Direction::Back;
    }
    let mut one_way = plan.steps().filter(|change| change.class == Class::OneWay);
    let is_past = one_way.any(|change| {
        let status = frontier.status(&change.address);
        matches!(status, Some(NodeStatus::Doing | NodeStatus::Unknown | NodeStatus::Done))
    });
    if is_past { Direction::Forward } else { Direction::Back }
}
