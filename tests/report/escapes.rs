//! Whatever others wrote: no drawing holds a control character but the newline.

use std::collections::BTreeMap;
use std::time::Duration;

use omni::address::{Address, Kind};
use omni::fingerprint::Fingerprint;
use omni::graph::Graph;
use omni::journal::{Apply, Cause, Event, FaultReport, LeftBehind, Outcome, Progress, Record};
use omni::lock::Op;
use omni::observed::{Object, Observed, Provenance, Status};
use omni::plain::is_hidden;
use omni::plan::{Action, Base, Comparison, Drift, Plan, Reason, Turn};
use omni::release::Recorded;
use omni::report::diagnostics::{Finding, Severity, github, json, sarif};
use omni::report::{
    Facts, Format, JsonLines, Lines, Now, PullRequest, Reporter, Style, drift_text, ending, failure_of, graph_text,
    history, history_csv, history_json, lock, open_apply, opening, plan_at_work, plan_json, plan_markdown, plan_steps,
    plan_text, release, release_differences, release_differences_json, release_json, releases, releases_json, running,
    status, world, world_json,
};
use omni::resource::{Difference, Shown};
use proptest::prelude::*;

use crate::support::{at, change, empty_plan, engine, held, past, plan, web};

/// Texts in which control characters, escapes and what reorders text are frequent.
fn foreign() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9 ._-]{1,6}",
        1 => Just("\u{1b}[31m".to_owned()),
        1 => Just("\u{1b}]0;title\u{7}".to_owned()),
        1 => Just("\n".to_owned()),
        1 => any::<char>().prop_map(String::from),
        1 => (0_u32..0x20).prop_map(|code| char::from_u32(code).expect("a control character").to_string()),
        1 => (0x7f_u32..0xa0).prop_map(|code| char::from_u32(code).expect("a control character").to_string()),
        1 => prop::sample::select(vec!["\u{202e}", "\u{200b}", "\u{ad}", "\u{2028}", "\u{feff}", "\u{e0041}"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// A plan in which every text is foreign.
fn plan_with(text: &str) -> Plan {
    let own = || text.to_owned();
    let mut plan = plan();
    plan.scope.project = own();
    plan.scope.environment = Some(own());
    plan.tag = own();
    plan.base.as_mut().expect("a base").tag = own();
    (plan.engine.id, plan.engine.version, plan.engine.host, plan.engine.platform) = (own(), own(), own(), own());
    plan.warnings = vec![own()];
    plan.drift = vec![Drift {
        address: Address::service(text),
        differences: vec![
            Difference { path: own(), before: Some(Shown::Text(own())), after: Some(Shown::Text(format!("x{text}"))) },
            Difference { path: own(), before: None, after: Some(Shown::Text(format!("{text}\n{text}"))) },
        ],
        schema: Vec::new(),
        summary: own(),
    }];
    let (mut before, mut after) = (web("1.7.2", '9'), web("1.8.0", 'c'));
    for (resource, last) in [(&mut before, "a"), (&mut after, "b")] {
        let inner = resource.container_mut().expect("a service");
        inner.image.reference = format!("{text}{last}");
        inner.environment.insert(own(), format!("{text}\nkept\n{text}{last}").as_str().into());
        inner.labels.insert(own(), format!("{text}{last}"));
        inner.command = Some(vec![text.into(), last.into(), "a long list of words to be drawn as lines".into()]);
        inner.user = Some(own());
    }
    let reasons = vec![Reason::Drift(own()), Reason::OldFirst(own()), Reason::Requirement(Address::service(text))];
    let replace = Action::Replace(Turn::OldFirst);
    plan.changes.push(change(Address::service(text), replace, Some(before.clone()), Some(after.clone()), reasons));
    plan.changes.push(change(Address::new(Kind::Job, text), Action::Run, None, Some(after), vec![Reason::New]));
    plan.changes.push(change(Address::new(Kind::Image, text), Action::Delete, Some(before), None, vec![Reason::Gone]));
    plan
}

fn drawn_plans(plan: &Plan, text: &str) -> Vec<String> {
    let about = PullRequest { commit: Some(text), valid: Some(text), link: Some(text), context: 1 };
    let resources: BTreeMap<_, _> =
        plan.changes.iter().filter_map(|c| Some((c.address.clone(), c.after.clone()?))).collect();
    let graph = Graph::build(&resources).expect("nothing depends on anything in a circle");
    let mut drawn = vec![
        plan_text(plan, Some(text), &Style { width: 60, ..Style::default() }),
        plan_text(plan, None, &Style { full: true, width: 0, ..Style::default() }),
        plan_at_work(plan, &Style::default()),
        plan_steps(plan, &Style { width: 60, ..Style::default() }),
        plan_json(plan),
        drift_text(&by_labels(&plan.drift, text), &Style { full: true, ..Style::default() }),
        opening(plan, 1, 1, &Style::default()),
        plan_markdown(plan, &about),
    ];
    drawn.extend([Format::Mermaid, Format::Dot, Format::Json].map(|format| graph_text(&graph, format, Some(plan))));
    let mut none = empty_plan();
    text.clone_into(&mut none.base.as_mut().expect("a base").tag);
    drawn.push(plan_text(&none, None, &Style::default()));
    drawn
}

fn fault(text: &str) -> FaultReport {
    FaultReport { message: text.to_owned(), help: Some(text.to_owned()), log: vec![text.to_owned(), text.to_owned()] }
}

fn drawn_ends(plan: &Plan, text: &str) -> Vec<String> {
    let node = Address::service(text);
    let records = vec![
        Record::Intent { node: node.clone() },
        Record::Failed { node: node.clone(), fault: fault(text) },
        Record::Unwinding { cause: Cause::Deadline(text.to_owned()) },
        Record::UndoIntent { node: node.clone() },
        Record::UndoFailed { node: node.clone(), fault: fault(text) },
    ];
    let facts = Facts {
        release: 1,
        took: Duration::from_secs(1),
        records: &records,
        location: Some(text),
        before: None,
        world: Some(Fingerprint::of("world")),
    };
    let left = vec![LeftBehind { node: node.clone(), fault: Some(fault(text)) }];
    let stuck = Outcome::Stuck { cause: Cause::Failed(node.clone()), left };
    let unwound = Outcome::Unwound(Cause::Interrupted(text.to_owned()));
    let outcomes =
        [Outcome::Applied, unwound, stuck.clone(), Outcome::Interrupted, Outcome::Unwound(Cause::Failed(node.clone()))];
    let style = Style::default();
    let mut drawn: Vec<_> = outcomes.iter().map(|outcome| ending(plan, outcome, &facts, &style)).collect();
    let apply = Apply {
        op: Op::new(&plan.id(), "lineage", 1),
        fence: 1,
        plan: plan.clone(),
        release: 1,
        by: text.to_owned(),
        opened: at("2026-11-22T07:31:00Z"),
    };
    drawn.push(open_apply(&apply, &records, at("2026-11-22T07:36:10Z"), &style));
    let mut lease = held();
    (lease.holder.who, lease.holder.host, lease.holder.doing) = (text.to_owned(), text.to_owned(), text.to_owned());
    drawn.push(running(&apply, &records, &lease, &style));
    let failed = outcomes.iter().filter_map(|outcome| failure_of(plan, outcome, &records));
    drawn.extend(failed.flat_map(|(_, message, help)| [message, help]));
    let mut one = past(1, text, text, ["2026-11-22T07:31:00Z", "2026-11-22T07:33:31Z"], None, stuck);
    text.clone_into(&mut one.by);
    drawn.extend([history(&[one.clone()], None, 100, &style), history_csv(&[one.clone()]), history_json(&[one], None)]);
    drawn.extend(drawn_events(plan, &records, text));
    drawn.push(drawn_status(plan, &apply, &records, text));
    drawn
}

fn drawn_events(plan: &Plan, records: &[Record], text: &str) -> Vec<String> {
    let mut events: Vec<_> =
        records.iter().map(|record| Event::Recorded { record: record.clone(), took_ms: Some(1) }).collect();
    let node = Address::service(text);
    events.insert(1, Event::Progress(Progress { node, text: text.to_owned() }));
    events.push(Event::Stopping { signal: text.to_owned(), undo: true });
    let (mut lines, mut documents) = (Vec::new(), Vec::new());
    for event in &events {
        Lines::new(plan, Style::default(), &mut lines).tell(event, at("2026-11-22T07:31:00Z"));
        JsonLines::new(&mut documents).tell(event, at("2026-11-22T07:31:00Z"));
    }
    [lines, documents].map(|bytes| String::from_utf8(bytes).expect("text")).to_vec()
}

/// What the labels of a release tell that is called by this text.
fn by_labels(drift: &[Drift], text: &str) -> Comparison {
    let base = Base { number: 1, tag: text.to_owned(), lineage: None };
    let absent = vec![Address::service(text)];
    Comparison { base: Some(base), drift: drift.to_vec(), absent, ..Comparison::not_looked(None, "") }
}

fn drawn_status(plan: &Plan, apply: &Apply, records: &[Record], text: &str) -> String {
    let mut head = crate::support::release(1, text);
    text.clone_into(&mut head.by);
    head.scope = plan.scope.clone();
    let recorded = head.resources[&Address::service("web")].clone();
    head.resources.insert(Address::service(text), recorded);
    let mut lease = held();
    (lease.holder.who, lease.holder.host, lease.holder.doing) = (text.to_owned(), text.to_owned(), text.to_owned());
    let observed = Observed { engine: engine(), objects: BTreeMap::new(), databases: BTreeMap::new(), key: None };
    let compared = Comparison { drift: plan.drift.clone(), ..Comparison::not_looked(Some(&head), "7f2e") };
    let now = Now {
        scope: &plan.scope,
        head: Some(&head),
        observed: &observed,
        compared: &compared,
        lock: Some((&lease, omni::lock::Standing::Dead)),
        last_fence: 1,
        open: Some((apply, records)),
        store: Some(text),
        at: at("2026-11-22T07:36:10Z"),
    };
    let style = Style { full: true, ..Style::default() };
    let mut next = head.clone();
    next.resources.insert(Address::service(format!("{text}2")), recorded_of(text));
    next.resources.insert(Address::service("web"), recorded_of(text));
    let others = [
        release_json(&head),
        releases_json(&[head.clone()]),
        release_differences(&head, &next, &style),
        release_differences_json(&head, &next),
        world(&seen(text), &style),
        world_json(&plan.scope, &seen(text)),
        lock(Some((&lease, omni::lock::Standing::Alive)), 1, &style),
        release(&head, &style),
        releases(&[head.clone()], &style),
    ];
    status(&now, &style) + &others.concat()
}

fn recorded_of(text: &str) -> Recorded {
    let mut resource = web("9", 'e');
    let inner = resource.container_mut().expect("a service");
    inner.environment.insert(text.to_owned(), text.into());
    inner.labels.insert(text.to_owned(), text.to_owned());
    Recorded { resource, objects: vec![text.to_owned()], took: None, tainted: true }
}

/// An engine on which every name is foreign.
fn seen(text: &str) -> Observed {
    let object = Object {
        id: text.to_owned(),
        name: text.to_owned(),
        resource: recorded_of(text).resource,
        provenance: Provenance {
            op: text.to_owned(),
            fence: 1,
            release: 1,
            tag: text.to_owned(),
            replica: 1,
            created: None,
        },
        status: Status::Running { since: None, healthy: Some(true) },
    };
    Observed {
        engine: engine(),
        objects: BTreeMap::from([(Address::service(text), vec![object])]),
        databases: BTreeMap::new(),
        key: None,
    }
}

fn drawn_findings(text: &str) -> Vec<String> {
    let finding = Finding {
        code: text.to_owned(),
        severity: Severity::Note,
        message: text.to_owned(),
        help: Some(text.to_owned()),
        file: Some(text.to_owned()),
        line: Some(1),
        column: None,
        end_line: None,
        end_column: None,
    };
    let findings = [finding];
    vec![json(&findings), sarif(&findings), github(&findings)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_control_character_is_drawn(text in foreign()) {
        let plan = plan_with(&text);
        for drawn in [drawn_plans(&plan, &text), drawn_ends(&plan, &text), drawn_findings(&text)].concat() {
            let bad = drawn.chars().find(|c| is_hidden(*c) && *c != '\n');
            prop_assert_eq!(bad, None, "{:?}", drawn);
        }
    }
}
