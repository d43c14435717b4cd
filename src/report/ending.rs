//! The last words of an apply: what holds now, and what the reader does next.
//!
//! They agree with the outcome and nothing else; what the outcome is, is left to `apply`, the exit code to `cli`.

mod addresses;
mod stuck;

use std::time::Duration;

use crate::address::Address;
use crate::fingerprint::Fingerprint;
use crate::journal::{Cause, FaultReport, NodeStatus, Outcome, Record};
use crate::plain::plain;
use crate::plan::{Plan, Purpose};
use crate::report::board::because;
use crate::report::fitted::fitted;
use crate::report::next_act::{next_act, where_stuck};
use crate::report::style::{Style, Tone};
use crate::report::{how_far, time, words};

/// What is known at the end of an apply beside its outcome.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The number of the release that the apply makes or would have made.
    pub release: u64,
    /// How long it took.
    pub took: Duration,
    /// The records of the apply, oldest first.
    pub records: &'a [Record],
    /// Where the spec says what failed: `deploy.toml:61:1`; none where nobody knows.
    pub location: Option<&'a str>,
    /// The fingerprint of the world that served before; none where nobody knows.
    pub before: Option<Fingerprint>,
    /// The fingerprint of the world that serves now; none where nobody looked.
    pub world: Option<Fingerprint>,
}

/// The closing message of an apply, ending with a newline.
#[must_use]
pub fn ending(plan: &Plan, outcome: &Outcome, facts: &Facts<'_>, style: &Style) -> String {
    let lines = match outcome {
        Outcome::Applied => applied(plan, facts, style),
        Outcome::Unwound(Cause::Recovered) => taken_back(plan, facts, style),
        Outcome::Unwound(cause) => unwound(plan, cause, facts, style),
        Outcome::Stuck { cause, left } => stuck::lines(plan, cause, left, facts, style),
        Outcome::Interrupted => match failed(facts.records) {
            Some((node, fault)) => paused(plan, node, fault, facts, style),
            None => interrupted(plan, facts, style),
        },
    };
    fitted(&(lines.join("\n") + "\n"), style)
}

/// The code, the message and the reader's next act of an apply that ended badly, as plain texts.
#[must_use]
pub fn failure_of(plan: &Plan, outcome: &Outcome, records: &[Record]) -> Option<(&'static str, String, String)> {
    let cause = match outcome {
        Outcome::Applied => return None,
        Outcome::Interrupted => {
            let what = format!("the apply of {} was interrupted, an apply is open", plain(&plan.tag));
            return Some(("omni::apply::interrupted", what, next_act(records)));
        }
        Outcome::Unwound(cause) | Outcome::Stuck { cause, .. } => cause,
    };
    let fault = failure(cause, records).map(|(_, fault)| fault);
    let why = fault.map_or(String::new(), |fault| format!(": {}", plain(&fault.message)));
    if let Outcome::Stuck { left, .. } = outcome {
        let help = where_stuck(stuck::failing(left));
        let left: Vec<_> = left.iter().map(|left| words::name(&left.node)).collect();
        let what = format!("{}{why}; left behind: {}", because(cause), left.join(", "));
        return Some(("omni::apply::stuck", what, help));
    }
    let help = fault.and_then(|fault| fault.help.as_deref()).map_or_else(|| next(cause).to_owned(), plain);
    Some((code(cause), format!("{}{why}; everything was undone", because(cause)), help))
}

fn applied(plan: &Plan, facts: &Facts<'_>, style: &Style) -> Vec<String> {
    let scope = words::scope(plan);
    let took = time::took(facts.took);
    let release = format!("release {} ({})", facts.release, plain(&plan.tag));
    let (word, text) = match plan.purpose {
        Purpose::Apply => ("applied", format!("{scope} is at {release}, in {took}")),
        Purpose::Rollback(_) => ("rolled back", format!("{scope} is at {release}, in {took}")),
        Purpose::Destroy => ("removed", format!("nothing of {scope} serves any more, in {took}")),
    };
    let mut lines = vec![format!("{}: {text}", style.paint(Tone::Good, word))];
    let not_back = plan.steps().filter_map(|change| Some((&change.address, words::not_back(change)?)));
    lines.extend(not_back.map(|(address, what)| {
        let text = format!("NOT the data of then: taking back {} {what}", words::name(address));
        format!("  {}", style.paint(Tone::Bad, &text))
    }));
    lines.extend(addresses::lines(plan));
    if let Some(world) = facts.world {
        lines.push(format!("  fingerprint {}", world.spoken()));
    }
    let next = if plan.purpose == Purpose::Destroy { "omni history" } else { "omni status" };
    lines.push(format!("next: {next}"));
    lines
}

fn unwound(plan: &Plan, cause: &Cause, facts: &Facts<'_>, style: &Style) -> Vec<String> {
    let what = format!("{}, everything was undone", because(cause));
    let mut lines = error(code(cause), &what, facts, style);
    let fault = failure(cause, facts.records);
    lines.extend(fault.map(|(_, fault)| fact(&plain(&fault.message))));
    lines.extend(fault.into_iter().flat_map(|(node, fault)| log(node, fault)));
    lines.push(fact(&equals_before(plan, facts)));
    let help = fault.and_then(|(_, fault)| fault.help.as_deref()).map(plain);
    lines.push(help_line(&help.unwrap_or_else(|| next(cause).to_owned()), style));
    lines
}

