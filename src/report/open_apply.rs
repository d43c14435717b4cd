//! The messages that an apply is open, and that somebody is at work on it: which, by whom, since when, how far, and
//! what to do about it.

use jiff::Timestamp;

use crate::journal::{Apply, NodeStatus, Record};
use crate::lock::Held;
use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::{how_far, lock_text, next_act, time, words};

/// Says that an apply is open, ending with a newline.
#[must_use]
pub fn open_apply(apply: &Apply, records: &[Record], now: Timestamp, style: &Style) -> String {
    let head = style.paint(Tone::Bad, "error[omni::apply::open]");
    let scope = words::scope(&apply.plan);
    let mut lines = vec![
        format!("{head}: an apply of {scope} is open: {} (release {})", plain(&apply.plan.tag), apply.release),
        format!(
            "   = opened {} by {} ({} ago), plan {}, lock fence {}",
            time::moment(apply.opened),
            plain(&apply.by),
            time::age(apply.opened, now),
            apply.plan.id().spoken(),
            apply.fence
        ),
        format!("   = {}", in_one_line(apply, records)),
    ];
    lines.extend(how_far::lists(&apply.plan, records));
    let help = style.paint(Tone::Good, "help");
    lines.push(format!("   {help}: {}", next_act::next_act(records)));
    fitted(&(lines.join("\n") + "\n"), style)
}

/// Says that somebody is at work on an open apply, ending with a newline.
#[must_use]
pub fn running(apply: &Apply, records: &[Record], held: &Held, style: &Style) -> String {
    let code = style.paint(Tone::Bad, "error[omni::lock::held]");
    let scope = words::scope(&apply.plan);
    let lines = [
        format!("{code}: an apply of {scope} is running: {} (release {})", plain(&apply.plan.tag), apply.release),
        format!(
            "   = by {}: {}, since {} ({} ago), lock fence {}",
            lock_text::who(held),
            plain(&held.holder.doing),
            time::moment(held.since),
            time::age(held.since, held.now),
            held.fence
        ),
        format!("   = {}", in_one_line(apply, records)),
        format!("   {}: wait until it has ended; `--lock-wait 5m` waits for you", style.paint(Tone::Good, "help")),
    ];
    fitted(&(lines.join("\n") + "\n"), style)
}

/// How far an open apply has come, in one line: `4 of 8 done, 1 unknown, undoing`.
pub(super) fn in_one_line(apply: &Apply, records: &[Record]) -> String {
    let statuses = how_far::statuses(records);
    let count = |is: fn(NodeStatus) -> bool| statuses.values().filter(|status| is(**status)).count();
    let undone = count(|status| status == NodeStatus::Undone);
    let unknown = count(|status| matches!(status, NodeStatus::Doing | NodeStatus::Undoing | NodeStatus::Unknown));
    let turned = records.iter().any(|record| matches!(record, Record::Unwinding { .. }));
    let parts = [
        Some(format!("{} of {} done", count(|status| status == NodeStatus::Done), apply.plan.steps().count())),
        (undone > 0).then(|| format!("{undone} undone")),
        (unknown > 0).then(|| format!("{unknown} unknown")),
        turned.then(|| "it was being undone".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
