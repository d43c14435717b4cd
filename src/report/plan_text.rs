//! A plan on a terminal: the steps as a table, what changes in each, and the command that applies it.

mod details;

pub(super) use details::is_unasked;

use crate::plain::plain;
use crate::plan::{Class, Plan, Purpose};
use crate::report::style::{Style, Tone};
use crate::report::table::{Column, Table, cell, hanging, headed, width, wrapped};
use crate::report::{difference_text, drift_text, words};

/// A plan as people read it, ending with a newline. `file` is where it was written to, for the command that applies it.
#[must_use]
pub fn plan_text(plan: &Plan, file: Option<&str>, style: &Style) -> String {
    let id = plan.id().spoken();
    drawn(plan, Some(&words::apply_command(plan, &id, file)), style)
}

/// A plan that is about to be applied, as people read it, ending with a newline.
#[must_use]
pub fn plan_at_work(plan: &Plan, style: &Style) -> String {
    drawn(plan, None, style)
}

/// The steps of a plan and what they may lose, without the differences, ending with a newline: what to have in view
/// when consent is asked for.
#[must_use]
pub fn plan_steps(plan: &Plan, style: &Style) -> String {
    let losses = consent(plan).into_iter().map(|line| style.paint(Tone::Bad, &line));
    steps(plan, style).into_iter().chain(losses).collect::<Vec<_>>().join("\n") + "\n"
}

fn drawn(plan: &Plan, command: Option<&str>, style: &Style) -> String {
    let mut lines = Vec::new();
    if plan.is_empty() {
        lines.extend(nothing(plan, style));
    } else {
        lines.extend(header(plan, style));
        lines.push(String::new());
        lines.extend(steps(plan, style));
    }
    lines.extend(details::lines(plan, style));
    lines.extend(drift(plan, style));
    lines.extend(warnings(plan, style));
    if let Some(line) = words::afterwards(plan) {
        lines.push(String::new());
        lines.extend(wrapped(&line, usize::from(style.width)));
    }
    if !plan.is_empty() {
        lines.push(String::new());
        lines.extend(closing(plan, command, style));
    }
    lines.join("\n") + "\n"
}

/// What is planned from where, in as many lines as it takes.
fn header(plan: &Plan, style: &Style) -> Vec<String> {
    let purpose = match plan.purpose {
        Purpose::Apply => None,
        Purpose::Rollback(number) => Some(format!("back to release {number} ({})", plain(&plan.tag))),
        Purpose::Destroy => Some("remove everything".to_owned()),
    };
    let parts = [
        purpose,
        Some(format!("spec {}", &plan.spec.short()[..7])),
        Some(words::base(plan)),
        Some(plain(&format!("{} {}", plan.engine.version, plan.engine.host))),
    ];
    let scope = words::scope(plan);
    let mut lines = vec![style.paint(Tone::Strong, &scope)];
    let mut taken = width(&scope);
    for part in parts.into_iter().flatten() {
        let room = usize::from(style.width);
        if taken + 3 + width(&part) <= room {
            taken += 3 + width(&part);
            let line = lines.last_mut().expect("the scope is the first line");
            line.push_str("   ");
            line.push_str(&part);
            continue;
        }
        let wrapped = wrapped(&part, room.saturating_sub(3));
        taken = 3 + wrapped.last().map_or(0, |line| width(line));
        lines.extend(wrapped.into_iter().map(|line| format!("   {line}")));
    }
    lines
}

fn nothing(plan: &Plan, style: &Style) -> Vec<String> {
    let scope = words::scope(plan);
    let at = match &plan.base {
        Some(base) => format!("{scope} is at release {} ({}).", base.number, plain(&base.tag)),
        None => format!("{scope} has no release, and nothing is asked for."),
    };
    let text = hanging(&at, width("No changes. "), 2, usize::from(style.width));
    let mut lines = headed(&format!("{} ", style.paint(Tone::Good, "No changes.")), text);
    if plan.drift.is_empty() && plan.base.is_some() {
        lines.push("What runs is what was recorded: no drift.".to_owned());
    }
    lines
}

fn steps(plan: &Plan, style: &Style) -> Vec<String> {
    let mut table = Table::new(&[
        Column::right("#").at_least(2),
        Column::right("").close().at_least(3),
        Column::left("step").close(),
        Column::left("change").wrapping(),
        Column::left("undo"),
        Column::left("downtime"),
    ]);
    for (number, change) in plan.steps().enumerate() {
        let tone = words::tone(change);
        let undo = if change.class == Class::Reversible { Tone::Normal } else { Tone::Bad };
        table.row(vec![
            cell(Tone::Normal, (number + 1).to_string()),
            cell(tone, words::symbol(change)),
            cell(tone, words::name(&change.address)),
            cell(Tone::Normal, words::change_text(change)),
            cell(undo, words::undo_text(change)),
            cell(Tone::Normal, words::downtime_text(change)),
        ]);
    }
    if table.is_too_wide(style) { listed(plan, style) } else { table.lines(style) }
}

