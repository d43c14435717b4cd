//! Containers as the engine tells them.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum as Word, HealthStatusEnum, ImageConfig, PortMap,
};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::observed::Status;
use crate::provider::docker::create::in_path;
use crate::provider::docker::error::found;
use crate::provider::docker::images::{by_labels, timestamp};
use crate::provider::docker::{Docker, endpoint, reading, seen};
use crate::provider::engine::{AskedOf, Labels, LiveContainer};
use crate::provider::{Ended, Fault};
use crate::resource::Port;

/// How many containers or images are asked for at once.
const AT_ONCE: usize = 16;

/// The configurations of images by id; one that is gone is not there.
type Images = BTreeMap<String, ImageConfig>;

pub(super) async fn one(docker: &Docker, name: &str, asked: AskedOf<'_>) -> Result<Option<LiveContainer>, Fault> {
    let Some(live) = inspect(docker, in_path(name)?).await? else { return Ok(None) };
    let images = images(docker, std::slice::from_ref(&live)).await?;
    Ok(Some(told(live, &images, asked)))
}

pub(super) async fn labelled(
    docker: &Docker,
    labels: &Labels,
    asked: AskedOf<'_>,
) -> Result<Vec<LiveContainer>, Fault> {
    let options = ListContainersOptionsBuilder::new().all(true).filters(&by_labels(labels)).build();
    let listed = docker.call(docker.api.list_containers(Some(options))).await?;
    let ids = listed.into_iter().filter_map(|summary| summary.id);
    // One that vanished in between is left out.
    let lives: Vec<_> = stream::iter(ids)
        .map(|id| async move { inspect(docker, &id).await })
        .buffered(AT_ONCE)
        .try_filter_map(|live| async { Ok(live) })
        .try_collect()
        .await?;
    let images = images(docker, &lives).await?;
    Ok(lives.into_iter().map(|live| told(live, &images, asked)).collect())
}

/// A container as the engine describes it; none where there is none.
pub(super) async fn inspect(docker: &Docker, name: &str) -> Result<Option<ContainerInspectResponse>, Fault> {
    found(docker.call(docker.api.inspect_container(name, None::<InspectContainerOptions>)).await)
}

/// The images of these containers, each asked for once.
async fn images(docker: &Docker, lives: &[ContainerInspectResponse]) -> Result<Images, Fault> {
    let ids: BTreeSet<_> = lives.iter().filter_map(|live| live.image.clone()).collect();
    let one = |id: String| async move {
        let image = found(docker.call(docker.api.inspect_image(&id)).await)?;
        Ok::<_, Fault>(image.map(|image| (id, image.config.unwrap_or_default())))
    };
    stream::iter(ids).map(one).buffered(AT_ONCE).try_filter_map(|image| async { Ok(image) }).try_collect().await
}

fn told(live: ContainerInspectResponse, images: &Images, asked: AskedOf<'_>) -> LiveContainer {
    let labels = reading::sorted(live.config.as_ref().and_then(|config| config.labels.as_ref()));
    let image = live.image.clone().unwrap_or_default();
    let seen = seen::seen(&live, &labels, images.get(&image), asked(&labels).as_ref());
    let settings = live.network_settings.unwrap_or_default();
    LiveContainer {
        id: live.id.unwrap_or_default(),
        name: live.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        labels,
        status: status(live.state.as_ref()),
        ended: ended(live.state.as_ref()),
        restarts: live.restart_count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0),
        created: timestamp(live.created.as_deref()),
        image,
        addresses: endpoint::addresses(&settings.networks.unwrap_or_default()),
        published: published(settings.ports.as_ref()),
        seen,
    }
}

/// What a container is doing.
pub(super) fn status(state: Option<&ContainerState>) -> Status {
    let Some(state) = state else { return Status::Created };
    let healthy = match state.health.as_ref().and_then(|health| health.status) {
        Some(HealthStatusEnum::HEALTHY) => Some(true),
        Some(HealthStatusEnum::UNHEALTHY) => Some(false),
        // While it starts the engine has not judged yet.
        Some(HealthStatusEnum::STARTING | HealthStatusEnum::NONE | HealthStatusEnum::EMPTY) | None => None,
    };
    match state.status.unwrap_or(Word::CREATED) {
        Word::CREATED | Word::EMPTY => Status::Created,
        Word::RUNNING | Word::STOPPING => Status::Running { since: timestamp(state.started_at.as_deref()), healthy },
        Word::PAUSED => Status::Paused,
        Word::RESTARTING => Status::Restarting,
        Word::REMOVING | Word::EXITED | Word::DEAD => Status::Exited { code: state.exit_code.unwrap_or(0) },
    }
}

/// How its process ended; none while it runs.
fn ended(state: Option<&ContainerState>) -> Option<Ended> {
    let state = state?;
    let has_ended = matches!(state.status?, Word::RESTARTING | Word::REMOVING | Word::EXITED | Word::DEAD);
    has_ended.then(|| Ended { code: state.exit_code.unwrap_or(0), out_of_memory: state.oom_killed.unwrap_or(false) })
}

/// The ports the host listens on. Listening on all addresses is one port, however often the engine names it.
fn published(ports: Option<&PortMap>) -> Vec<Port> {
    let mut all = BTreeSet::new();
    for (inside, bindings) in ports.into_iter().flatten() {
        let Some((container, protocol)) = seen::inside_port(inside) else { continue };
        for binding in bindings.iter().flatten() {
            let Some(host) = binding.host_port.as_ref().and_then(|port| port.parse().ok()) else { continue };
            let host_ip = binding.host_ip.clone().filter(|ip| !matches!(ip.as_str(), "" | "0.0.0.0" | "::"));
            all.insert(Port { host_ip, host: Some(host), container, protocol });
        }
    }
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{ContainerState, Word, ended};

    #[test]
    fn says_how_it_ended_and_what_killed_it() {
        let state = |word, code, oom| ContainerState {
            status: Some(word),
            exit_code: Some(code),
            oom_killed: Some(oom),
            ..ContainerState::default()
        };
        let told = |state: &ContainerState| ended(Some(state)).map(|ended| ended.to_string());
        assert_eq!(told(&state(Word::EXITED, 3, false)).as_deref(), Some("exited with code 3"));
        assert_eq!(told(&state(Word::RESTARTING, 3, false)).as_deref(), Some("exited with code 3"));
        let killed = state(Word::EXITED, 137, true);
        assert_eq!(told(&killed).as_deref(), Some("was killed: out of memory (exit code 137)"));
        assert!(ended(Some(&killed)).and_then(super::Ended::help).is_some_and(|help| help.contains("limits.memory")));
        assert_eq!(told(&state(Word::RUNNING, 0, false)), None);
    }
}
