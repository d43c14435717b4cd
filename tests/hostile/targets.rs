//! What the fuzz targets do with a text; the tests do it with the texts that the targets begin with.

use std::collections::BTreeMap;

use omni::apply::Frontier;
use omni::journal::{Apply, Outcome, Past, Record};
use omni::lock::Held;
use omni::plan::{Plan, PlanFile};
use omni::release::Release;
use serde::de::DeserializeOwned;

use crate::drawn;
use crate::judge::judge;

/// Any text as `deploy.toml`: it ends in a spec or in problems that are told well.
pub(crate) fn spec(text: &str) {
    let variables = BTreeMap::from([("A".to_owned(), "${B}\"]\n[x]".to_owned())]);
    if let Err(wrong) = judge(text, &variables) {
        panic!("{wrong}");
    }
}

/// Any text as a plan file: what is read says what the text says; any plan, however odd, can be drawn and kept.
pub(crate) fn plan_file(text: &str) {
    if let Ok(file) = PlanFile::read("plan.json", text) {
        let bare = |text: &str| text.replace([' ', '\n', '\r', '\t'], "");
        assert_eq!(bare(&file.to_text()), bare(text), "another plan was read");
    }
    // Behind the seal, which no fuzzer finds.
    let Ok(plan) = serde_json::from_str::<Plan>(text) else { return };
    drawn::plan(&plan);
    if !plan.is_sound() {
        return;
    }
    let frontier = Frontier::new(&plan);
    let _ = (frontier.ready().count(), frontier.outcome(), plan.moved(&plan));
    let file = PlanFile::new(plan, jiff::Timestamp::UNIX_EPOCH, &[], &[], drawn::written());
    let read = PlanFile::read("plan.json", &file.to_text()).expect("a plan that was written can be read");
    assert_eq!(read, file);
}

/// Any text as rows of the store, behind their checksums: what can be read can be drawn, replayed and written again.
///
/// The first line says which rows they are: `release`, `apply`, `past` or `lock`; each further line is one JSON
/// document.
pub(crate) fn rows(text: &str) {
    let mut lines = text.lines();
    match lines.next() {
        Some("release") => each::<Release>(lines, drawn::one_release),
        Some("lock") => each::<Held>(lines, drawn::held),
        Some("past") => lines.for_each(past),
        Some("apply") => {
            let Some(plan) = lines.next().and_then(|line| serde_json::from_str::<Plan>(line).ok()) else { return };
            if !plan.is_sound() {
                return;
            }
            let records: Vec<Record> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
            replay(plan, &records);
        }
        _ => {}
    }
}

fn each<'t, T: DeserializeOwned>(lines: impl Iterator<Item = &'t str>, use_it: impl Fn(&T)) {
    lines.filter_map(|line| serde_json::from_str(line).ok()).for_each(|row| use_it(&row));
}

fn past(line: &str) {
    let Ok(outcome) = serde_json::from_str::<Outcome>(line) else { return };
    let again = serde_json::to_string(&outcome).expect("an outcome is plain data");
    assert_eq!(serde_json::from_str::<Outcome>(&again).expect("what was written can be read"), outcome);
    drawn::past(&Past {
        op: serde_json::from_value("1-2".into()).expect("an op"),
        release: 1,
        tag: line.to_owned(),
        purpose: "apply".to_owned(),
        by: line.to_owned(),
        opened: jiff::Timestamp::UNIX_EPOCH,
        closed: jiff::Timestamp::UNIX_EPOCH,
        turned: None,
        outcome,
        steps: 1,
        without_backup: Vec::new(),
    });
}

/// What a recovery does with the rows before it calls anything.
fn replay(plan: Plan, records: &[Record]) {
    let folded = Frontier::replay(&plan, records);
    let outcome = folded.ok().and_then(|frontier| {
        let _ = (frontier.ready().count(), frontier.orphaned().len());
        frontier.outcome()
    });
    let apply = Apply {
        op: serde_json::from_value("1-2".into()).expect("an op"),
        fence: 1,
        plan,
        release: 1,
        by: "somebody".to_owned(),
        opened: jiff::Timestamp::UNIX_EPOCH,
    };
    drawn::apply(&apply, records, &outcome.unwrap_or(Outcome::Interrupted));
}
