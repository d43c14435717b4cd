//! Things of the contract: short ways to resources and changes.

use std::collections::{BTreeMap, BTreeSet};

use omni::address::{Address, Kind};
use omni::plan::{Action, Change, Side};
use omni::resource::{
    Attachment, Container, Health, Image, ImageSource, ImageUse, Job, Mount, MountSource, Network, Pin, Probe,
    PullPolicy, Resource, Restart, Service, Strategy, Update, Volume,
};
use omni::template::Template;
use omni::units::Period;

use crate::{change, things};

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
    Network { labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]), ..things::network(name) }
}

pub(crate) fn volume(name: &str) -> Volume {
    Volume { shared: true, ..things::volume(name) }
}

/// A container without network and volume.
pub(crate) fn container(reference: &str, pin: Pin, command: Option<Vec<Template>>) -> Container {
    let image = ImageUse { node: "web".to_owned(), reference: reference.to_owned(), pin: Some(pin) };
    Container {
        command,
        environment: BTreeMap::from([("VERSION".to_owned(), Template::plain("1"))]),
        labels: BTreeMap::from([("team".to_owned(), "shop".to_owned())]),
        restart: Restart::UnlessStopped,
        stop_grace_period: Period::seconds(2),
        ..Container::bare(image)
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
    Change { before, after, ..change::change(address, action) }
}
