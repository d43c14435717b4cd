//! A live container in the words of the spec: what `create` did, read backwards.
//!
//! Each field is compared with what the engine makes of what was asked for, with what the image brings counted in.
//! Where both agree the field is as asked for, to the letter. The engine's own configuration adds resource limits, log
//! options and a size of shared memory to every container: what nobody asked for of these is taken for its doing.

mod limits;
mod ports;

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::{ContainerConfig, ContainerInspectResponse, DeviceMapping, HostConfig, ImageConfig};

use crate::provider::docker::create::{device_mapping, security_option, whole_seconds};
use crate::provider::docker::endpoint::{self, Endpoints};
use crate::provider::docker::mounts::{self, cleaned};
use crate::provider::docker::wiring::Wiring;
use crate::provider::docker::{health, reading, words};
use crate::provider::engine::{Asked, Labels, Seen};
use crate::resource::{Container, ImageUse, Pin};
use crate::template::Template;
use crate::units::Period;

pub(super) use ports::inside_port;

/// The prefix of omni's own labels.
pub(super) const OWN: &str = "omni.";

/// All that is known of one container.
struct Known<'a> {
    id: &'a str,
    image_id: &'a str,
    config: ContainerConfig,
    host: HostConfig,
    endpoints: Endpoints,
    wiring: Wiring,
    labels: &'a Labels,
    /// None where the image is gone.
    image: Option<&'a ImageConfig>,
    asked: Option<&'a Asked>,
}

/// A live container in the words of the spec.
pub(super) fn seen(
    live: &ContainerInspectResponse,
    labels: &Labels,
    image: Option<&ImageConfig>,
    asked: Option<&Asked>,
) -> Seen {
    let networks = live.network_settings.as_ref().and_then(|settings| settings.networks.clone());
    let known = Known {
        id: live.id.as_deref().unwrap_or_default(),
        image_id: live.image.as_deref().unwrap_or_default(),
        config: live.config.clone().unwrap_or_default(),
        host: live.host_config.clone().unwrap_or_default(),
        endpoints: networks.unwrap_or_default(),
        wiring: Wiring::read(labels),
        labels,
        image,
        asked,
    };
    let ports = known.ports();
    Seen { expose: known.expose(&ports), health: known.health(), container: known.container(), ports }
}

