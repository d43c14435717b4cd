//! Draws what was read, and holds that nothing in the drawing rewrites a terminal.

use std::time::Duration;

use jiff::Timestamp;
use omni::fingerprint::Fingerprint;
use omni::journal::{Apply, Outcome, Past, Record};
use omni::lock::{Held, Standing};
use omni::plan::Plan;
use omni::release::Release;
use omni::report::{
    Facts, PullRequest, Style, ending, history, history_csv, history_json, lock, open_apply, opening, plan_json,
    plan_markdown, plan_text, release, release_differences, release_differences_json, release_json, releases,
};
use omni::spec::Written;

fn check(drawings: &[String]) {
    for drawing in drawings {
        let bad = drawing.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(bad, None, "{drawing:?}");
    }
}

pub(crate) fn plan(plan: &Plan) {
    let narrow = Style { width: 60, ..Style::default() };
    let about = PullRequest { commit: None, valid: None, link: None, context: 1 };
    let full = Style { full: true, ..Style::default() };
    check(&[
        plan_text(plan, None, &narrow),
        plan_text(plan, Some("plan.json"), &full),
        plan_json(plan),
        plan_markdown(plan, &about),
        opening(plan, 1, 1, &full),
    ]);
}

pub(crate) fn written() -> Written {
    let text = Fingerprint::of("text");
    serde_json::from_value(serde_json::json!({ "text": text, "variables": {} })).expect("what a plan was read from")
}

pub(crate) fn one_release(one: &Release) {
    let style = Style { full: true, ..Style::default() };
    check(&[
        release(one, &style),
        release_json(one),
        releases(std::slice::from_ref(one), &style),
        release_differences(one, one, &style),
        release_differences_json(one, one),
    ]);
}

pub(crate) fn apply(apply: &Apply, records: &[Record], outcome: &Outcome) {
    let style = Style::default();
    let facts = Facts { release: 1, took: Duration::from_secs(1), records, location: None, before: None, world: None };
    check(&[open_apply(apply, records, Timestamp::UNIX_EPOCH, &style), ending(&apply.plan, outcome, &facts, &style)]);
}

pub(crate) fn past(past: &Past) {
    let one = std::slice::from_ref(past);
    check(&[history(one, None, 100, &Style::default()), history_csv(one), history_json(one, None)]);
}

pub(crate) fn held(held: &Held) {
    check(&[lock(Some((held, Standing::Alive)), held.fence, &Style::default())]);
}