/// What a recovery that was to go back says: it did what was asked for.
fn taken_back(plan: &Plan, facts: &Facts<'_>, style: &Style) -> Vec<String> {
    let word = style.paint(Tone::Good, "taken back");
    let (tag, took) = (plain(&plan.tag), time::took(facts.took));
    vec![format!("{word}: the apply of {tag}, in {took}; {}", equals_before(plan, facts)), "next: omni plan".to_owned()]
}

/// The user asked to look at what failed before anything is undone.
fn paused(plan: &Plan, node: &Address, fault: &FaultReport, facts: &Facts<'_>, style: &Style) -> Vec<String> {
    let (name, tag) = (words::name(node), plain(&plan.tag));
    let what = format!("{name} failed, and the apply of {tag} is paused there: nothing was undone");
    let mut lines = error("omni::apply::paused", &what, facts, style);
    lines.push(fact(&plain(&fault.message)));
    lines.extend(log(node, fault));
    lines.extend(how_far::lists(plan, facts.records));
    lines.extend(fault.help.as_deref().map(|help| fact(&plain(help))));
    lines.push(help_line("remove the cause and run `omni recover --forward` to do the rest of this plan,", style));
    lines.push("         or run `omni recover --back` to undo it (both are safe to repeat)".to_owned());
    lines
}

fn interrupted(plan: &Plan, facts: &Facts<'_>, style: &Style) -> Vec<String> {
    let what = format!("the apply of {} was interrupted and is open: it is neither done nor undone", plain(&plan.tag));
    // What was under way then is not to blame.
    let mut lines = error("omni::apply::interrupted", &what, &Facts { location: None, ..*facts }, style);
    lines.extend(how_far::lists(plan, facts.records));
    lines.push(help_line(&next_act(facts.records), style));
    lines
}

/// The first lines of an error: its code, what happened, and where the spec says so.
fn error(code: &str, what: &str, facts: &Facts<'_>, style: &Style) -> Vec<String> {
    let head = style.paint(Tone::Bad, &format!("error[{code}]"));
    let mut lines = vec![format!("{head}: {what}")];
    lines.extend(facts.location.map(|location| format!("  --> {}", plain(location))));
    lines
}

const fn code(cause: &Cause) -> &'static str {
    match cause {
        Cause::Failed(_) => "omni::apply::step_failed",
        Cause::Interrupted(_) | Cause::Recovered => "omni::apply::interrupted",
        Cause::Deadline(_) => "omni::apply::deadline",
    }
}

const fn next(cause: &Cause) -> &'static str {
    match cause {
        Cause::Failed(_) => "fix and run `omni plan` again",
        Cause::Interrupted(_) | Cause::Deadline(_) | Cause::Recovered => "run `omni plan` to see what is still to do",
    }
}

fn fact(text: &str) -> String {
    format!("   = {text}")
}

fn help_line(text: &str, style: &Style) -> String {
    format!("   {}: {text}", style.paint(Tone::Good, "help"))
}

/// How many log lines are shown.
const LOG_LINES: usize = 5;

/// The last lines that the thing wrote.
fn log(node: &Address, fault: &FaultReport) -> Vec<String> {
    let last = fault.log.iter().skip(fault.log.len().saturating_sub(LOG_LINES));
    match fault.log.len() {
        0 => Vec::new(),
        1 => last.map(|line| fact(&format!("last log line of {}: {}", words::name(node), plain(line)))).collect(),
        _ => {
            let title = fact(&format!("last log lines of {}:", words::name(node)));
            std::iter::once(title).chain(last.map(|line| format!("       {}", plain(line)))).collect()
        }
    }
}

/// The first fault that made the apply turn, and where.
fn failure<'a>(cause: &Cause, records: &'a [Record]) -> Option<(&'a Address, &'a FaultReport)> {
    records.iter().find_map(|record| match (record, cause) {
        (Record::Failed { node, fault } | Record::Unknown { node, fault }, Cause::Failed(failed)) if node == failed => {
            Some((node, fault))
        }
        _ => None,
    })
}

/// The step that failed last and was not taken back since, with its fault.
fn failed(records: &[Record]) -> Option<(&Address, &FaultReport)> {
    let statuses = how_far::statuses(records);
    records.iter().rev().find_map(|record| match record {
        Record::Failed { node, fault } if statuses.get(node) == Some(&NodeStatus::Failed) => Some((node, fault)),
        _ => None,
    })
}

/// Whether what serves is what served before, and which release that is.
fn equals_before(plan: &Plan, facts: &Facts<'_>) -> String {
    if let (Some(before), Some(world)) = (facts.before, facts.world)
        && before != world
    {
        let base = plan.base.as_ref().map_or_else(|| "what was there".to_owned(), |base| plain(&base.tag));
        let (before, world) = (before.spoken(), world.spoken());
        return format!("what serves ({world}) is not what {base} was ({before}): `omni drift` tells why");
    }
    let before = match &plan.base {
        Some(base) => format!("the system equals {}", plain(&base.tag)),
        None => "the system is as it was before, with no release".to_owned(),
    };
    match facts.world {
        Some(world) => format!("{before} (fingerprint {})", world.spoken()),
        None => before,
    }
}
