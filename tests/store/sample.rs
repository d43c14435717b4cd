//! A small deployment: its plan, its releases, its records and the people who apply them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use omni::address::{Address, Scope};
use omni::fingerprint::Fingerprint;
use omni::journal::{Apply, Cause, Effect, FaultReport, Record};
use omni::lock::{Holder, Op};
use omni::observed::EngineFacts;
use omni::plan::{Action, Change, Class, Downtime, Inverse, Phase, Plan, Purpose, Reason};
use omni::release::{Recorded, Release};
use omni::resource::{ConfigFile, Container, ImageUse, Job, Limits, Reservations, Resource, Restart};
use omni::units::Period;

/// The present run of the machine that the tests are on.
pub(crate) const BOOT: &str = "boot-1";

pub(crate) fn scope() -> Scope {
    Scope { project: "shop".into(), environment: Some("prod".into()) }
}

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
    let container = Container {
        image: ImageUse { node: "app".into(), reference: "shop/app:1".into(), pin: None },
        command: None,
        entrypoint: None,
        environment: BTreeMap::new(),
        user: None,
        working_dir: None,
        hostname: None,
        read_only: false,
        init: false,
        privileged: false,
        cap_add: BTreeSet::new(),
        cap_drop: BTreeSet::new(),
        security_opt: BTreeSet::new(),
        devices: BTreeSet::new(),
        ulimits: BTreeMap::new(),
        sysctls: BTreeMap::new(),
        tmpfs: BTreeMap::new(),
        shm_size: None,
        extra_hosts: BTreeMap::new(),
        dns: Vec::new(),
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
        configs: files.iter().enumerate().map(config).collect(),
        labels: BTreeMap::new(),
        logging: None,
        restart: Restart::No,
        stop_signal: None,
        stop_grace_period: Period::seconds(10),
        limits: Limits::default(),
        reservations: Reservations::default(),
        depends_on: BTreeMap::new(),
    };
    Resource::Job(Box::new(Job { container, timeout: Period::seconds(60), rollback: None, side_effects: false }))
}

pub(crate) fn plan(files: &[&str]) -> Plan {
    let change = Change {
        address: node(),
        action: Action::Run,
        reasons: vec![Reason::New],
        class: Class::Reversible,
        inverse: Inverse::RemoveNew,
        downtime: Downtime::NotApplicable,
        phase: Phase::Build,
        before: None,
        after: Some(job(files)),
        reuse: Vec::new(),
        differences: Vec::new(),
    };
    Plan {
        scope: scope(),
        purpose: Purpose::Apply,
        tag: "v1.8.0".into(),
        spec: Fingerprint::of("spec"),
        engine: EngineFacts {
            id: "engine-1".into(),
            version: "docker 27.3".into(),
            host: "unix:///var/run/docker.sock".into(),
            memory: 1 << 34,
            cpus: 8,
            platform: "linux/amd64".into(),
        },
        base: None,
        preconditions: Vec::new(),
        changes: vec![change],
        edges: Vec::new(),
        drift: Vec::new(),
        warnings: vec!["memory of `service.web` has no limit".into()],
    }
}

/// The apply that makes release `number`, opened under `fence`, with these files.
pub(crate) fn apply(number: u64, fence: u64, files: &[&str]) -> Apply {
    let plan = Plan { tag: format!("v1.{number}.0"), ..plan(files) };
    let op = Op::new(&plan.id(), fence);
    Apply { op, fence, plan, release: number, by: "ci@runner-3".into(), opened: at(1) }
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
