//! The first words of an apply: what is applied, under which lock, and that the plan still fits.

use crate::plain::plain;
use crate::plan::Plan;
use crate::report::style::{Style, Tone};
use crate::report::words;

/// Says what begins, ending with a newline; to be drawn once the lock is held and the preconditions were checked.
#[must_use]
pub fn opening(plan: &Plan, release: u64, fence: u64, style: &Style) -> String {
    let scope = style.paint(Tone::Strong, &words::scope(plan));
    let (id, tag) = (plan.id().spoken(), plain(&plan.tag));
    let number = plan.preconditions.len();
    format!(
        "{scope}   plan {id}   release {release} ({tag})   lock fence {fence}, held\n\
         preconditions {number}/{number} still true\n\n"
    )
}
