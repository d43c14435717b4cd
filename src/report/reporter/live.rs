//! `Live`: a reporter for a terminal: every step with its sign, redrawn in place.

use std::cmp::Reverse;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use jiff::Timestamp;

use super::Reporter;
use super::resting::Resting;
use crate::journal::{Event, NodeStatus, Record};
use crate::plan::Plan;
use crate::report::board::{Board, End, Step};
use crate::report::style::{Mark, Style, Tone};
use crate::report::table::{padded, shortened, width, wrapped};
use crate::report::time::{between, so_far, took};

/// Draws every step in place, and at the end once more in full, so that it stays readable above what follows.
#[derive(Debug)]
pub struct Live {
    board: Board,
    style: Style,
    rows: usize,
    bar: ProgressBar,
}

/// The narrowest that names are drawn where there is room.
const NAMES: usize = 24;
/// The columns of the time and the blanks around it.
const BESIDE_NOTE: usize = 13;
/// The columns for a note without which names are drawn no wider than they are.
const NOTE: usize = 44;
/// The columns that the first words of a note need: `waiting for health`.
const ESSENTIAL: usize = 18;

/// One line of the drawing, and how much it is worth where not all fit: less is more.
struct Row {
    line: String,
    rank: (u8, Reverse<usize>),
}

impl Live {
    /// One that draws on the terminal of stderr, which has so many rows.
    #[must_use]
    pub fn stderr(plan: &Plan, style: Style, rows: u16) -> Self {
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Resting(Term::buffered_stderr())), 20);
        Self::drawn(plan, style, rows, target)
    }

    /// One that draws on a terminal of `rows` rows.
    #[must_use]
    pub fn on(plan: &Plan, style: Style, rows: u16, terminal: impl TermLike + 'static) -> Self {
        Self::drawn(plan, style, rows, ProgressDrawTarget::term_like(Box::new(Resting(terminal))))
    }

    fn drawn(plan: &Plan, style: Style, rows: u16, target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self { board: Board::new(plan), style, rows: usize::from(rows), bar }
    }

    /// The same, for an apply that is taken up again after these records.
    #[must_use]
    pub fn resumed(mut self, records: &[Record]) -> Self {
        self.board.recall(records);
        self
    }

    fn draw(&self, at: Timestamp) {
        let bottom = self.bottom(at);
        // A row is left for what does not fit, and one for the cursor.
        let room = self.rows.saturating_sub(2 + bottom.len()).max(1);
        let (mut done, mut undone) = (self.doing(at), self.undoing(at));
        // The heading of what is taken back is given up before what runs.
        let headed = !undone.is_empty() && room > 2;
        let heading = if headed { 2 } else { 0 };
        let total = done.len() + undone.len();
        if total + heading > room {
            keep_best(&mut done, &mut undone, room.saturating_sub(heading).max(1));
        }
        let left_out = total - done.len() - undone.len();
        let mut lines = Vec::new();
        if left_out > 0 {
            let dots = if self.style.unicode { "…" } else { "..." };
            lines.push(self.style.paint(Tone::Dim, &format!("  {dots} {left_out} more")));
        }
        lines.extend(self.joined(done, undone, headed));
        lines.extend(bottom);
        self.bar.set_message(lines.join("\n"));
        self.bar.tick();
    }

    fn joined(&self, done: Vec<Row>, undone: Vec<Row>, headed: bool) -> Vec<String> {
        let mut lines: Vec<_> = done.into_iter().map(|row| row.line).collect();
        if headed {
            lines.extend([String::new(), self.style.paint(Tone::Warn, "undoing, newest first")]);
        }
        lines.extend(undone.into_iter().map(|row| row.line));
        lines
    }

    /// The steps as they are done; once everything is taken back, those that were begun.
    fn doing(&self, at: Timestamp) -> Vec<Row> {
        let begun = |step: &&Step| self.board.unwinding().is_none() || step.status != NodeStatus::Waiting;
        let row = |step: &Step| {
            let (sign, end) = match (&step.done, step.status) {
                (Some(end), _) => (self.sign(end, Mark::Done), Some(end)),
                (None, NodeStatus::Waiting) => (self.style.paint(Tone::Dim, self.style.mark(Mark::Waiting)), None),
                (None, NodeStatus::Doing) => (self.spinner(at), None),
                (None, _) => (self.style.paint(Tone::Warn, self.style.mark(Mark::Unknown)), None),
            };
            let runs = step.status == NodeStatus::Doing;
            let rank = match step.status {
                NodeStatus::Doing | NodeStatus::Failed => (0, Reverse(step.heard)),
                NodeStatus::Waiting => (2, Reverse(usize::MAX - step.number)),
                _ => (1, Reverse(step.heard)),
            };
            // Done again by a recovery, a step has an old end while it runs.
            let sign = if runs { self.spinner(at) } else { sign };
            Row { line: self.line(&sign, step, end.filter(|_| !runs), runs, at), rank }
        };
        self.board.steps().iter().filter(begun).map(row).collect()
    }

    /// The steps as they are taken back, in that order.
    fn undoing(&self, at: Timestamp) -> Vec<Row> {
        let mut steps: Vec<_> = self.board.steps().iter().filter(|step| step.undo_heard > 0).collect();
        steps.sort_by_key(|step| step.undo_heard);
        let row = |step: &Step| {
            let runs = step.status == NodeStatus::Undoing;
            let end = step.undone.as_ref().filter(|_| !runs);
            let sign = end.map_or_else(|| self.spinner(at), |end| self.sign(end, Mark::Undone));
            let rank = (u8::from(!runs), Reverse(step.heard));
            Row { line: self.line(&sign, step, end, runs, at), rank }
        };
        steps.into_iter().map(row).collect()
    }

    fn sign(&self, end: &End, good: Mark) -> String {
        let mark = match end.well {
            Some(true) => good,
            Some(false) => Mark::Failed,
            None => Mark::Unknown,
        };
        self.style.paint(mark.tone(), self.style.mark(mark))
    }

    fn spinner(&self, at: Timestamp) -> String {
        let frame = usize::try_from(at.as_millisecond() / 100).unwrap_or_default();
        self.style.paint(Tone::Busy, self.style.spinner(frame))
    }

    /// How wide the names are, and whether there is room for times: names and the first words of a note come first.
    fn layout(&self) -> (usize, bool) {
        let longest = self.board.steps().iter().map(|step| width(&step.name)).max().unwrap_or(0);
        let room = self.room().saturating_sub(self.digits() + 1);
        let fits = |names: usize, note: usize| names + BESIDE_NOTE + note <= room;
        if fits(longest.max(NAMES), NOTE) { (longest.max(NAMES), true) } else { (longest, fits(longest, ESSENTIAL)) }
    }

    fn digits(&self) -> usize {
        self.board.steps().len().to_string().len()
    }

    /// The columns beside the sign and its blanks; a line that wraps could not be redrawn in place.
    fn room(&self) -> usize {
        usize::from(self.style.width).saturating_sub(5)
    }

    fn line(&self, sign: &str, step: &Step, end: Option<&End>, runs: bool, at: Timestamp) -> String {
        let (digits, (names, has_times)) = (self.digits(), self.layout());
        let time = match (end, step.since) {
            (Some(end), _) => end.took.map(took).unwrap_or_default(),
            (None, Some(since)) if runs => so_far(between(since, at)),
            _ => String::new(),
        };
        let note = end.map_or(step.progress.as_str(), |end| end.note.as_str());
        let time = if has_times { format!("{time:>8}   ") } else { String::new() };
        let rest = format!("{:>digits$} {}  {time}{note}", step.number, padded(&step.name, names));
        format!("  {sign} {}", shortened(rest.trim_end(), self.room(), &self.style))
    }

    /// What is said below the steps: that it stops, where it does, and how far it has come.
    fn bottom(&self, at: Timestamp) -> Vec<String> {
        let room = usize::from(self.style.width).saturating_sub(3);
        let mut lines: Vec<String> = Vec::new();
        if let Some(stopping) = self.board.stopping() {
            lines.extend(wrapped(&format!("{stopping} (Ctrl-C again: stop now, leave it open)"), room));
        }
        lines.push(self.count(at));
        // On a terminal of few rows the first words have to do.
        if lines.len() + 3 > self.rows {
            lines.truncate(1);
        }
        let line = |text: &String| self.style.paint(Tone::Dim, &format!("  {}", shortened(text, room, &self.style)));
        lines.iter().map(line).collect()
    }

    fn count(&self, at: Timestamp) -> String {
        let elapsed = so_far(self.board.elapsed(at));
        let count = |is: fn(NodeStatus) -> bool| self.board.count(is);
        let runs = count(|status| status == NodeStatus::Doing);
        if self.board.unwinding().is_some() && runs == 0 {
            let undone = count(|status| status == NodeStatus::Undone);
            return format!("{undone} of {} undone   {elapsed}", count(|status| status != NodeStatus::Waiting));
        }
        let done = count(|status| status == NodeStatus::Done);
        let total = self.board.steps().len();
        match (self.board.unwinding(), self.board.stopping()) {
            (None, None) => format!("{done} of {total}   {elapsed}   Ctrl-C: stop and undo"),
            _ => format!("{done} of {total} done, {runs} not settled   {elapsed}"),
        }
    }
}

