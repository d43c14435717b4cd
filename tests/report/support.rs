//! Builders of realistic plans and releases for the tests of drawing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use omni::address::{Address, Kind};
use omni::fingerprint::{Fingerprint, Key};
use omni::journal::{Cause, Effect, FaultReport, Outcome, Past, Record};
use omni::lock::{Held, Holder, Op};
use omni::plan::{Action, Base, Change, Class, Downtime, Drift, Inverse, Phase, Plan, Reason, Side, Turn};
use omni::release::{Recorded, Release};
use omni::report::Style;
use omni::resource::{
    Attachment, Container, Difference, Image, ImageSource, ImageUse, Job, Pin, Port, Protocol, PullPolicy, Resource,
    Restart, Service, Shown, Strategy, Update, differences,
};
use omni::template::{Part, Template};
use omni::units::Period;

pub(crate) use crate::plan::{engine, scope};
use crate::{change, plan, things};

/// A style of this width without colour.
pub(crate) fn wide() -> Style {
    Style { colour: false, unicode: true, width: 110, full: false, context: 3 }
}

/// The drawing with the id of `plan()` replaced, which changes with every field that a plan gets.
pub(crate) fn known(drawn: &str) -> String {
    let id = plan().id();
    drawn.replace(&id.to_string(), "7c1e44d0").replace(&id.spoken(), "7c1e-44d0")
}

/// The moment of this text.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

pub(crate) fn container(reference: &str, digit: char) -> Container {
    let image = ImageUse {
        node: reference.split([':', '/']).nth(1).unwrap_or("app").to_owned(),
        reference: reference.to_owned(),
        pin: Some(Pin::Digest(format!("sha256:{}", digit.to_string().repeat(64)))),
    };
    Container {
        init: true,
        networks: BTreeMap::from([("shop".to_owned(), Attachment::default())]),
        restart: Restart::UnlessStopped,
        ..Container::bare(image)
    }
}

pub(crate) fn service(container: Container, ports: &[(u16, u16)]) -> Service {
    Service {
        container,
        replicas: 1,
        ports: ports
            .iter()
            .map(|(host, inner)| Port { host_ip: None, host: Some(*host), container: *inner, protocol: Protocol::Tcp })
            .collect(),
        expose: BTreeSet::new(),
        healthcheck: None,
        update: Update {
            strategy: Strategy::Auto,
            order: None,
            parallelism: 1,
            delay: Period::seconds(0),
            monitor: Period::seconds(5),
            progress_deadline: Period::seconds(300),
        },
        rollback: None,
    }
}

fn secret(name: &str, mark: &str) -> Template {
    Template::from_parts(vec![Part::Secret { name: name.to_owned(), mark: mark.to_owned() }])
}

pub(crate) fn web(version: &str, digit: char) -> Resource {
    let mut web = container(&format!("shop/web:{version}"), digit);
    web.environment.insert("LOG_LEVEL".to_owned(), "info".into());
    Resource::Service(Box::new(service(web, &[(8080, 80)])))
}

pub(crate) fn worker(batch: &str, mark: &str, motd: &str, lead: &str) -> Resource {
    let mut worker = container("shop/worker:1.7.2", 'a');
    worker.environment.insert("QUEUE_BATCH".to_owned(), batch.into());
    worker.environment.insert("DB_PASSWORD".to_owned(), secret("DB_PASSWORD", mark));
    worker.environment.insert("API_TOKEN".to_owned(), secret("API_TOKEN", "feed"));
    worker.environment.insert("MOTD".to_owned(), motd.into());
    worker.command =
        Some(["work", "--queue", "mail", "--queue", lead, "--verbose", "--retries", "5"].map(Into::into).to_vec());
    Resource::Service(Box::new(service(worker, &[(9100, 9100)])))
}

pub(crate) fn image(reference: &str) -> Resource {
    Resource::Image(Image {
        source: ImageSource::Reference(reference.to_owned()),
        platform: None,
        pull_policy: PullPolicy::Missing,
        pin: Some(Pin::Digest(format!("sha256:{}", "c".repeat(64)))),
    })
}

pub(crate) fn network() -> Resource {
    Resource::Network(things::network("shop-prod-shop"))
}

pub(crate) fn volume() -> Resource {
    Resource::Volume(things::volume("shop-prod-data"))
}

