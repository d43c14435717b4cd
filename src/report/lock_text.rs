//! Who has the lock, since when, and how it can be broken.

use crate::lock::{Held, Standing};
use crate::plain::plain;
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::time;

/// Says who has the lock, ending with a newline. `last_fence` is that of the last lock taken, for a free one.
#[must_use]
pub fn lock(held: Option<(&Held, Standing)>, last_fence: u64, style: &Style) -> String {
    let Some((held, standing)) = held else {
        return format!("lock {} (fence {last_fence})\n", style.paint(Tone::Good, "free"));
    };
    let lines = [
        format!("lock {} by {}: {}", style.paint(Tone::Warn, "held"), who(held), plain(&held.holder.doing)),
        format!("  fence  {}", held.fence),
        format!("  since  {} ({} ago)", time::moment(held.since), time::age(held.since, held.now)),
        format!("  lease  {}", lease(held)),
        format!("  holder {}", holder(standing)),
        format!("  {}: {}", style.paint(Tone::Good, "help"), help(held, standing)),
    ];
    fitted(&(lines.join("\n") + "\n"), style)
}

/// The lock in one line, as `omni status` shows it.
pub(super) fn line(held: Option<(&Held, Standing)>, last_fence: u64) -> String {
    match held {
        None => format!("free     (fence {last_fence})"),
        Some((held, standing)) => format!(
            "held     (fence {}) by {}: {}, since {}; its holder {}",
            held.fence,
            who(held),
            plain(&held.holder.doing),
            time::moment(held.since),
            holder(standing),
        ),
    }
}

/// Who has a lock: `ci@runner-3 (pid 4711)`.
pub(super) fn who(held: &Held) -> String {
    format!("{}@{} (pid {})", plain(&held.holder.who), plain(&held.holder.host), held.holder.pid)
}

const fn holder(standing: Standing) -> &'static str {
    match standing {
        Standing::Alive => "is alive",
        Standing::Dead => "is dead (proven): the next apply, or `omni recover`, takes the lock over",
        Standing::Leased => "cannot be seen from here, and has its lease",
        Standing::Silent => "has let its lease run out; a call of its may still be under way",
        Standing::Abandoned => "is gone: the next apply, or `omni recover`, takes the lock over",
    }
}

fn help(held: &Held, standing: Standing) -> String {
    match standing {
        Standing::Alive => {
            format!(
                "wait, as with `--lock-wait 5m`, or end it with `kill {}`: it takes back what it did",
                held.holder.pid
            )
        }
        Standing::Dead | Standing::Abandoned => "run `omni recover`".to_owned(),
        Standing::Leased | Standing::Silent => format!(
            "wait, as with `--lock-wait 5m`; if you know that its holder is gone: `omni lock break --fence {}`",
            held.fence
        ),
    }
}

fn lease(held: &Held) -> String {
    if held.now > held.until {
        let over = time::so_far(time::between(held.until, held.now));
        let word = if held.is_abandoned() { "abandoned" } else { "not yet abandoned" };
        format!("over since {over}, {word}")
    } else {
        format!("{} left", time::so_far(time::between(held.now, held.until)))
    }
}
