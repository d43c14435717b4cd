//! Screens around an apply: endings, status, history, releases, the lock, an open apply.

use std::collections::BTreeMap;
use std::time::Duration;

use omni::address::Address;
use omni::fingerprint::Fingerprint;
use omni::journal::{Apply, Cause, FaultReport, LeftBehind, Outcome, Record};
use omni::lock::{Op, Standing};
use omni::observed::{Object, Observed, Provenance, Status};
use omni::plan::{Comparison, Drift, Plan, Purpose};
use omni::release::Release;
use omni::report::{
    Facts, Now, Style, ending, failure_of, history, history_csv, history_json, lock, open_apply, opening, release,
    releases, status, world,
};
use omni::resource::{Difference, Shown};

use crate::support::{at, engine, held, key, known, nodes, past, plan, scope, unwound, wide};

fn facts(records: &[Record]) -> Facts<'_> {
    Facts {
        release: 42,
        took: Duration::from_secs(146),
        records,
        location: Some("deploy.toml:61:1"),
        before: Some(Fingerprint::of("world")),
        world: Some(Fingerprint::of("world")),
    }
}

#[test]
fn applied() {
    insta::assert_snapshot!(ending(&plan(), &Outcome::Applied, &facts(&[]), &wide()), @r"
    applied: shop/prod is at release 42 (v1.8.0), in 2m 26s
      open http://localhost:8080   service.web
      open http://localhost:9100   service.worker
      fingerprint 09bf-524d
    next: omni status
    ");
}

#[test]
fn the_first_words() {
    insta::assert_snapshot!(known(&opening(&plan(), 42, 57, &wide())), @r"
    shop/prod   plan 7c1e-44d0   release 42 (v1.8.0)   lock fence 57, held
    preconditions 0/0 still true
    ");
}

#[test]
fn an_ending_in_colour() {
    let [.., worker] = nodes();
    let outcome = Outcome::Unwound(Cause::Failed(worker));
    let coloured = ending(&plan(), &outcome, &facts(&unwound()), &Style { colour: true, ..wide() });
    assert!(coloured.starts_with("\u{1b}[31merror[omni::apply::step_failed]\u{1b}[39m: "), "{coloured:?}");
    let bare: String = coloured.lines().map(|line| omni::plain::plain(line) + "\n").collect();
    assert_eq!(bare, ending(&plan(), &outcome, &facts(&unwound()), &wide()));
}

#[test]
fn rolled_back_and_removed() {
    let mut plan = plan();
    plan.purpose = Purpose::Rollback(39);
    let text = ending(&plan, &Outcome::Applied, &facts(&[]), &wide());
    assert!(text.starts_with("rolled back: shop/prod is at release 42"), "{text}");
    plan.purpose = Purpose::Destroy;
    let text = ending(&plan, &Outcome::Applied, &facts(&[]), &wide());
    assert!(text.starts_with("removed: nothing of shop/prod serves any more"), "{text}");
}

#[test]
fn failed_and_undone() {
    let [.., worker] = nodes();
    let outcome = Outcome::Unwound(Cause::Failed(worker));
    insta::assert_snapshot!(ending(&plan(), &outcome, &facts(&unwound()), &wide()));
}

#[test]
fn undone_and_still_not_as_before() {
    let [.., worker] = nodes();
    let outcome = Outcome::Unwound(Cause::Failed(worker));
    let records = unwound();
    let facts = Facts { before: Some(Fingerprint::of("another")), ..facts(&records) };
    let text = ending(&plan(), &outcome, &facts, &wide());
    assert!(!text.contains("the system equals"), "{text}");
    assert!(text.contains(") is not what v1.7.2 was ("), "{text}");
}

#[test]
fn interrupted_by_a_signal_and_undone() {
    let outcome = Outcome::Unwound(Cause::Interrupted("SIGINT".to_owned()));
    let text = ending(&plan(), &outcome, &facts(&[]), &wide());
    assert!(text.starts_with("error[omni::apply::interrupted]: SIGINT was heard, everything was undone\n"), "{text}");
}

#[test]
fn stuck() {
    let [_, job, web, worker] = nodes();
    let mut records = unwound();
    records.truncate(11);
    let report = FaultReport {
        message: "the engine says no".to_owned(),
        help: Some("look at the port".to_owned()),
        log: Vec::new(),
    };
    records.extend([
        Record::UndoIntent { node: web.clone() },
        Record::UndoFailed { node: web.clone(), fault: report.clone() },
    ]);
    let left = vec![LeftBehind { node: web, fault: Some(report) }, LeftBehind { node: job, fault: None }];
    let outcome = Outcome::Stuck { cause: Cause::Failed(worker), left };
    insta::assert_snapshot!(ending(&plan(), &outcome, &facts(&records), &wide()));
}

#[test]
fn interrupted() {
    let records = &unwound()[..5];
    insta::assert_snapshot!(ending(&plan(), &Outcome::Interrupted, &facts(records), &wide()));
}

fn open(records: &[Record]) -> String {
    open_apply(&opened(plan()), records, at("2026-11-22T07:36:10Z"), &wide())
}

#[test]
fn an_apply_is_open() {
    insta::assert_snapshot!(known(&open(&unwound()[..12])));
}

#[test]
fn an_open_apply_names_only_the_ways_that_are_open() {
    let all = unwound();
    let turned = all.iter().position(|record| matches!(record, Record::Unwinding { .. })).expect("it turns");
    let forward = open(&all[..turned]);
    assert!(forward.ends_with("finish or undo it (`--forward`, `--back`; safe to repeat)\n"), "{forward}");
    let back = open(&all[..=turned]);
    assert!(back.ends_with("help: run `omni recover` to undo the rest of it (safe to repeat)\n"), "{back}");
    let [_, job, ..] = nodes();
    let fault = FaultReport { message: "exit code 1".to_owned(), help: None, log: Vec::new() };
    let failed =
        [Record::UndoIntent { node: job.clone() }, Record::UndoFailed { node: job.clone(), fault: fault.clone() }];
    let stuck = open(&[&all[..=turned], &failed].concat());
    assert!(stuck.contains("`omni recover --back`") && stuck.contains("`omni recover --accept`"), "{stuck}");
    let left = vec![LeftBehind { node: job, fault: Some(fault) }];
    let outcome = Outcome::Stuck { cause: Cause::Recovered, left };
    let (_, _, help) = failure_of(&plan(), &outcome, &[]).expect("a failure");
    assert!(help.contains("run as the plan has it") && help.contains("`omni recover --accept`"), "{help}");
}

fn object(release: &Release, name: &str, status: Status) -> (Address, Vec<Object>) {
    let address = Address::service(name);
    let object = Object {
        id: "0123456789ab".to_owned(),
        name: format!("shop-prod-{name}"),
        resource: release.resources[&address].resource.clone(),
        provenance: Provenance {
            op: "op".to_owned(),
            fence: 56,
            release: 41,
            tag: "v1.7.2".to_owned(),
            replica: 1,
            created: None,
        },
        status,
    };
    (address, vec![object])
}

fn drift() -> Vec<Drift> {
    let text = |text: &str| Some(Shown::Text(text.to_owned()));
    vec![Drift {
        address: Address::service("web"),
        differences: vec![Difference {
            path: "environment.LOG_LEVEL".to_owned(),
            before: text("info"),
            after: text("debug"),
        }],
        schema: Vec::new(),
        summary: "environment.LOG_LEVEL".to_owned(),
    }]
}

#[test]
fn status_of_a_deployment() {
    let head = crate::support::release(41, "v1.7.2");
    let running = Status::Running { since: Some(at("2026-11-23T14:02:00Z")), healthy: Some(true) };
    let objects =
        BTreeMap::from([object(&head, "web", running), object(&head, "worker", Status::Exited { code: 137 })]);
    let observed = Observed { engine: engine(), objects, databases: BTreeMap::new(), key: Some(key()) };
    let (scope, lineage) = (scope(), "7f2e");
    let settled = Comparison::not_looked(Some(&head), lineage);
    let compared = Comparison { drift: drift(), ..settled.clone() };
    let now = Now {
        store: None,
        scope: &scope,
        head: Some(&head),
        observed: &observed,
        compared: &compared,
        lock: None,
        last_fence: 56,
        open: None,
        at: at("2026-11-25T15:00:00Z"),
    };
    insta::assert_snapshot!(status(&now, &wide()));
    insta::assert_snapshot!(status(
        &Now { lock: Some((&held(), Standing::Alive)), compared: &settled, ..now },
        &Style { width: 60, ..wide() }
    ));
}

/// An apply that is open, with some of its records.
fn opened(plan: Plan) -> Apply {
    let op = Op::new(&plan.id(), "lineage", 57);
    Apply { op, fence: 57, plan, release: 42, by: "ci".to_owned(), opened: at("2026-11-22T07:31:00Z") }
}

#[test]
fn on_a_narrow_terminal_no_screen_is_broken_in_a_word() {
    let (records, release, scope, held) = (unwound(), crate::support::release(41, "v1.7.2"), scope(), held());
    let observed = Observed { engine: engine(), objects: BTreeMap::new(), databases: BTreeMap::new(), key: None };
    let compared = Comparison::not_looked(Some(&release), "lineage");
    let apply = opened(plan());
    let now = Now {
        store: Some("postgres://ci@db.example.com/omni"),
        scope: &scope,
        head: Some(&release),
        observed: &observed,
        compared: &compared,
        lock: Some((&held, Standing::Dead)),
        last_fence: 56,
        open: Some((&apply, &records)),
        at: at("2026-11-25T15:00:00Z"),
    };
    let [_, job, web, worker] = nodes();
    let fault = FaultReport { message: "the engine says no and no again".to_owned(), help: None, log: Vec::new() };
    let left = vec![LeftBehind { node: web, fault: Some(fault.clone()) }, LeftBehind { node: job, fault: Some(fault) }];
    let endings = [Outcome::Applied, Outcome::Interrupted, Outcome::Stuck { cause: Cause::Failed(worker), left }];
    for width in 40..100 {
        let style = Style { width, ..wide() };
        let mut screens = vec![
            status(&now, &style),
            open_apply(&apply, &records, now.at, &style),
            lock(now.lock, 57, &style),
            releases(std::slice::from_ref(&release), &style),
            history(&pasts(), Some(90), 20, &style),
            world(&observed, &style),
        ];
        screens.extend(endings.iter().map(|outcome| ending(&plan(), outcome, &facts(&records), &style)));
        for (screen, line) in screens.iter().flat_map(|screen| screen.lines().map(move |line| (screen, line))) {
            assert!(line.chars().count() <= usize::from(width), "{width}: `{line}` in\n{screen}");
        }
    }
    insta::assert_snapshot!(status(&now, &Style { width: 40, ..wide() }));
}

#[test]
fn status_before_the_first_release() {
    let observed = Observed { engine: engine(), objects: BTreeMap::new(), databases: BTreeMap::new(), key: None };
    let (scope, compared) = (scope(), Comparison::new(None, "", &observed));
    let now = Now {
        store: None,
        scope: &scope,
        head: None,
        observed: &observed,
        compared: &compared,
        lock: None,
        last_fence: 0,
        open: None,
        at: at("2026-11-25T15:00:00Z"),
    };
    insta::assert_snapshot!(status(&now, &wide()), @r"
    shop/prod   no release yet
      drift              not told  there is no release to compare with
      lock               free     (fence 0)
      open apply         none
    next: omni apply
    ");
}

fn pasts() -> Vec<omni::journal::Past> {
    let [_, job, _, worker] = nodes();
    let stuck =
        Outcome::Stuck { cause: Cause::Failed(worker.clone()), left: vec![LeftBehind { node: job, fault: None }] };
    vec![
        past(
            42,
            "v1.8.0",
            "apply",
            ["2026-11-22T07:31:00Z", "2026-11-22T07:33:31Z"],
            Some("2026-11-22T07:33:26Z"),
            Outcome::Unwound(Cause::Failed(worker)),
        ),
        past(41, "v1.7.2", "rollback", ["2026-11-20T14:01:22Z", "2026-11-20T14:02:00Z"], None, Outcome::Applied),
        past(40, "v1.7.3", "apply", ["2026-11-20T13:00:00Z", "2026-11-20T13:03:05Z"], None, Outcome::Applied),
        past(
            40,
            "v1.7.3",
            "apply",
            ["2026-11-20T12:00:00Z", "2026-11-20T12:10:00Z"],
            Some("2026-11-20T12:05:00Z"),
            stuck,
        ),
    ]
}

#[test]
fn history_with_figures() {
    insta::assert_snapshot!(history(&pasts(), Some(90), 100, &wide()));
    let mut long = pasts();
    for past in &mut long {
        past.tag = "20261122T204708Z".to_owned();
        past.by = "deploy@runner-3".to_owned();
    }
    for width in [60, 80, 100, 110] {
        let text = history(&long, Some(90), 100, &Style { width, ..wide() });
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(widest <= usize::from(width), "{width}: {widest}\n{text}");
        if width == 60 {
            insta::assert_snapshot!("history_at_60_columns", text);
        }
    }
    insta::assert_snapshot!(history(&[], None, 100, &wide()), @r"
    No apply yet.
    next: omni apply
    ");
}

#[test]
fn history_for_programs() {
    let mut pasts = pasts();
    pasts[1].by = "a \"b\", c".to_owned();
    insta::assert_snapshot!(history_csv(&pasts));
    insta::assert_snapshot!(history_json(&pasts[..1], Some(90)));
}

#[test]
fn releases_to_choose_from() {
    let mut all = vec![crate::support::release(41, "v1.7.2"), crate::support::release(40, "v1.7.3")];
    all[0].rollback_of = Some(39);
    insta::assert_snapshot!(releases(&all, &wide()), @r"
    release  tag     when              by  note
    41       v1.7.2  2026-11-20 14:02  ci  now, back to release 39
    40       v1.7.3  2026-11-20 14:02  ci
    next: omni rollback --to v1.7.3
    ");
}

#[test]
fn one_release() {
    insta::assert_snapshot!(release(&crate::support::release(41, "v1.7.2"), &wide()));
    insta::assert_snapshot!(release(&crate::support::release(41, "v1.7.2"), &Style { full: true, ..wide() }));
}

#[test]
fn who_has_the_lock() {
    insta::assert_snapshot!(lock(None, 56, &wide()), @"lock free (fence 56)");
    let mut held = held();
    insta::assert_snapshot!(lock(Some((&held, Standing::Leased)), 57, &wide()), @r"
    lock held by ci@runner-3 (pid 4711): apply v1.8.0
      fence  57
      since  2026-11-22 07:31 (20s ago)
      lease  40 s left
      holder cannot be seen from here, and has its lease
      help: wait, as with `--lock-wait 5m`; if you know that its holder is gone: `omni lock break --fence 57`
    ");
    held.now = at("2026-11-22T07:40:00Z");
    let text = lock(Some((&held, Standing::Abandoned)), 57, &wide());
    assert!(text.contains("lease  over since 8m 00s, abandoned"), "{text}");
    assert!(text.contains("omni recover") && !text.contains("lock break"), "{text}");
    let text = lock(Some((&held, Standing::Dead)), 57, &wide());
    assert!(text.contains("is dead (proven)") && text.contains("omni recover"), "{text}");
    let text = lock(Some((&held, Standing::Alive)), 57, &wide());
    assert!(text.contains("`kill 4711`") && !text.contains("lock break"), "{text}");
}
