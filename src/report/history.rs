//! The applies that are over, with their figures: for people, as CSV and as JSON.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::journal::{Cause, Outcome, Past};
use crate::plain::plain;
use crate::report::board::because;
use crate::report::figures::{Figures, Spread, forward, rollback};
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::table::{Column, Table, cell, width, wrapped};
use crate::report::{time, words};

/// The first `limit` applies in this order, and the figures of all of them, ending with a newline. `days` is how far
/// back was looked.
#[must_use]
pub fn history(pasts: &[Past], days: Option<u32>, limit: usize, style: &Style) -> String {
    if pasts.is_empty() {
        return "No apply yet.\nnext: omni apply\n".to_owned();
    }
    let mut table = Table::new(&[
        Column { gap: 0, ..Column::left("release") },
        Column::left("tag").clipping(),
        Column::left("when").dropped(0),
        Column::left("result"),
        Column::right("deploy").dropped(1),
        Column::right("rollback").dropped(3),
        Column::left("by").dropped(4),
        Column::left("note").wrapping().clipping().dropped(2),
    ]);
    for past in pasts.iter().take(limit) {
        let tone = match past.outcome {
            Outcome::Applied => Tone::Good,
            Outcome::Unwound(_) => Tone::Warn,
            Outcome::Stuck { .. } | Outcome::Interrupted => Tone::Bad,
        };
        table.row(vec![
            cell(Tone::Normal, made(past).map_or("-".to_owned(), |number| number.to_string())),
            cell(Tone::Normal, plain(&past.tag)),
            cell(Tone::Normal, time::moment(past.opened)),
            cell(tone, result(past)),
            cell(Tone::Normal, time::took(forward(past))),
            cell(Tone::Normal, rollback(past).map_or("-".to_owned(), time::took)),
            cell(Tone::Normal, plain(&past.by)),
            cell(Tone::Normal, note(past)),
        ]);
    }
    let mut lines = table.lines(style);
    lines.extend(figures(&Figures::of(pasts), days, usize::from(style.width)));
    fitted(&(lines.join("\n") + "\n"), style)
}

fn figures(figures: &Figures, days: Option<u32>, columns: usize) -> Vec<String> {
    let since = days.map_or("all".to_owned(), |days| words::count(usize::try_from(days).unwrap_or(usize::MAX), "day"));
    let rate = figures.success_per_mille.map_or("-".to_owned(), |rate| format!("{}.{} %", rate / 10, rate % 10));
    let open = if figures.interrupted > 0 { format!(", {} interrupted", figures.interrupted) } else { String::new() };
    let counts = format!(
        "{} ok, {} undone, {} rolled back, {} stuck{open}",
        figures.ok, figures.undone, figures.rolled_back, figures.stuck
    );
    let Figures { deploy, rollback, recovery, .. } = figures;
    let (applies, releases) = (figures.applies, words::count(figures.releases, "release"));
    let applies = if applies == 1 { "1 apply".to_owned() } else { format!("{applies} applies") };
    let mut lines = vec![format!("{since}: {applies}, {releases}")];
    let mut name = format!("  {:<19} {rate:<8}", "success rate");
    for counts in wrapped(&counts, columns.saturating_sub(width(&name) + 1)) {
        lines.push(format!("{name} {counts}"));
        name = " ".repeat(width(&name));
    }
    let mut spread = |name: &str, of: &Spread, shown: &[(&str, Option<u64>)], note: &str| {
        let line = spread(name, of, shown);
        let noted = format!("{line} {note}");
        lines.push(if width(&noted) <= columns { noted } else { line }.trim_end().to_owned());
    };
    spread("deploy time", deploy, &[("p50", deploy.p50_ms), ("p95", deploy.p95_ms)], "");
    spread("rollback time", rollback, &[("p50", rollback.p50_ms), ("max", rollback.max_ms)], "");
    let shown = [("p50", recovery.p50_ms), ("mean", recovery.mean_ms)];
    spread("recovery time", recovery, &shown, "failure seen -> a good release serves");
    lines
}