/// The steps where there is no room for a table.
fn listed(plan: &Plan, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, change) in plan.steps().enumerate() {
        let (symbol, name) = (words::symbol(change), words::name(&change.address));
        let blanks = " ".repeat(3_usize.saturating_sub(width(&symbol)));
        let head = style.paint(words::tone(change), &format!("{symbol} {name}"));
        lines.push(format!("  {:>2} {blanks}{head}", at + 1));
        let below = |label: &str, text: &str, tone: Tone| {
            let text = wrapped(&format!("{label}{text}"), usize::from(style.width).saturating_sub(9));
            text.into_iter().map(move |line| format!("         {}", style.paint(tone, &line))).collect::<Vec<_>>()
        };
        lines.extend(below("", &words::change_text(change), Tone::Normal));
        let undo = if change.class == Class::Reversible { Tone::Normal } else { Tone::Bad };
        lines.extend(below("undo: ", &words::undo_text(change), undo));
        let downtime = words::downtime_text(change);
        if !downtime.is_empty() {
            lines.extend(below("downtime: ", &downtime, Tone::Normal));
        }
    }
    lines
}

fn drift(plan: &Plan, style: &Style) -> Vec<String> {
    if plan.drift.is_empty() {
        return Vec::new();
    }
    let what = if plan.drift.len() == 1 { "thing is" } else { "things are" };
    let title = format!("Drift: {} {what} not as recorded, by a change that omni did not make", plan.drift.len());
    let room = usize::from(style.width);
    let mut lines = vec![String::new()];
    lines.extend(wrapped(&title, room).iter().map(|line| style.paint(Tone::Warn, line)));
    for drift in &plan.drift {
        let name = words::name(&drift.address);
        let said = if drift.schema.is_empty() { plain(&drift.summary) } else { "its schema or ledger".to_owned() };
        let summary = hanging(&said, width(&name) + 6, 6, room);
        lines.extend(headed(&format!("    {name}  "), summary));
        lines.extend(drift_text::schema(drift, style).into_iter().map(|line| format!("      {line}")));
        let differences = difference_text::lines(&drift.differences, difference_text::Sides::Drift, &style.inset(6));
        lines.extend(differences.into_iter().map(|line| format!("      {line}")));
    }
    lines
}

fn warnings(plan: &Plan, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    if !plan.warnings.is_empty() {
        lines.push(String::new());
    }
    for text in &plan.warnings {
        let text = hanging(&plain(text), width("warning: "), 2, usize::from(style.width));
        lines.extend(headed(&format!("{} ", style.paint(Tone::Warn, "warning:")), text));
    }
    lines
}

fn closing(plan: &Plan, command: Option<&str>, style: &Style) -> Vec<String> {
    let parts = [Some(words::summary(plan)), Some(words::unchanged(plan)).filter(|n| *n > 0).map(unchanged)];
    let summary: Vec<_> = parts.into_iter().flatten().collect();
    let id = plan.id().spoken();
    let room = usize::from(style.width);
    // A number is not parted from what it counts.
    let joined = summary.join(", ").replace(' ', "\u{a0}").replace(",\u{a0}", ", ");
    let mut lines = hanging(&joined, width(&id) + width("Plan : "), 2, room);
    lines = lines.iter().map(|line| line.replace('\u{a0}', " ")).collect();
    lines = headed(&format!("Plan {}: ", style.paint(Tone::Strong, &id)), lines);
    for line in consent(plan) {
        lines.extend(wrapped(&line, room).iter().map(|line| style.paint(Tone::Bad, line)));
    }
    if let Some(command) = command {
        lines.push(String::new());
        let title = "Apply this plan:";
        // It is to be copied: it is never broken.
        if width(title) + 2 + width(command) <= room {
            lines.push(format!("{title}  {command}"));
        } else {
            lines.extend([title.to_owned(), format!("  {command}")]);
        }
    }
    lines
}

fn unchanged(number: usize) -> String {
    format!("{number} unchanged")
}

/// A line for each class of steps that needs consent, with their names; and one for each step that loses data.
pub(super) fn consent(plan: &Plan) -> Vec<String> {
    let line = |class: Class, one: &str, many: &str| {
        let names: Vec<_> = plan.steps().filter(|c| c.class == class).map(|c| words::name(&c.address)).collect();
        let verb = if names.len() == 1 { one } else { many };
        (!names.is_empty()).then(|| format!("! {} {verb}: {}", words::count(names.len(), "step"), names.join(", ")))
    };
    let lossy = line(Class::Lossy, "loses data if rolled back", "lose data if rolled back");
    let one_way = line(Class::OneWay, "cannot be taken back", "cannot be taken back");
    let losses = words::losses(plan).into_iter().map(|(address, lost)| format!("! {}: {lost}", words::name(address)));
    [lossy, one_way].into_iter().flatten().chain(losses).collect()
}
