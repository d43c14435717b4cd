//! Things of the contract: short ways to resources and changes.

use std::collections::{BTreeMap, BTreeSet};

use omni::address::{Address, Kind};
use omni::plan::{Action, Change, Class, Downtime, Inverse, Phase, Side};
use omni::resource::{
    Attachment, Container, Health, Image, ImageSource, ImageUse, Job, Limits, Mount, MountSource, Network, Pin, Probe,
    PullPolicy, Reservations, Resource, Restart, Service, Strategy, Update, Volume,
};
use omni::template::Template;
use omni::units::Period;

pub(crate) fn at(kind: Kind, name: &str) -> Address {
    Address::new(kind, name)
}

pub(crate) fn web() -> Address {
    Address::service("web")
}

pub(crate) fn image(reference: &str, pin: Option<Pin>) -> Image {
    Image {
        source: ImageSource::Reference(reference.to_owned()),
        platform: None,
        pull_policy: PullPolicy::Missing,
        pin,
    }
}

pub(crate) fn network(name: &str) -> Network {
    Network {
        name: name.to_owned(),
        external: false,
        driver: "bridge".to_owned(),
        options: BTreeMap::new(),
        labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        internal: false,
        subnet: None,
    }
}

pub(crate) fn volume(name: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        external: false,
        shared: true,
        driver: "local".to_owned(),
        options: BTreeMap::new(),
        labels: BTreeMap::new(),
    }
}

/// A container without network and volume.
pub(crate) fn container(reference: &str, pin: Pin, command: Option<Vec<Template>>) -> Container {
    let image = ImageUse { node: "web".to_owned(), reference: reference.to_owned(), pin: Some(pin) };
    Container {
        image,
        command,
        entrypoint: None,
        environment: BTreeMap::from([("VERSION".to_owned(), Template::plain("1"))]),
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
        configs: BTreeMap::new(),
        labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        logging: None,
        restart: Restart::UnlessStopped,
        stop_signal: None,
        stop_grace_period: Period::seconds(2),
        limits: Limits::default(),
        reservations: Reservations::default(),
        depends_on: BTreeMap::new(),
    }
}

/// The container on the network `net`, with the volume `data`.
pub(crate) fn connected(mut container: Container) -> Container {
    container.networks.insert("net".to_owned(), Attachment::default());
    let mount = Mount { source: MountSource::Volume("data".to_owned()), read_only: false };
    container.volumes.insert("/data".to_owned(), mount);
    container
}

pub(crate) fn service(container: Container, health: Vec<Template>) -> Service {
    Service {
        container,
        replicas: 1,
        ports: BTreeSet::new(),
        expose: BTreeSet::new(),
        healthcheck: Some(Health {
            probe: Probe::Command(health),
            interval: Period::seconds(1),
            timeout: Period::seconds(1),
            retries: 2,
            start_period: Period::seconds(1),
        }),
        update: Update {
            strategy: Strategy::Auto,
            order: None,
            parallelism: 1,
            delay: Period::millis(10),
            monitor: Period::millis(100),
            progress_deadline: Period::seconds(30),
        },
        rollback: None,
    }
}

pub(crate) fn job(container: Container, rollback: Option<Vec<Template>>) -> Job {
    let container = Container { restart: Restart::No, ..container };
    Job { container, timeout: Period::seconds(30), rollback, side_effects: true }
}

/// The service with another value of its variable.
pub(crate) fn version(service: &Service, version: &str) -> Service {
    let mut other = service.clone();
    other.container.environment.insert("VERSION".to_owned(), Template::plain(version));
    other
}

pub(crate) fn boxed(service: &Service) -> Resource {
    Resource::Service(Box::new(service.clone()))
}

/// A change with what a provider looks at.
pub(crate) fn change(address: Address, action: Action, before: Option<Side>, after: Option<Resource>) -> Change {
    Change {
        address,
        action,
        reasons: Vec::new(),
        class: Class::Reversible,
        inverse: Inverse::Nothing,
        downtime: Downtime::NotApplicable,
        phase: Phase::Build,
        before,
        after,
        reuse: Vec::new(),
        differences: Vec::new(),
    }
}
