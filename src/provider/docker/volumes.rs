//! Volumes.

use bollard::models;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};

use crate::provider::Fault;
use crate::provider::docker::create::in_path;
use crate::provider::docker::error::found;
use crate::provider::docker::images::{by_labels, timestamp};
use crate::provider::docker::seen::OWN;
use crate::provider::docker::{Docker, reading};
use crate::provider::engine::{Labels, LiveVolume};
use crate::resource::Volume;

pub(super) async fn create(docker: &Docker, volume: &Volume, labels: &Labels) -> Result<LiveVolume, Fault> {
    let all = volume.labels.clone().into_iter().chain(labels.clone()).collect();
    let request = VolumeCreateRequest {
        name: Some(in_path(&volume.name)?.to_owned()),
        driver: Some(volume.driver.clone()),
        driver_opts: Some(volume.options.clone().into_iter().collect()),
        labels: Some(all),
        ..VolumeCreateRequest::default()
    };
    docker.call(docker.api.create_volume(request)).await.map(told)
}

pub(super) async fn labelled(docker: &Docker, labels: &Labels) -> Result<Vec<LiveVolume>, Fault> {
    let options = ListVolumesOptionsBuilder::new().filters(&by_labels(labels)).build();
    let listed = docker.call(docker.api.list_volumes(Some(options))).await?;
    let mut all: Vec<_> = listed.volumes.unwrap_or_default().into_iter().map(told).collect();
    all.sort_by(|a, b| a.volume.name.cmp(&b.volume.name));
    Ok(all)
}

pub(super) async fn one(docker: &Docker, name: &str) -> Result<Option<LiveVolume>, Fault> {
    Ok(found(docker.call(docker.api.inspect_volume(in_path(name)?)).await)?.map(told))
}

pub(super) async fn remove(docker: &Docker, name: &str) -> Result<(), Fault> {
    docker.call(docker.api.remove_volume(in_path(name)?, None::<RemoveVolumeOptions>)).await
}

fn told(live: models::Volume) -> LiveVolume {
    let labels = reading::sorted(Some(&live.labels));
    let volume = Volume {
        name: live.name,
        // Neither is the engine's to know.
        external: false,
        shared: false,
        driver: live.driver,
        options: reading::sorted(Some(&live.options)),
        labels: labels.clone().into_iter().filter(|(name, _)| !name.starts_with(OWN)).collect(),
    };
    LiveVolume { labels, created: timestamp(live.created_at.as_deref()), volume }
}
