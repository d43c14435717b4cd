//! A small deployment: its plan, its releases, its records and the people who apply them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use omni::address::Address;
use omni::fingerprint::Fingerprint;
use omni::journal::{Apply, Cause, Effect, FaultReport, Record};
use omni::lock::{Holder, Op};
use omni::plan::{Action, Change, Inverse, Plan, Reason};
use omni::release::{Recorded, Release};
use omni::resource::{ConfigFile, Container, ImageUse, Job, Resource};
use omni::units::Period;

pub(crate) use crate::plan::scope;
use crate::{change, plan};

/// The present run of the machine that the tests are on.
pub(crate) const BOOT: &str = "boot-1";

/// A moment, so many seconds into the test.
pub(crate) fn at(second: i64) -> Timestamp {
    "2026-11-22T07:31:00.123456789Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

pub(crate) fn holder(pid: u32) -> Holder {
    Holder {
        who: "ci".into(),
        host: "runner-3".into(),
        boot: BOOT.into(),
        pid,
        started: 4711,
        doing: "apply v1.8.0".into(),
        lineage: "lineage-1".into(),
    }
}

/// A holder of whom nothing can be told from here.
pub(crate) fn stranger(pid: u32) -> Holder {
    Holder { host: "laptop".into(), boot: "boot-of-the-laptop".into(), ..holder(pid) }
}

pub(crate) fn node() -> Address {
    "job.seed".parse().unwrap()
}

pub(crate) fn file(content: &str) -> (Fingerprint, Vec<u8>) {
    (Fingerprint::of_bytes(content.as_bytes()), content.as_bytes().to_vec())
}

/// A job that gets these files.
pub(crate) fn job(files: &[&str]) -> Resource {
    let config = |(at, content): (usize, &&str)| {
        let path = format!("/etc/{at}");
        (path, ConfigFile { source: format!("{at}"), content: file(content).0, mode: 0o444 })
    };
    let image = ImageUse { node: "app".into(), reference: "shop/app:1".into(), pin: None };
    let container = Container { configs: files.iter().enumerate().map(config).collect(), ..Container::bare(image) };
    Resource::Job(Box::new(Job { container, timeout: Period::seconds(60), rollback: None, side_effects: false }))
}

pub(crate) fn plan(files: &[&str]) -> Plan {
    let change = Change {
        reasons: vec![Reason::New],
        inverse: Inverse::RemoveNew,
        after: Some(job(files)),
        ..change::change(node(), Action::Run)
    };
    let warnings = vec!["memory of `service.web` has no limit".into()];
    Plan { warnings, ..plan::plan(vec![change], Vec::new()) }
}

/// The apply that makes release `number`, opened under `fence`, with these files.
pub(crate) fn apply(number: u64, fence: u64, files: &[&str]) -> Apply {
    let plan = Plan { tag: format!("v1.{number}.0"), ..plan(files) };
    let op = Op::new(&plan.id(), "lineage", fence);
    Apply { op, fence, plan, release: number, by: "ci@runner-3".into(), opened: at(1) }
}

/// The same, of so many steps.
pub(crate) fn large_apply(number: u64, fence: u64, steps: usize) -> Apply {
    let mut apply = apply(number, fence, &[]);
    let step = apply.plan.changes[0].clone();
    apply.plan.changes = vec![step; steps];
    Apply { op: Op::new(&apply.plan.id(), "lineage", fence), ..apply }
}

pub(crate) fn release(number: u64, files: &[&str]) -> Release {
    let recorded = Recorded { resource: job(files), objects: vec!["c0ffee".into()], took: None, tainted: false };
    Release {
        number,
        tag: format!("v1.{number}.0"),
        scope: scope(),
        plan: plan(files).id(),
        spec: Fingerprint::of("spec"),
        at: at(9),
        by: "ci@runner-3".into(),
        rollback_of: None,
        resources: BTreeMap::from([(node(), recorded)]),
        world: Fingerprint::of("world"),
        without_backup: Vec::new(),
        databases: BTreeMap::new(),
    }
}

/// One record of every kind, with text that is not easy to keep.
pub(crate) fn records() -> Vec<Record> {
    let node = node();
    let effect =
        || Effect { objects: vec!["c0ffee".into(), "1dea".into()], note: "healthy, \"quoted\" \u{1F980}".into() };
    let fault = |help: Option<&str>| FaultReport {
        message: "health check failed 3 of 3 times: exit code 1".into(),
        help: help.map(str::to_owned),
        log: vec!["KeyError: 'email'".into(), String::new(), "a\\b \u{0}".into()],
    };
    let mut records = vec![
        Record::Intent { node: node.clone() },
        Record::Done { node: node.clone(), effect: effect() },
        Record::Failed { node: node.clone(), fault: fault(Some("look at the log")) },
        Record::Unknown { node: node.clone(), fault: fault(None) },
        Record::UndoIntent { node: node.clone() },
        Record::Undone { node: node.clone(), effect: Effect::default() },
        Record::UndoFailed { node: node.clone(), fault: fault(None) },
    ];
    let causes = [
        Cause::Failed(node),
        Cause::Interrupted("SIGTERM".into()),
        Cause::Deadline("the lease was lost".into()),
        Cause::Recovered,
    ];
    records.extend(causes.map(|cause| Record::Unwinding { cause }));
    records
}
