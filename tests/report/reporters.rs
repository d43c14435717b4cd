//! What the reporters say of an apply that fails and is taken back.

use std::io::Write;
use std::sync::{Arc, Mutex};

use indicatif::{InMemoryTerm, TermLike};
use jiff::{SignedDuration, Timestamp};
use omni::address::Address;
use omni::journal::{Cause, Event, Outcome, Progress, Record};
use omni::plan::{Action, Plan, Reason};
use omni::report::{JsonLines, Lines, Live, Reporter, Silent, Style};

use crate::support::{at, change, effect, fault, image, nodes, plan, plan_of, unwound, wide};

fn later(millis: i64) -> Timestamp {
    at("2026-11-22T07:31:00Z") + SignedDuration::from_millis(millis)
}

fn recorded(record: Record, took_ms: Option<u64>) -> Event {
    Event::Recorded { record, took_ms }
}

/// The events of an apply of `plan()` that failed at service.worker, one every two seconds.
fn events() -> Vec<(Event, Timestamp)> {
    let ends = |record: &Record| {
        !matches!(record, Record::Intent { .. } | Record::UndoIntent { .. } | Record::Unwinding { .. })
    };
    let mut events = vec![Event::Begun { steps: 5, fence: 57 }];
    for record in unwound() {
        let took = ends(&record).then_some(2_000);
        let node = matches!(record, Record::Intent { .. }).then(|| record.node().cloned()).flatten();
        events.push(recorded(record, took));
        if node == Some(nodes()[3].clone()) {
            let text = "waiting for health (2/3)".to_owned();
            events.push(Event::Progress(Progress { node: nodes()[3].clone(), text }));
        }
    }
    let outcome = Outcome::Unwound(Cause::Failed(nodes()[3].clone()));
    events.push(Event::Ended { outcome, took_ms: 40_000 });
    events.into_iter().zip(0..).map(|(event, n)| (event, later(n * 2_000))).collect()
}

/// A writer whose bytes can be read while another one has it.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panicked").clone()).expect("text")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panicked").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A pager that was closed.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
}

fn tell(reporter: &mut dyn Reporter, events: &[(Event, Timestamp)]) {
    for (event, at) in events {
        reporter.tell(event, *at);
    }
}

#[test]
fn a_line_for_each_event() {
    let paper = Paper::default();
    tell(&mut Lines::new(&plan(), wide(), paper.clone()), &events());
    insta::assert_snapshot!(paper.text());
}

#[test]
fn a_sign_of_life_after_thirty_quiet_seconds() {
    let paper = Paper::default();
    let mut lines = Lines::new(&plan(), wide(), paper.clone());
    let node = nodes()[0].clone();
    lines.tell(&Event::Begun { steps: 5, fence: 57 }, later(0));
    lines.tell(&recorded(Record::Intent { node: node.clone() }, None), later(0));
    lines.tell(&Event::Progress(Progress { node, text: "pulling 34 %".to_owned() }), later(1_000));
    let before = paper.text();
    (10..310).for_each(|tenth| lines.tick(later(tenth * 100)));
    assert_eq!(paper.text(), before);
    (310..900).for_each(|tenth| lines.tick(later(tenth * 100)));
    assert_eq!(
        paper.text().strip_prefix(&before),
        Some(
            "07:31:31  still running: image.web 31 s pulling 34 %\n07:32:01  still running: image.web 61 s pulling 34 %\n"
        )
    );
}

/// Whatever its units are, and however often it is told.
#[test]
fn a_pace_is_written_every_ten_seconds() {
    let paper = Paper::default();
    let mut lines = Lines::new(&plan(), wide(), paper.clone());
    let node = nodes()[0].clone();
    let mut say = |text: String, second: i64| {
        lines.tell(&Event::Progress(Progress { node: node.clone(), text }), later(second * 1_000));
    };
    for second in 0..25 {
        let unit = if second < 12 { "KiB" } else { "MiB" };
        say(format!("{second}.00 {unit} of 2.00 GiB, 1.00 {unit}/s, {second} s left"), second);
    }
    say("all 2.00 GiB read, the rest is made of it".to_owned(), 25);
    let text = paper.text();
    let written: Vec<_> = text.lines().map(|line| line.rsplit("  ").next().unwrap_or_default()).collect();
    let paces = [0, 10, 20].map(|second| {
        let unit = if second < 12 { "KiB" } else { "MiB" };
        format!("{second}.00 {unit} of 2.00 GiB, 1.00 {unit}/s, {second} s left")
    });
    assert_eq!(written[..3], paces);
    assert_eq!(written[3..], ["all 2.00 GiB read, the rest is made of it"]);
}

