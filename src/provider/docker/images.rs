//! Images on the engine.

use std::collections::{BTreeSet, HashMap};

use bollard::models::ImageInspect;
use bollard::query_parameters::{CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptions};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::provider::Fault;
use crate::provider::docker::create::in_path;
use crate::provider::docker::error::found;
use crate::provider::docker::{Docker, health, pull, reading};
use crate::provider::engine::{Labels, LiveImage};

/// How many images are asked for at once.
const AT_ONCE: usize = 16;

pub(super) async fn one(docker: &Docker, reference: &str) -> Result<Option<LiveImage>, Fault> {
    let image = found(docker.call(docker.api.inspect_image(in_path(reference)?)).await)?;
    Ok(image.map(told))
}

pub(super) async fn labelled(docker: &Docker, labels: &Labels) -> Result<Vec<LiveImage>, Fault> {
    let options = ListImagesOptionsBuilder::new().filters(&by_labels(labels)).build();
    let listed = docker.call(docker.api.list_images(Some(options))).await?;
    let ids: BTreeSet<_> = listed.into_iter().map(|summary| summary.id).collect();
    stream::iter(ids)
        .map(|id| async move { one(docker, &id).await })
        .buffered(AT_ONCE)
        .try_filter_map(|image| async { Ok(image) })
        .try_collect()
        .await
}

fn told(image: ImageInspect) -> LiveImage {
    let config = image.config.unwrap_or_default();
    LiveImage {
        id: image.id.unwrap_or_default(),
        digests: image.repo_digests.unwrap_or_default(),
        tags: image.repo_tags.unwrap_or_default(),
        labels: reading::sorted(config.labels.as_ref()),
        health: health::of_image(config.healthcheck.as_ref(), config.shell.as_deref()),
    }
}

pub(super) async fn import_empty(docker: &Docker, tag: &str) -> Result<(), Fault> {
    if one(docker, tag).await?.is_some() {
        return Ok(());
    }
    let (repository, tag) = pull::split_tag(tag);
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(repository).tag(tag.unwrap_or("latest")).build();
    // A tar archive without files is two empty blocks.
    let archive = bollard::body_full(Bytes::from_static(&[0; 1024]));
    let mut said = docker.api.create_image(Some(options), Some(archive), None);
    let drained = async {
        while let Some(line) = said.next().await {
            line?;
        }
        Ok(())
    };
    docker.call(drained).await
}

pub(super) async fn remove(docker: &Docker, reference: &str) -> Result<(), Fault> {
    let removing = docker.api.remove_image(in_path(reference)?, None::<RemoveImageOptions>, None);
    docker.call(removing).await.map(drop)
}

/// A filter for objects that carry all these labels.
pub(super) fn by_labels(labels: &Labels) -> HashMap<String, Vec<String>> {
    let all = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    HashMap::from([("label".to_owned(), all)])
}

/// A time as the engine writes it; none where it means "never".
pub(super) fn timestamp(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok().filter(|time: &Timestamp| *time > Timestamp::UNIX_EPOCH)
}
