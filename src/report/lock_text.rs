//! Who has the lock, since when, and how it can be broken.

use crate::lock::Held;
use crate::plain::plain;
use crate::report::style::{Style, Tone};
use crate::report::time;

/// Says who has the lock, ending with a newline. `last_fence` is that of the last lock taken, for a free one.
#[must_use]
pub fn lock(held: Option<&Held>, last_fence: u64, style: &Style) -> String {
    let Some(held) = held else { return format!("lock {} (fence {last_fence})\n", style.paint(Tone::Good, "free")) };
    let who = format!("{}@{} (pid {})", plain(&held.holder.who), plain(&held.holder.host), held.holder.pid);
    let mut lines = vec![
        format!("lock {} by {who}: {}", style.paint(Tone::Warn, "held"), plain(&held.holder.doing)),
        format!("  fence  {}", held.fence),
        format!("  since  {} ({} ago)", time::moment(held.since), time::age(held.since, held.now)),
        format!("  lease  {}", lease(held)),
    ];
    if held.is_abandoned() {
        let act = style.paint(Tone::Good, "help");
        lines.push(format!("  {act}: its holder is gone; run `omni lock break --fence {}`", held.fence));
    }
    lines.join("\n") + "\n"
}

/// The lock in one line, as `omni status` shows it.
pub(super) fn line(held: Option<&Held>, last_fence: u64) -> String {
    match held {
        None => format!("free     (fence {last_fence})"),
        Some(held) => format!(
            "held     (fence {}) by {}@{}: {}, since {}",
            held.fence,
            plain(&held.holder.who),
            plain(&held.holder.host),
            plain(&held.holder.doing),
            time::moment(held.since)
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
