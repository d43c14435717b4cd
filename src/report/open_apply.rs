//! The messages that an apply is open, and that somebody is at work on it: which, by whom, since when, how far, and
//! what to do about it.

use jiff::Timestamp;

use crate::journal::{Apply, NodeStatus, Record};
use crate::lock::Held;
use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::{how_far, lock_text, next_act, time, words};

/// Says that an apply is open, as an error with what to do about it, ending with a newline.
#[must_use]
pub fn open_apply(apply: &Apply, records: &[Record], now: Timestamp, style: &Style) -> String {
    let head = style.paint(Tone::Bad, "error[omni::apply::open]");
    let help = style.paint(Tone::Good, "help");
    let told = told(apply, records, now);
    fitted(&format!("{head}: {told}   {help}: {}\n", next_act::next_act(records)), style)
}

/// Says which apply is open, who opened it and how far it has come, ending with a newline.
#[must_use]
pub fn what_is_open(apply: &Apply, records: &[Record], now: Timestamp, style: &Style) -> String {
    fitted(&told(apply, records, now), style)
}

fn told(apply: &Apply, records: &[Record], now: Timestamp) -> String {
    let scope = words::scope(&apply.plan);
    let mut lines = vec![
        format!("an apply of {scope} is open: {} (release {})", plain(&apply.plan.tag), apply.release),
        format!(
            "   = opened {} by {} ({} ago), plan {}, lock fence {}",
            time::moment(apply.opened),
            plain(&apply.by),
            time::age(apply.opened, now),
            apply.plan.id().spoken(),
            apply.fence
        ),
        format!("   = {}", in_one_line(apply, records, false)),
    ];
    lines.extend(how_far::lists(&apply.plan, records));
    lines.join("\n") + "\n"
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
        format!("   = {}", in_one_line(apply, records, true)),
        format!("   {}: wait until it has ended; `--lock-wait 5m` waits for you", style.paint(Tone::Good, "help")),
    ];
    fitted(&(lines.join("\n") + "\n"), style)
}

/// How far an open apply has come, in one line: `4 of 8 done, 1 failed, 1 unknown, it was being undone`. What is being
/// done is unknown once nobody is at work on it.
pub(super) fn in_one_line(apply: &Apply, records: &[Record], is_at_work: bool) -> String {
    let statuses = how_far::statuses(records);
    let count = |is: &dyn Fn(NodeStatus) -> bool| statuses.values().filter(|status| is(**status)).count();
    let of = |wanted: NodeStatus| count(&|status| status == wanted);
    let busy = count(&|status| matches!(status, NodeStatus::Doing | NodeStatus::Undoing));
    let (under_way, cut_off) = if is_at_work { (busy, 0) } else { (0, busy) };
    let turned = records.iter().any(|record| matches!(record, Record::Unwinding { .. }));
    let numbers = [
        (of(NodeStatus::Failed), "failed"),
        (of(NodeStatus::Undone), "undone"),
        (of(NodeStatus::Left), "left"),
        (under_way, "under way"),
        (of(NodeStatus::Unknown) + cut_off, "unknown"),
    ];
    let mut parts = vec![format!("{} of {} done", of(NodeStatus::Done), apply.plan.steps().count())];
    parts.extend(numbers.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")));
    if turned {
        parts.push(if is_at_work { "being undone" } else { "it was being undone" }.to_owned());
    }
    parts.join(", ")
}
