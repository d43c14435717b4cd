//! Making, starting, stopping and removing containers.

use std::time::Duration;

use bollard::models::{ContainerUpdateBody, NetworkConnectRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder,
    WaitContainerOptions,
};
use futures_util::StreamExt;

use crate::observed::Status;
use crate::provider::docker::error::taken;
use crate::provider::docker::wiring::Wiring;
use crate::provider::docker::{Docker, create, endpoint, inspect, networks};
use crate::provider::engine::{Joined, NewContainer};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Limits, Reservations, Restart};

/// How the engine says that a port or an address is somebody else's.
const TAKEN: &[&str] = &["already allocated", "already in use", "Address already in use"];

pub(super) async fn create(docker: &Docker, new: &NewContainer) -> Result<String, Fault> {
    let options = CreateContainerOptionsBuilder::new().name(&new.name).build();
    let wiring = Wiring::of(new, &networks::names(docker, &new.networks).await?);
    let body = create::body(new, &wiring)?;
    let made = docker.call(docker.api.create_container(Some(options), body)).await;
    Ok(made.map_err(|fault| taken(fault, TAKEN))?.id)
}

/// Engines before version 1.44 of the API take one network only when a container is made, so each further one is a call
/// of its own with all of them.
pub(super) async fn join(docker: &Docker, id: &str, joined: &Joined) -> Result<(), Fault> {
    let request = NetworkConnectRequest { container: id.to_owned(), endpoint_config: Some(endpoint::settings(joined)) };
    match docker.call(docker.api.connect_network(create::in_path(&joined.id)?, request)).await {
        Err(fault) if fault.message.contains("already exists in network") => Ok(()),
        answer => answer.map_err(|fault| taken(fault, TAKEN)),
    }
}

pub(super) async fn start(docker: &Docker, id: &str) -> Result<(), Fault> {
    let path = create::in_path(id)?;
    let started = match docker.call(docker.api.start_container(path, None::<StartContainerOptions>)).await {
        Err(fault) if fault.message.contains("paused container") => {
            docker.call(docker.api.unpause_container(path)).await
        }
        answer => answer,
    };
    started.map_err(|fault| {
        let absent = fault.kind == FaultKind::NotFound && fault.message.contains("No such container");
        let kind = if fault.kind == FaultKind::NotFound && !absent { FaultKind::Failed } else { fault.kind };
        let is_held = fault.message.contains("task ") && fault.message.contains("already exists");
        let fault = taken(Fault { kind, ..fault }, TAKEN);
        // Seen of an engine that was killed while it stopped a container: it cannot start it until it is started again.
        if is_held {
            fault.help("the engine holds on to a process that it lost: restart it, then `omni recover`")
        } else {
            fault
        }
    })
}

pub(super) async fn stop(docker: &Docker, id: &str, grace: Duration) -> Result<(), Fault> {
    let seconds = i32::try_from(grace.as_secs() + u64::from(grace.subsec_nanos() > 0)).unwrap_or(i32::MAX);
    let options = StopContainerOptionsBuilder::new().t(seconds).build();
    let stopping = docker.api.stop_container(create::in_path(id)?, Some(options));
    docker.call_within(docker.deadline.saturating_add(grace), stopping).await
}

pub(super) async fn update(
    docker: &Docker,
    id: &str,
    limits: Limits,
    reservations: Reservations,
    restart: Restart,
) -> Result<(), Fault> {
    refuse_to_lift(docker, id, limits, reservations).await?;
    // What is left out stays as it is, so what goes has to be named, each in the engine's own way.
    let memory = limits.memory.map(create::bytes);
    let body = ContainerUpdateBody {
        memory,
        memory_swap: memory,
        nano_cpus: limits.cpus.map(create::nano_cpus),
        pids_limit: Some(limits.pids.unwrap_or(0)),
        cpu_shares: Some(reservations.cpus.map_or(create::EQUAL_SHARES, create::cpu_shares)),
        memory_reservation: reservations.memory.map(create::bytes),
        restart_policy: Some(create::restart_policy(restart)),
        ..ContainerUpdateBody::default()
    };
    docker.call(docker.api.update_container(create::in_path(id)?, body)).await
}

/// The engine can change amounts of memory and processors where a container stands, but not take them away.
async fn refuse_to_lift(docker: &Docker, id: &str, limits: Limits, reservations: Reservations) -> Result<(), Fault> {
    if limits.cpus.is_some() && limits.memory.is_some() && reservations.memory.is_some() {
        return Ok(());
    }
    let live = inspect::inspect(docker, create::in_path(id)?).await?.and_then(|live| live.host_config);
    let live = live.unwrap_or_default();
    let has = |limit: Option<i64>| limit.is_some_and(|limit| limit > 0);
    let lifted = [
        ("limit of memory", limits.memory.is_none() && has(live.memory)),
        ("limit of processors", limits.cpus.is_none() && has(live.nano_cpus)),
        ("reservation of memory", reservations.memory.is_none() && has(live.memory_reservation)),
    ];
    let Some((what, _)) = lifted.into_iter().find(|(_, lifted)| *lifted) else { return Ok(()) };
    Err(Fault::new(FaultKind::Failed, format!("cannot take the {what} away from a container where it stands"))
        .help("replace the container instead: `--replace`"))
}

pub(super) async fn remove(docker: &Docker, id: &str) -> Result<(), Fault> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    docker.call(docker.api.remove_container(create::in_path(id)?, Some(options))).await
}

pub(super) async fn wait(docker: &Docker, id: &str) -> Result<i64, Fault> {
    let gone = || Fault::new(FaultKind::NotFound, "cannot wait for a container that is gone");
    loop {
        let live = inspect::inspect(docker, create::in_path(id)?).await?.ok_or_else(gone)?;
        match inspect::status(live.state.as_ref()) {
            Status::Exited { code } => return Ok(code),
            Status::Running { .. } => {
                // The answer only says that it is worth asking again, so it may be lost or late.
                let mut end = Box::pin(docker.api.wait_container(id, None::<WaitContainerOptions>));
                let _ = tokio::time::timeout(docker.deadline, end.next()).await;
            }
            Status::Created | Status::Present | Status::Paused | Status::Restarting => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
