//! A container in the words of the spec as the body of the engine's `create` call.
//!
//! `seen` reads every field back; what is changed here has to be changed there.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, DeviceMapping, HostConfig, HostConfigLogConfig, NetworkingConfig, PortBinding, PortMap,
    ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
};

use crate::provider::docker::endpoint;
use crate::provider::docker::wiring::Wiring;
use crate::provider::docker::{health, mounts, words};
use crate::provider::engine::NewContainer;
use crate::provider::{Fault, FaultKind};
use crate::resource::{Container, Port, Restart};
use crate::units::{Bytes, Cpus, Period};

/// The body of the call, with the first of its networks.
pub(super) fn body(new: &NewContainer, wiring: &Wiring) -> Result<ContainerCreateBody, Fault> {
    let container = &new.container;
    let mut labels: HashMap<_, _> = container.labels.clone().into_iter().collect();
    labels.extend(new.labels.clone());
    labels.extend([wiring.label()]);
    let environment = container.environment.iter().map(|(name, value)| Ok(format!("{name}={}", words::text(value)?)));
    let first = new.networks.first();
    let endpoints: HashMap<_, _> =
        first.map(|joined| (joined.id.clone(), endpoint::settings(joined))).into_iter().collect();
    Ok(ContainerCreateBody {
        image: Some(new.image.clone()),
        hostname: container.hostname.clone(),
        user: container.user.clone(),
        working_dir: container.working_dir.clone(),
        env: Some(environment.collect::<Result<_, Fault>>()?),
        cmd: container.command.as_deref().map(words::filled).transpose()?,
        entrypoint: container.entrypoint.as_deref().map(words::filled).transpose()?,
        exposed_ports: Some(exposed(new)),
        healthcheck: health::config(new.health.as_ref())?,
        labels: Some(labels),
        stop_signal: container.stop_signal.clone(),
        stop_timeout: Some(whole_seconds(container.stop_grace_period)),
        host_config: Some(host_config(new)?),
        networking_config: Some(NetworkingConfig { endpoints_config: Some(endpoints) }),
        ..ContainerCreateBody::default()
    })
}

fn host_config(new: &NewContainer) -> Result<HostConfig, Fault> {
    let container = &new.container;
    let limits = container.limits;
    let mapped = mounts::mapped(container, &new.volumes)?;
    Ok(HostConfig {
        binds: Some(mapped.binds),
        mounts: Some(mapped.mounts),
        tmpfs: Some(container.tmpfs.clone().into_iter().collect()),
        readonly_rootfs: Some(container.read_only),
        init: Some(container.init),
        privileged: Some(container.privileged),
        cap_add: Some(container.cap_add.iter().cloned().collect()),
        cap_drop: Some(container.cap_drop.iter().cloned().collect()),
        security_opt: Some(container.security_opt.iter().map(|option| security_option(option)).collect()),
        devices: Some(container.devices.iter().map(|device| device_mapping(device)).collect()),
        ulimits: Some(ulimits(container)),
        sysctls: Some(container.sysctls.clone().into_iter().collect()),
        shm_size: container.shm_size.map(bytes),
        extra_hosts: Some(container.extra_hosts.iter().map(|(name, address)| format!("{name}:{address}")).collect()),
        dns: Some(container.dns.clone()),
        port_bindings: Some(bindings(&new.ports)),
        network_mode: new.networks.first().map(|joined| joined.id.clone()),
        log_config: container.logging.as_ref().map(|logging| HostConfigLogConfig {
            typ: Some(logging.driver.clone()),
            config: Some(logging.options.clone().into_iter().collect()),
        }),
        restart_policy: Some(restart_policy(container.restart)),
        memory: limits.memory.map(bytes),
        // As much swap as memory means none on top: the limit counts both.
        memory_swap: limits.memory.map(bytes),
        nano_cpus: limits.cpus.map(nano_cpus),
        pids_limit: limits.pids,
        cpu_shares: container.reservations.cpus.map(cpu_shares),
        memory_reservation: container.reservations.memory.map(bytes),
        ..HostConfig::default()
    })
}

fn exposed(new: &NewContainer) -> Vec<String> {
    let of_ports = new.ports.iter().map(|port| format!("{}/{}", port.container, port.protocol.word()));
    let mut all: Vec<_> = new.expose.iter().map(|port| exposed_port(port)).chain(of_ports).collect();
    all.sort();
    all.dedup();
    all
}