pub(crate) fn job() -> Resource {
    let mut migrate = container("shop/web:1.8.0", 'c');
    migrate.command = Some(["migrate", "up"].map(Into::into).to_vec());
    Resource::Job(Box::new(Job {
        container: migrate,
        timeout: Period::seconds(90),
        rollback: None,
        side_effects: true,
    }))
}

/// A change from what was to what will be, with its differences.
pub(crate) fn change(
    address: Address,
    action: Action,
    before: Option<Resource>,
    after: Option<Resource>,
    reasons: Vec<Reason>,
) -> Change {
    let (class, inverse) = match action {
        Action::Keep => (Class::Reversible, Inverse::Nothing),
        Action::Create => (Class::Reversible, Inverse::RemoveNew),
        Action::Update => (Class::Reversible, Inverse::UpdateBack),
        Action::Replace(_) | Action::Delete => (Class::Reversible, Inverse::StartOld),
        Action::Run => (Class::OneWay, Inverse::Impossible),
    };
    let downtime = match action {
        Action::Replace(Turn::NewFirst) => Downtime::None,
        Action::Replace(Turn::OldFirst) => Downtime::About(Period::seconds(2)),
        Action::Delete => Downtime::Ends,
        _ => Downtime::NotApplicable,
    };
    let differences = differences(before.as_ref(), after.as_ref());
    let side = |resource| Side {
        resource,
        objects: vec!["0123456789ab".to_owned()],
        up: vec!["0123456789ab".to_owned()],
        unwell: Vec::new(),
    };
    Change {
        reasons,
        class,
        inverse,
        downtime,
        phase: if action == Action::Delete { Phase::Remove } else { Phase::Build },
        before: before.map(side),
        after,
        differences,
        ..change::change(address, action)
    }
}

/// A plan of these changes on release 41.
pub(crate) fn plan_of(changes: Vec<Change>, edges: Vec<(u32, u32)>) -> Plan {
    let base = Base { number: 41, tag: "v1.7.2".to_owned(), lineage: Some("lineage".to_owned()) };
    Plan { base: Some(base), ..plan::plan(changes, edges) }
}

const MOTD: &str = "Welcome\nto the shop\nopen at 8\nclosed at 18\nbring bags\nno dogs\nthank you";

/// The plan of the product's screens as far as its kinds exist.
pub(crate) fn plan() -> Plan {
    let old_first = Reason::OldFirst("host port 9100 is fixed".to_owned());
    let old_worker = worker("50", "5ec1", MOTD, "orders");
    let new_worker = worker("200", "5ec2", &MOTD.replace("at 18", "at 20"), "invoices");
    let changes = vec![
        change(
            Address::new(Kind::Image, "web"),
            Action::Create,
            None,
            Some(image("shop/web:1.8.0")),
            vec![Reason::New],
        ),
        change(Address::new(Kind::Network, "shop"), Action::Keep, Some(network()), Some(network()), Vec::new()),
        change(Address::new(Kind::Volume, "data"), Action::Keep, Some(volume()), Some(volume()), Vec::new()),
        change(Address::new(Kind::Job, "migrate"), Action::Run, None, Some(job()), vec![Reason::New]),
        change(
            Address::service("web"),
            Action::Replace(Turn::NewFirst),
            Some(web("1.7.2", '9')),
            Some(web("1.8.0", 'c')),
            vec![Reason::Spec],
        ),
        change(
            Address::service("worker"),
            Action::Replace(Turn::OldFirst),
            Some(old_worker),
            Some(new_worker),
            vec![Reason::Spec, old_first],
        ),
        change(Address::service("legacy"), Action::Delete, Some(web("1.0.0", '1')), None, vec![Reason::Gone]),
    ];
    let mut plan = plan_of(changes, vec![(0, 4), (1, 4), (3, 4), (4, 5), (5, 6)]);
    plan.drift.push(Drift {
        address: Address::service("web"),
        differences: vec![Difference {
            path: "environment.LOG_LEVEL".to_owned(),
            before: Some(Shown::Text("info".to_owned())),
            after: Some(Shown::Text("debug".to_owned())),
        }],
        schema: Vec::new(),
        summary: "environment.LOG_LEVEL".to_owned(),
    });
    plan.warnings.push("service.worker has no memory limit".to_owned());
    plan
}

