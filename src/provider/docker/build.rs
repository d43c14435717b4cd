//! Building an image with the engine's own builder.
//!
//! It is the classic one: the newer one (`BuildKit`) needs a session that the client serves, which is left out in this
//! version. A Dockerfile that needs it (`RUN --mount`) fails with the engine's own words.

use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::path::Path;

use bollard::models::BuildInfo;
use bollard::query_parameters::BuildImageOptionsBuilder;
use bytes::Bytes;

use crate::plain::plain;
use crate::provider::docker::pull::next;
use crate::provider::docker::{Docker, credentials, images};
use crate::provider::engine::{Hear, NewImage};
use crate::provider::{Fault, FaultKind};

/// How many lines of a failed build are kept.
const KEPT: usize = 20;

pub(super) async fn build(docker: &Docker, new: &NewImage, hear: Hear<'_>) -> Result<String, Fault> {
    let args: HashMap<_, _> = new.args.clone().into_iter().collect();
    let labels: HashMap<_, _> = new.labels.clone().into_iter().collect();
    let options = BuildImageOptionsBuilder::new()
        .dockerfile(&new.dockerfile)
        .t(&new.tag)
        .target(new.target.as_deref().unwrap_or_default())
        .buildargs(&args)
        .labels(&labels)
        .platform(new.platform.as_deref().unwrap_or_default())
        .rm(true)
        .forcerm(true)
        .build();
    let credentials = credentials::of_bases(docker, &dockerfile(new)).await;
    let context = bollard::body_full(Bytes::from(new.context.clone()));
    let mut lines = docker.api.build_image(options, Some(credentials), Some(context));
    let mut said = Said::default();
    loop {
        match next(docker, &mut lines).await {
            Ok(Some(line)) => said.hear(&line, hear),
            Ok(None) => break,
            Err(fault) => return Err(failed(fault, said)),
        }
    }
    let found = match said.id {
        Some(id) => Some(id),
        None => images::one(docker, &new.tag).await?.map(|image| image.id),
    };
    found.ok_or_else(|| {
        Fault::new(FaultKind::Failed, format!("cannot find the image `{}` after its build", plain(&new.tag)))
    })
}

/// The Dockerfile as it is in the context; empty where it is not there, which the engine will say.
fn dockerfile(new: &NewImage) -> String {
    let mut archive = tar::Archive::new(new.context.as_slice());
    let entries = archive.entries().into_iter().flatten().flatten();
    let is_it = |entry: &tar::Entry<'_, &[u8]>| entry.path().is_ok_and(|path| path == Path::new(&new.dockerfile));
    let mut text = Vec::new();
    for mut entry in entries.filter(is_it) {
        if entry.read_to_end(&mut text).is_err() {
            text.clear();
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// What a build has said.
#[derive(Debug, Default)]
struct Said {
    lines: VecDeque<String>,
    id: Option<String>,
}

impl Said {
    fn hear(&mut self, line: &BuildInfo, hear: Hear<'_>) {
        if let Some(id) = line.aux.as_ref().and_then(|aux| aux.id.clone()) {
            self.id = Some(id);
        }
        for text in line.stream.iter().flat_map(|text| text.lines()).map(plain).filter(|text| !text.is_empty()) {
            if text.starts_with("Step ") {
                hear(text.split(" : ").next().unwrap_or(&text).to_owned());
            }
            self.lines.push_back(text);
            if self.lines.len() > KEPT {
                self.lines.pop_front();
            }
        }
    }
}

fn failed(fault: Fault, said: Said) -> Fault {
    // A missing file or base image is the build's own failure, not a missing thing of ours.
    let kind = if fault.kind == FaultKind::NotFound { FaultKind::Failed } else { fault.kind };
    let needs_buildkit = ["BuildKit", "buildkit"].iter().any(|word| fault.message.contains(word));
    let fault = Fault { kind, ..fault }.log(said.lines.into());
    if needs_buildkit {
        return fault
            .help("omni builds without BuildKit in this version: build the image elsewhere and name it with `image`");
    }
    fault
}