/// A port to expose as the engine writes it: `3000/tcp`.
pub(super) fn exposed_port(port: &str) -> String {
    if port.contains('/') { port.to_ascii_lowercase() } else { format!("{port}/tcp") }
}

fn bindings<'a>(ports: impl IntoIterator<Item = &'a Port>) -> PortMap {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for port in ports {
        let binding = PortBinding {
            host_ip: Some(port.host_ip.clone().unwrap_or_default()),
            host_port: Some(port.host.map(|host| host.to_string()).unwrap_or_default()),
        };
        bindings.entry(format!("{}/{}", port.container, port.protocol.word())).or_default().push(binding);
    }
    bindings.into_iter().map(|(port, bindings)| (port, Some(bindings))).collect()
}

fn ulimits(container: &Container) -> Vec<ResourcesUlimits> {
    let one = |(name, limit): (&String, &crate::resource::Ulimit)| ResourcesUlimits {
        name: Some(name.clone()),
        soft: Some(limit.soft),
        hard: Some(limit.hard),
    };
    container.ulimits.iter().map(one).collect()
}

/// A security option as all engines write it: Compose's colon is an old spelling that newer ones drop.
pub(super) fn security_option(option: &str) -> String {
    let at = option.find([':', '=']);
    match at {
        Some(at) => format!("{}={}", &option[..at], &option[at + 1..]),
        None if option == "no-new-privileges" => format!("{option}=true"),
        None => option.to_owned(),
    }
}

/// A device as the engine takes it: the path inside is the host's and all rights are given where nothing else is said.
pub(super) fn device_mapping(device: &str) -> DeviceMapping {
    let mut parts = device.split(':');
    let host = parts.next().unwrap_or_default();
    let (inside, rights) = match (parts.next(), parts.next()) {
        (None, _) => (host, "rwm"),
        (Some(inside), None) if inside.starts_with('/') => (inside, "rwm"),
        (Some(rights), None) => (host, rights),
        (Some(inside), Some(rights)) => (inside, rights),
    };
    DeviceMapping {
        path_on_host: Some(host.to_owned()),
        path_in_container: Some(inside.to_owned()),
        cgroup_permissions: Some(rights.to_owned()),
    }
}

/// A restart rule as the engine takes it.
pub(super) fn restart_policy(restart: Restart) -> RestartPolicy {
    let (name, count) = match restart {
        Restart::No => (RestartPolicyNameEnum::NO, 0),
        Restart::Always => (RestartPolicyNameEnum::ALWAYS, 0),
        Restart::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, 0),
        Restart::OnFailure(count) => (RestartPolicyNameEnum::ON_FAILURE, i64::from(count)),
    };
    RestartPolicy { name: Some(name), maximum_retry_count: Some(count) }
}

/// A size as the engine takes it.
pub(super) fn bytes(size: Bytes) -> i64 {
    i64::try_from(size.get()).unwrap_or(i64::MAX)
}

/// Processors as the engine takes them.
pub(super) fn nano_cpus(cpus: Cpus) -> i64 {
    i64::try_from(cpus.nanos()).unwrap_or(i64::MAX)
}

/// The weight of a container for which nothing is kept.
pub(super) const EQUAL_SHARES: i64 = 1024;

/// A reservation of processors as a weight: 1024 for each, at least the 2 that the kernel asks for.
pub(super) fn cpu_shares(cpus: Cpus) -> i64 {
    let shares = u128::from(cpus.nanos()) * 1024 / 1_000_000_000;
    i64::try_from(shares).unwrap_or(i64::MAX).clamp(2, 262_144)
}

/// A period in the whole seconds that the engine counts, rounded up.
pub(super) fn whole_seconds(period: Period) -> i64 {
    let duration = period.duration();
    let up = u64::from(duration.subsec_nanos() > 0);
    i64::try_from(duration.as_secs().saturating_add(up)).unwrap_or(i64::MAX)
}

/// A name that can stand in the path of a request as it is.
pub(super) fn in_path(name: &str) -> Result<&str, Fault> {
    let unfit = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#' | '%' | '\\');
    let steps_out = name.split('/').any(|step| matches!(step, "" | "." | ".."));
    if name.contains(unfit) || steps_out {
        let name = crate::plain::plain(name);
        return Err(Fault::new(
            FaultKind::Failed,
            format!("cannot ask the engine for `{name}`: no such name is possible"),
        ));
    }
    Ok(name)
}