fn spread(name: &str, spread: &Spread, shown: &[(&str, Option<u64>)]) -> String {
    let time = |millis: &Option<u64>| millis.map_or("-".to_owned(), |millis| time::took(Duration::from_millis(millis)));
    let shown: Vec<_> =
        shown.iter().map(|(word, millis)| format!("{:<12}", format!("{word} {}", time(millis)))).collect();
    format!("  {name:<19} {}  n {:<4}", shown.join(" "), spread.n)
}

/// The number of the release that an apply made; none where it made none.
fn made(past: &Past) -> Option<u64> {
    (past.outcome == Outcome::Applied).then_some(past.release)
}

/// One word or two for how an apply ended.
fn result(past: &Past) -> &'static str {
    match (&past.outcome, past.purpose.as_str()) {
        (Outcome::Applied, "rollback") => "rolled back",
        (Outcome::Applied, "destroy") => "removed",
        (Outcome::Applied, _) => "ok",
        (Outcome::Unwound(_), _) => "undone",
        (Outcome::Stuck { .. }, _) => "stuck",
        (Outcome::Interrupted, _) => "interrupted",
    }
}

/// What made an apply turn, what it left behind, and what was left out.
fn note(past: &Past) -> String {
    let bare = (!past.without_backup.is_empty()).then(|| "without a backup".to_owned());
    let ended = Some(end(past)).filter(|ended| !ended.is_empty());
    ended.into_iter().chain(bare).collect::<Vec<_>>().join("; ")
}

fn end(past: &Past) -> String {
    match &past.outcome {
        Outcome::Applied | Outcome::Interrupted => String::new(),
        Outcome::Unwound(cause) => short(cause),
        Outcome::Stuck { cause, left } => {
            let left: Vec<_> = left.iter().map(|left| words::name(&left.node)).collect();
            format!("{}; left: {}", short(cause), left.join(", "))
        }
    }
}

fn short(cause: &Cause) -> String {
    match cause {
        Cause::Failed(address) => words::name(address),
        other => because(other),
    }
}

#[derive(Serialize)]
struct Row {
    op: String,
    release: Option<u64>,
    tag: String,
    purpose: String,
    opened: Timestamp,
    closed: Timestamp,
    result: &'static str,
    deploy_ms: u64,
    rollback_ms: Option<u64>,
    steps: u64,
    by: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without_backup: Vec<String>,
    note: String,
}

impl Row {
    fn of(past: &Past) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            op: past.op.as_str().to_owned(),
            release: made(past),
            tag: plain(&past.tag),
            purpose: plain(&past.purpose),
            opened: past.opened,
            closed: past.closed,
            result: result(past),
            deploy_ms: millis(forward(past)),
            rollback_ms: rollback(past).map(millis),
            steps: past.steps,
            by: plain(&past.by),
            without_backup: past.without_backup.iter().map(words::name).collect(),
            note: note(past),
        }
    }
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    days: Option<u32>,
    applies: Vec<Row>,
    figures: Figures,
}

/// The applies and their figures as indented JSON, ending with a newline. Its `format` is `omni.history/1`.
///
/// # Panics
/// Never: the document is plain data with text keys.
#[must_use]
pub fn history_json(pasts: &[Past], days: Option<u32>) -> String {
    let applies = pasts.iter().map(Row::of).collect();
    let document = Document { format: "omni.history/1", days, applies, figures: Figures::of(pasts) };
    serde_json::to_string_pretty(&document).expect("the document is plain data with text keys") + "\n"
}

/// The applies as CSV (RFC 4180) with a line of headings.
#[must_use]
pub fn history_csv(pasts: &[Past]) -> String {
    let mut lines = vec!["op,release,tag,purpose,opened,closed,result,deploy_ms,rollback_ms,steps,by,note".to_owned()];
    for row in pasts.iter().map(Row::of) {
        let fields = [
            row.op,
            row.release.map(|number| number.to_string()).unwrap_or_default(),
            row.tag,
            row.purpose,
            row.opened.to_string(),
            row.closed.to_string(),
            row.result.to_owned(),
            row.deploy_ms.to_string(),
            row.rollback_ms.map(|millis| millis.to_string()).unwrap_or_default(),
            row.steps.to_string(),
            row.by,
            row.note,
        ];
        lines.push(fields.map(|field| quoted(&field)).join(","));
    }
    lines.join("\n") + "\n"
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}
