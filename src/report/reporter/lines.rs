//! `Lines`: a reporter for logs and pipes, one line per event with its time.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::Reporter;
use crate::address::Address;
use crate::journal::{Event, NodeStatus, Outcome, Progress, Record};
use crate::plan::Plan;
use crate::report::board::{Board, End, Step, because};
use crate::report::style::{Mark, Style};
use crate::report::table::padded;
use crate::report::time::{between, clock, so_far, took};
use crate::report::words;

/// After how long without a line a sign of life is written.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// How often it is written how far something long has come.
const PACE: Duration = Duration::from_secs(10);

/// Writes one line per event, and "still running" where nothing was written for 30 s.
#[derive(Debug)]
pub struct Lines<W> {
    to: W,
    board: Board,
    style: Style,
    written: Option<Timestamp>,
    /// The last progress of each step, without its digits, and when it was written: a count that goes on is no news.
    news: BTreeMap<Address, (String, Timestamp)>,
}

impl<W: Write + Send> Lines<W> {
    /// One that tells of an apply of `plan`, writing to `to`.
    pub fn new(plan: &Plan, style: Style, to: W) -> Self {
        Self { to, board: Board::new(plan), style, written: None, news: BTreeMap::new() }
    }

    /// The same, for an apply that is taken up again after these records.
    #[must_use]
    pub fn resumed(mut self, records: &[Record]) -> Self {
        self.board.recall(records);
        self
    }

    fn write(&mut self, text: &str, at: Timestamp) {
        self.written = Some(at);
        // What cannot be written is lost: a closed pager must not stop a deployment.
        writeln!(self.to, "{}  {}", clock(at), text.trim_end()).and_then(|()| self.to.flush()).ok();
    }

    fn text(&self, event: &Event) -> Option<String> {
        match event {
            Event::Begun { steps, fence } => {
                Some(format!("begin: {}, lock fence {fence}", words::count(*steps, "step")))
            }
            Event::Recorded { record, .. } => self.record(record),
            Event::Progress(progress) => {
                let step = self.board.step(&progress.node)?;
                Some(self.line("  ", step, &step.progress))
            }
            Event::Stopping { .. } => {
                let stopping = self.board.stopping().unwrap_or_default();
                Some(format!("{stopping} (a second signal: stop now, leave it open)"))
            }
            Event::Ended { outcome, took_ms } => {
                let has_failed = self.board.count(|status| status == NodeStatus::Failed) > 0;
                Some(format!("{} after {}", ended(outcome, has_failed), took(Duration::from_millis(*took_ms))))
            }
        }
    }

    fn record(&self, record: &Record) -> Option<String> {
        if let Record::Unwinding { cause } = record {
            return Some(format!("undoing, newest first: {}", because(cause)));
        }
        let step = self.board.step(record.node()?)?;
        let mark = |mark| format!("{} ", self.style.mark(mark));
        let (sign, note) = match record {
            Record::Intent { .. } => ("> ".to_owned(), "started".to_owned()),
            Record::Done { .. } => (mark(Mark::Done), said(step.done.as_ref())),
            Record::Failed { .. } => (mark(Mark::Failed), said(step.done.as_ref())),
            Record::Unknown { .. } => (mark(Mark::Unknown), format!("unknown  {}", said(step.done.as_ref()))),
            Record::UndoIntent { .. } => ("< ".to_owned(), "undoing".to_owned()),
            Record::Undone { .. } => (mark(Mark::Undone), said(step.undone.as_ref())),
            Record::UndoFailed { .. } => (mark(Mark::Failed), format!("not undone  {}", said(step.undone.as_ref()))),
            Record::Unwinding { .. } => return None,
        };
        Some(self.line(&sign, step, &note))
    }

    fn line(&self, sign: &str, step: &Step, note: &str) -> String {
        format!("{sign}{}/{} {}  {note}", step.number, self.board.steps().len(), padded(&step.name, 24))
    }
}

/// What of a progress is news when it is another, and after how long it is news when it is the same. A pace, which has
/// a rate (`3.00 MiB/s`), is the same all along, whatever its units are.
fn shape(text: &str) -> (String, Option<Duration>) {
    if text.contains("B/s") {
        return (text.chars().take_while(|c| !c.is_ascii_digit()).collect(), Some(PACE));
    }
    (text.chars().filter(|c| !c.is_ascii_digit()).collect(), None)
}

fn said(end: Option<&End>) -> String {
    end.map(|end| format!("{}  {}", end.took.map(took).unwrap_or_default(), end.note)).unwrap_or_default()
}

fn ended(outcome: &Outcome, has_failed: bool) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Unwound(_) => "undone",
        Outcome::Stuck { .. } => "stuck",
        Outcome::Interrupted if has_failed => "paused",
        Outcome::Interrupted => "interrupted",
    }
}

impl<W: Write + Send> Reporter for Lines<W> {
    fn tell(&mut self, event: &Event, at: Timestamp) {
        self.board.hear(event, at);
        if let Event::Progress(Progress { node, text }) = event {
            let (shape, pause) = shape(text);
            let is_new = |(before, told): &(String, Timestamp)| {
                *before != shape || pause.is_some_and(|pause| between(*told, at) >= pause)
            };
            if !self.news.get(node).is_none_or(is_new) {
                return;
            }
            self.news.insert(node.clone(), (shape, at));
        }
        if let Some(text) = self.text(event) {
            self.write(&text, at);
        }
    }

    fn tick(&mut self, at: Timestamp) {
        if self.written.is_some_and(|written| between(written, at) < SIGN_OF_LIFE) {
            return;
        }
        let running = self.board.steps().iter().filter(|step| step.is_running());
        let words: Vec<_> = running
            .map(|step| {
                let time = step.since.map(|since| so_far(between(since, at))).unwrap_or_default();
                format!("{} {time} {}", step.name, step.progress).trim_end().to_owned()
            })
            .collect();
        if !words.is_empty() {
            self.write(&format!("still running: {}", words.join(", ")), at);
        }
    }
}