#[test]
fn nothing_runs_and_nothing_is_said() {
    let paper = Paper::default();
    let mut lines = Lines::new(&plan(), wide(), paper.clone());
    (0..100).for_each(|second| lines.tick(later(second * 1_000)));
    assert_eq!(paper.text(), "");
}

#[test]
fn a_document_for_each_event() {
    let paper = Paper::default();
    tell(&mut JsonLines::new(paper.clone()), &events());
    let text = paper.text();
    assert_eq!(text.lines().count(), events().len());
    for (line, (event, at)) in text.lines().zip(events()) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["format"], "omni.event/1");
        assert_eq!(line["ts"], at.to_string());
        assert_eq!(serde_json::from_value::<Event>(line).unwrap(), event);
    }
    insta::assert_snapshot!(text.lines().take(6).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_closed_pager_stops_nothing() {
    tell(&mut Lines::new(&plan(), wide(), Closed), &events());
    tell(&mut JsonLines::new(Closed), &events());
}

#[test]
fn silence_keeps_every_event() {
    let mut silent = Silent::new();
    tell(&mut silent, &events());
    let heard: Vec<_> = silent.events().iter().map(|(at, event)| (event.clone(), *at)).collect();
    assert_eq!(heard, events());
}

fn live(plan: &Plan, rows: u16, events: &[(Event, Timestamp)]) -> String {
    let terminal = InMemoryTerm::new(rows, 90);
    let style = Style { width: 90, ..wide() };
    let mut live = Live::on(plan, style, rows, terminal.clone());
    tell(&mut live, events);
    let last = events.last().map_or(later(0), |(_, at)| *at);
    live.tick(last + SignedDuration::from_millis(3_200));
    terminal.contents()
}

#[test]
fn live_while_it_runs() {
    let events = events();
    let until = events.iter().position(|(event, _)| matches!(event, Event::Progress(_))).unwrap();
    insta::assert_snapshot!(live(&plan(), 24, &events[..=until]));
}

#[test]
fn live_while_it_is_undone() {
    let events = events();
    insta::assert_snapshot!(live(&plan(), 24, &events[..15]));
}

#[test]
fn live_at_the_end() {
    insta::assert_snapshot!(live(&plan(), 24, &events()));
}

#[test]
fn live_goes_on_where_another_process_stopped() {
    let terminal = InMemoryTerm::new(24, 90);
    // It died while service.worker was made; recovery goes back.
    let mut live = Live::on(&plan(), Style { width: 90, ..wide() }, 24, terminal.clone()).resumed(&unwound()[..7]);
    let node = nodes()[3].clone();
    live.tell(&Event::Begun { steps: 5, fence: 58 }, later(0));
    assert!(
        terminal.contents().contains("\n  ? 4 service.worker\n  · 5 service.legacy\n  3 of 5"),
        "{}",
        terminal.contents()
    );
    live.tell(&recorded(Record::Unwinding { cause: Cause::Recovered }, None), later(0));
    live.tell(&recorded(Record::UndoIntent { node }, None), later(0));
    live.tick(later(2_100));
    insta::assert_snapshot!(terminal.contents());
}

/// An apply of `plan()` in which service.web runs, while SIGINT is heard.
fn interrupted() -> Vec<(Event, Timestamp)> {
    let mut events = events()[..6].to_vec();
    events.push((Event::Stopping { signal: "SIGINT".to_owned(), undo: true }, later(11_000)));
    let cause = Cause::Interrupted("SIGINT".to_owned());
    events.push((recorded(Record::Unwinding { cause }, None), later(11_000)));
    events
}

#[test]
fn live_says_that_it_stops() {
    insta::assert_snapshot!(live(&plan(), 24, &interrupted()));
    let mut undoing = interrupted();
    let [_, job, web, _] = nodes();
    undoing.push((recorded(Record::Failed { node: web.clone(), fault: fault() }, Some(1_000)), later(11_000)));
    undoing.push((recorded(Record::UndoIntent { node: web.clone() }, None), later(11_000)));
    undoing.push((recorded(Record::Undone { node: web, effect: effect("") }, Some(1_000)), later(12_000)));
    undoing.push((recorded(Record::UndoIntent { node: job }, None), later(12_000)));
    let text = live(&plan(), 24, &undoing);
    assert!(text.ends_with("leave it open)\n  1 of 3 undone   15 s"), "{text}");
}

#[test]
fn live_says_that_it_stops_and_leaves_the_apply_open() {
    let mut events = events()[..6].to_vec();
    events.push((Event::Stopping { signal: "SIGTERM".to_owned(), undo: false }, later(11_000)));
    let text = live(&plan(), 24, &events);
    assert!(text.contains("stopping: SIGTERM; what runs is settled, then the apply is left open ("), "{text}");
}

#[test]
fn what_the_terminal_echoes_repeats_no_row() {
    let terminal = InMemoryTerm::new(24, 90);
    let mut live = Live::on(&plan(), Style { width: 90, ..wide() }, 24, terminal.clone());
    tell(&mut live, &interrupted()[..6]);
    terminal.write_str("^C").unwrap();
    tell(&mut live, &interrupted()[6..]);
    let text = terminal.contents();
    assert_eq!(text.matches("image.web").count(), 1, "{text}");
    assert!(!text.contains("^C"), "{text}");
    tell(&mut live, &events()[17..]);
    terminal.write_str("error: what follows").unwrap();
    let text = terminal.contents();
    assert!(text.ends_with("\nerror: what follows"), "{text}");
    assert_eq!(text.matches("\n  ✓ 1 image.web").count() + text.matches("↶ 1 image.web").count(), 1, "{text}");
}

#[test]
fn live_keeps_names_and_first_words_on_a_narrow_terminal() {
    let [.., worker] = nodes();
    let said = "waiting for health, 31s left, try 12: exit code 1: GET /healthz answered 503";
    let at_width = |width: u16, unicode: bool| {
        let terminal = InMemoryTerm::new(24, width);
        let mut live = Live::on(&plan(), Style { width, unicode, ..wide() }, 24, terminal.clone());
        tell(&mut live, &events()[..8]);
        live.tell(&Event::Progress(Progress { node: worker.clone(), text: said.to_owned() }), later(16_000));
        terminal.contents().lines().find(|line| line.contains(" 4 service.worker")).expect("a row").to_owned()
    };
    let rows = [at_width(120, true), at_width(80, true), at_width(60, true), at_width(40, true), at_width(40, false)];
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn live_shows_of_a_long_plan_what_runs_and_what_was_last() {
    let names: Vec<_> = (0..40).map(|n| Address::service(format!("s{n:02}"))).collect();
    let create = |name: &Address| change(name.clone(), Action::Create, None, Some(image("a:1")), vec![Reason::New]);
    let plan = plan_of(names.iter().map(create).collect(), Vec::new());
    let mut events = vec![(Event::Begun { steps: 40, fence: 1 }, later(0))];
    for name in &names[..20] {
        events.push((recorded(Record::Intent { node: name.clone() }, None), later(0)));
    }
    for name in &names[2..20] {
        let record = Record::Done { node: name.clone(), effect: effect("healthy") };
        events.push((recorded(record, Some(400)), later(400)));
    }
    let text = live(&plan, 12, &events);
    assert!(text.lines().count() <= 12, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn live_never_draws_beyond_its_terminal() {
    let plan = plan();
    for rows in 4..16 {
        let (events, interrupted) = (events(), interrupted());
        let all = (1..events.len() - 1).map(|until| &events[..until]).chain([&interrupted[..]]);
        for events in all {
            let text = live(&plan, rows, events);
            assert!(text.lines().count() < usize::from(rows), "{rows} rows, {} events:\n{text}", events.len());
        }
    }
}
