//! What a migration does, statement by statement, and what is known of its way back.

use crate::plain::plain;
use crate::plan::Change;
use crate::report::style::{Style, Tone};
use crate::report::table::{hanging, headed, wrapped};
use crate::report::words;

/// A line for each statement of a migration, what it costs under it, and at the end what its way back is worth; nothing
/// for other things. What destroys data begins with a `-`.
pub(super) fn lines(change: &Change, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let room = usize::from(style.width);
    for told in &change.statements {
        let (sign, tone) = if told.destroys { ("-", Tone::Bad) } else { ("+", Tone::Good) };
        let text = headed(&format!("{sign} "), hanging(&plain(&told.text), 2, 2, room));
        lines.extend(text.iter().map(|line| style.paint(tone, line)));
        let cost = wrapped(&plain(&told.cost), room.saturating_sub(2));
        lines.extend(cost.iter().map(|line| format!("  {}", style.paint(Tone::Dim, line))));
        for lost in &told.loses {
            let lost = wrapped(&format!("! {}", plain(lost)), room.saturating_sub(2));
            lines.extend(lost.iter().map(|line| format!("  {}", style.paint(Tone::Bad, line))));
        }
    }
    if let Some(worth) = &change.worth {
        let (sign, tone) =
            if worth.is_trusted() && worth.keeps_rows() { ("", Tone::Normal) } else { ("! ", Tone::Bad) };
        let text = wrapped(&format!("{sign}{}", plain(&worth.to_string())), room);
        lines.extend(text.iter().map(|line| style.paint(tone, line)));
    }
    if let Some(what) = words::not_back(change) {
        let text = wrapped(&format!("! it {what}"), room);
        lines.extend(text.iter().map(|line| style.paint(Tone::Bad, line)));
    }
    lines
}
