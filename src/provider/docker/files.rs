//! Files put into a container and read from it, as the tar archives that the engine takes and gives.

use std::io::Read;

use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::TryStreamExt;

use crate::plain::plain;
use crate::provider::docker::Docker;
use crate::provider::docker::create::in_path;
use crate::provider::docker::mounts::cleaned;
use crate::provider::engine::NewFile;
use crate::provider::{Fault, FaultKind};

pub(super) async fn put(docker: &Docker, id: &str, files: &[NewFile]) -> Result<(), Fault> {
    if files.is_empty() {
        return Ok(());
    }
    let archive = packed(files)
        .map_err(|error| Fault::new(FaultKind::Failed, format!("cannot pack files for a container: {error}")))?;
    let options = UploadToContainerOptionsBuilder::new().path("/").build();
    let body = bollard::body_full(Bytes::from(archive));
    docker.call(docker.api.upload_to_container(in_path(id)?, Some(options), body)).await
}

/// The files in one archive. The engine makes the folders that are missing and leaves the others as they are.
fn packed(files: &[NewFile]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(file.mode);
        header.set_size(u64::try_from(file.content.len()).unwrap_or(u64::MAX));
        archive.append_data(&mut header, cleaned(&file.path).trim_start_matches('/'), file.content.as_slice())?;
    }
    archive.into_inner()
}

pub(super) async fn get(docker: &Docker, id: &str, path: &str) -> Result<Option<Vec<u8>>, Fault> {
    let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
    let download = docker.api.download_from_container(in_path(id)?, Some(options)).try_fold(
        Vec::new(),
        |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        },
    );
    let Some(archive) = absent(docker.call(download).await)? else { return Ok(None) };
    let wrong =
        |why: &str| Fault::new(FaultKind::Failed, format!("cannot read `{}` in a container: {why}", plain(path)));
    let mut archive = tar::Archive::new(archive.as_slice());
    let mut entries = archive.entries().map_err(|error| wrong(&error.to_string()))?;
    let mut entry = entries.next().ok_or_else(|| wrong("empty answer"))?.map_err(|error| wrong(&error.to_string()))?;
    if !entry.header().entry_type().is_file() {
        return Err(wrong("it is no file"));
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content).map_err(|error| wrong(&error.to_string()))?;
    Ok(Some(content))
}

/// A missing file is an answer; a missing container is a fault.
fn absent<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match answer {
        Err(fault) if fault.kind == FaultKind::NotFound && !fault.message.contains("No such container:") => Ok(None),
        answer => answer.map(Some),
    }
}