impl Known<'_> {
    fn container(&self) -> Container {
        let (config, host, asked) = (&self.config, &self.host, self.asked.map(|asked| &asked.container));
        let own_names = [self.id, config.hostname.as_deref().unwrap_or_default()];
        let mut container = Container {
            image: asked.map_or_else(|| self.image_use(), |asked| asked.image.clone()),
            command: self.command(),
            entrypoint: self.entrypoint(),
            environment: self.environment(),
            user: self.text(config.user.as_deref(), |c| c.user.as_deref(), |i| i.user.as_deref(), str::to_owned),
            working_dir: self.text(
                config.working_dir.as_deref(),
                |c| c.working_dir.as_deref(),
                |i| i.working_dir.as_deref(),
                cleaned,
            ),
            hostname: self.hostname(),
            read_only: host.readonly_rootfs.unwrap_or(false),
            init: host.init.unwrap_or(false),
            privileged: host.privileged.unwrap_or(false),
            cap_add: self.set(host.cap_add.as_ref(), |c| &c.cap_add, capability),
            cap_drop: self.set(host.cap_drop.as_ref(), |c| &c.cap_drop, capability),
            security_opt: self.security_opt(),
            devices: self.devices(),
            ulimits: self.ulimits(),
            sysctls: reading::sorted(host.sysctls.as_ref()),
            tmpfs: reading::sorted(host.tmpfs.as_ref()),
            shm_size: self.shm_size(),
            extra_hosts: extra_hosts(host),
            dns: host.dns.clone().unwrap_or_default(),
            networks: endpoint::seen(&self.endpoints, &self.wiring, own_names, asked.map(|asked| &asked.networks)),
            volumes: mounts::seen(host, &self.wiring, asked.map(|asked| &asked.volumes)),
            configs: asked.map(|asked| asked.configs.clone()).unwrap_or_default(),
            labels: self.labels(),
            logging: self.logging(),
            restart: limits::restart(host.restart_policy.as_ref()),
            stop_signal: self.text(
                config.stop_signal.as_deref(),
                |c| c.stop_signal.as_deref(),
                |i| i.stop_signal.as_deref(),
                signal,
            ),
            stop_grace_period: self.grace(),
            limits: limits::limits(host, asked.map(|asked| asked.limits)),
            reservations: limits::reservations(host, asked.map(|asked| asked.reservations)),
            depends_on: asked.map(|asked| asked.depends_on.clone()).unwrap_or_default(),
            databases: BTreeSet::new(),
        };
        self.moved_sysctls(&mut container);
        container
    }

    fn image_use(&self) -> ImageUse {
        let reference = self.config.image.clone().unwrap_or_default();
        ImageUse { node: String::new(), reference, pin: Some(Pin::Id(self.image_id.to_owned())) }
    }

    fn text(
        &self,
        live: Option<&str>,
        asked: impl Fn(&Container) -> Option<&str>,
        image: impl Fn(&ImageConfig) -> Option<&str>,
        normal: impl Fn(&str) -> String,
    ) -> Option<String> {
        reading::text(live, self.asked.map(|a| asked(&a.container)), self.image.map(image), normal)
    }

    fn set(
        &self,
        live: Option<&Vec<String>>,
        asked: impl Fn(&Container) -> &BTreeSet<String>,
        normal: impl Fn(&str) -> String,
    ) -> BTreeSet<String> {
        reading::set(live.into_iter().flatten().cloned(), self.asked.map(|a| asked(&a.container)), normal)
    }

    fn entrypoint(&self) -> Option<Vec<Template>> {
        let asked = self.asked.map(|asked| asked.container.entrypoint.as_deref());
        // An empty entry point is asked for to be rid of the image's.
        let rid = asked.flatten().is_some_and(<[Template]>::is_empty);
        let image = self.image.map(|image| image.entrypoint.as_deref().filter(|_| !rid));
        reading::list(self.config.entrypoint.as_deref(), asked, image, rid)
    }

    fn command(&self) -> Option<Vec<Template>> {
        let asked = self.asked.map(|asked| asked.container.command.as_deref());
        // With an entry point of its own a container does not get the image's command.
        let bare = self.config.entrypoint.as_ref().is_some_and(|words| !words.is_empty());
        reading::list(self.config.cmd.as_deref(), asked, self.image.map(|image| image.cmd.as_deref()), bare)
    }

    fn environment(&self) -> BTreeMap<String, Template> {
        let live = reading::variables(self.config.env.as_ref());
        let image = self.image.map(|image| reading::variables(image.env.as_ref()));
        let asked = self.asked.map(|asked| &asked.container.environment);
        reading::map(&live, asked, image.as_ref(), words::seen)
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let live = self.labels.iter().filter(|(name, _)| !name.starts_with(OWN));
        let live = live.map(|(name, value)| (name.clone(), value.clone())).collect();
        let image = self.image.map(|image| reading::sorted(image.labels.as_ref()));
        let asked = self.asked.map(|asked| &asked.container.labels);
        reading::map(&live, asked, image.as_ref(), |live, _| live.to_owned())
    }

    fn hostname(&self) -> Option<String> {
        let asked = self.asked.and_then(|asked| asked.container.hostname.as_ref());
        let live = self.config.hostname.as_ref().filter(|name| !name.is_empty())?;
        // Without a name of its own a container is called by the start of its id.
        if asked != Some(live) && self.id.starts_with(live.as_str()) { None } else { Some(live.clone()) }
    }

    fn security_opt(&self) -> BTreeSet<String> {
        let privileged = self.host.privileged.unwrap_or(false);
        let asked = |option: &str| {
            let options = self.asked.map(|asked| &asked.container.security_opt);
            options.into_iter().flatten().any(|asked| security_option(asked) == option)
        };
        // The engine switches labels off for a container that may do everything.
        let own = |option: &String| privileged && option == "label=disable" && !asked(option);
        let live: Vec<_> = self.host.security_opt.iter().flatten().filter(|option| !own(option)).cloned().collect();
        self.set(Some(&live), |container| &container.security_opt, security_option)
    }

    fn devices(&self) -> BTreeSet<String> {
        let whole = |mapping: &DeviceMapping| {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            [&mapping.path_on_host, &mapping.path_in_container, &mapping.cgroup_permissions].map(part).join(":")
        };
        let live: Vec<_> = self.host.devices.iter().flatten().map(whole).collect();
        self.set(Some(&live), |container| &container.devices, |device| whole(&device_mapping(device)))
    }

    /// Settings of one interface, which newer engines keep with the network they belong to.
    fn moved_sysctls(&self, container: &mut Container) {
        let asked = self.asked.map(|asked| &asked.container.sysctls);
        let moved = asked.into_iter().flatten().filter(|(name, _)| name.starts_with("net.") && name.contains(".eth"));
        for (name, value) in moved {
            container.sysctls.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    fn grace(&self) -> Period {
        let live = self.config.stop_timeout.unwrap_or(10);
        let asked = self.asked.map(|asked| asked.container.stop_grace_period);
        let kept = asked.filter(|asked| whole_seconds(*asked) == live);
        kept.unwrap_or_else(|| Period::seconds(u64::try_from(live).unwrap_or(0)))
    }

    fn health(&self) -> Option<crate::resource::Health> {
        let asked = self.asked.map(|asked| asked.health.as_ref());
        let live = self.config.healthcheck.as_ref();
        let shell = self.image.and_then(|image| image.shell.as_deref());
        if self.image.is_none() && asked.is_some_and(health::left_to_image) {
            return asked.flatten().cloned();
        }
        health::seen(live, self.image.and_then(|image| image.healthcheck.as_ref()), asked.flatten(), shell)
    }
}

fn extra_hosts(host: &HostConfig) -> BTreeMap<String, String> {
    let split = |line: &String| line.split_once(':').map(|(name, address)| (name.to_owned(), address.to_owned()));
    host.extra_hosts.iter().flatten().filter_map(split).collect()
}

fn capability(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    upper.strip_prefix("CAP_").map(str::to_owned).unwrap_or(upper)
}

/// Without a signal of its own a container is asked to end with SIGTERM.
fn signal(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    if bare.is_empty() { "TERM".to_owned() } else { bare.to_owned() }
}