/// Keeps so many rows in all: what runs, then what ended last, then what comes next.
fn keep_best(done: &mut Vec<Row>, undone: &mut Vec<Row>, room: usize) {
    let mut ranks: Vec<_> = done.iter().chain(undone.iter()).map(|row| row.rank).collect();
    ranks.sort_unstable();
    if let Some(last) = ranks.get(room.saturating_sub(1)).copied() {
        let mut left = room;
        let mut keep = |row: &Row| {
            let kept = row.rank <= last && left > 0;
            left -= usize::from(kept);
            kept
        };
        undone.retain(&mut keep);
        done.retain(&mut keep);
    }
}

impl Reporter for Live {
    fn tell(&mut self, event: &Event, at: Timestamp) {
        self.board.hear(event, at);
        if matches!(event, Event::Ended { .. }) {
            let undone = self.undoing(at);
            let headed = !undone.is_empty();
            let lines = self.joined(self.doing(at), undone, headed);
            self.bar.set_message("");
            // The last line is for the cursor to rest in: what follows begins there.
            self.bar.println(lines.join("\n") + "\n ");
            self.bar.finish_and_clear();
        } else {
            self.draw(at);
        }
    }

    fn tick(&mut self, at: Timestamp) {
        if !self.bar.is_finished() {
            self.draw(at);
        }
    }
}