/// A plan that changes nothing.
pub(crate) fn empty_plan() -> Plan {
    let kept =
        change(Address::service("web"), Action::Keep, Some(web("1.7.2", '9')), Some(web("1.7.2", '9')), Vec::new());
    plan_of(vec![kept], Vec::new())
}

pub(crate) fn release(number: u64, tag: &str) -> Release {
    let recorded =
        |resource| Recorded { resource, objects: vec!["0123456789ab".to_owned()], took: None, tainted: false };
    Release {
        number,
        tag: tag.to_owned(),
        scope: scope(),
        plan: Fingerprint::of("plan"),
        spec: Fingerprint::of("spec"),
        at: at("2026-11-20T14:02:00Z"),
        by: "ci".to_owned(),
        rollback_of: None,
        resources: BTreeMap::from([
            (Address::new(Kind::Network, "shop"), recorded(network())),
            (Address::service("web"), recorded(web("1.7.2", '9'))),
            (Address::service("worker"), recorded(worker("50", "5ec1", "Welcome", "orders"))),
        ]),
        world: Fingerprint::of("world"),
        without_backup: Vec::new(),
        databases: BTreeMap::new(),
    }
}

pub(crate) fn held() -> Held {
    Held {
        holder: Holder {
            who: "ci".to_owned(),
            host: "runner-3".to_owned(),
            boot: "boot".to_owned(),
            pid: 4711,
            started: 0,
            doing: "apply v1.8.0".to_owned(),
            lineage: "lineage".to_owned(),
        },
        fence: 57,
        since: at("2026-11-22T07:31:00Z"),
        until: at("2026-11-22T07:32:00Z"),
        now: at("2026-11-22T07:31:20Z"),
        id: "anchor".to_owned(),
    }
}

pub(crate) fn past(
    release: u64,
    tag: &str,
    purpose: &str,
    times: [&str; 2],
    turned: Option<&str>,
    outcome: Outcome,
) -> Past {
    Past {
        op: Op::new(&Fingerprint::of(&release), "lineage", release),
        release,
        tag: tag.to_owned(),
        purpose: purpose.to_owned(),
        by: "ci".to_owned(),
        opened: at(times[0]),
        closed: at(times[1]),
        turned: turned.map(at),
        outcome,
        steps: 4,
        without_backup: Vec::new(),
    }
}

pub(crate) fn key() -> Key {
    Key::new([7; 32])
}

pub(crate) fn fault() -> FaultReport {
    FaultReport {
        message: "health check failed 3 of 3 times: exit code 1".to_owned(),
        help: None,
        log: vec!["starting".to_owned(), "KeyError: 'email_verified'".to_owned()],
    }
}

pub(crate) fn effect(note: &str) -> Effect {
    Effect { objects: vec!["0123456789ab".to_owned()], note: note.to_owned() }
}

/// The records of an apply of `plan()` that failed at service.worker and was taken back.
pub(crate) fn unwound() -> Vec<Record> {
    let [image, job, web, worker] = nodes();
    vec![
        Record::Intent { node: image.clone() },
        Record::Done { node: image.clone(), effect: effect("pulled") },
        Record::Intent { node: job.clone() },
        Record::Done { node: job.clone(), effect: effect("exit code 0") },
        Record::Intent { node: web.clone() },
        Record::Done { node: web.clone(), effect: effect("healthy") },
        Record::Intent { node: worker.clone() },
        Record::Failed { node: worker.clone(), fault: fault() },
        Record::Unwinding { cause: Cause::Failed(worker.clone()) },
        Record::UndoIntent { node: worker.clone() },
        Record::Undone { node: worker, effect: effect("v1.7.2 back, new removed") },
        Record::UndoIntent { node: web.clone() },
        Record::Undone { node: web, effect: effect("v1.7.2 back, new removed") },
        Record::UndoIntent { node: job.clone() },
        Record::Undone { node: job, effect: effect("rollback ran") },
        Record::UndoIntent { node: image.clone() },
        Record::Undone { node: image, effect: effect("new removed") },
    ]
}

/// The addresses of the first four steps of `plan()`.
pub(crate) fn nodes() -> [Address; 4] {
    [
        Address::new(Kind::Image, "web"),
        Address::new(Kind::Job, "migrate"),
        Address::service("web"),
        Address::service("worker"),
    ]
}
