//! Images from registries: their digests, and pulling them.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::{Stream, StreamExt};

use crate::plain::plain;
use crate::provider::docker::create::in_path;
use crate::provider::docker::{Docker, credentials, error};
use crate::provider::engine::Hear;
use crate::provider::{Fault, FaultKind};

/// How long a pull or a build may say nothing at all. Unpacking a big layer or compiling is silent for minutes.
const SILENCE: Duration = Duration::from_mins(20);

pub(super) async fn digest(docker: &Docker, reference: &str) -> Result<String, Fault> {
    let credentials = credentials::of(docker, reference).await?;
    let asked = docker.call(docker.api.inspect_registry_image(in_path(reference)?, credentials)).await;
    let answer = asked.map_err(|fault| about(reference, fault))?;
    let absent = || Fault::new(FaultKind::Failed, format!("cannot read the digest of `{}`", plain(reference)));
    answer.descriptor.digest.ok_or_else(absent)
}

pub(super) async fn pull(
    docker: &Docker,
    reference: &str,
    platform: Option<&str>,
    hear: Hear<'_>,
) -> Result<(), Fault> {
    let credentials = credentials::of(docker, reference).await?;
    // Without a tag the engine would pull all of them.
    let full = match split_tag(reference) {
        (name, None) if !name.contains('@') => format!("{name}:latest"),
        _ => reference.to_owned(),
    };
    let options = CreateImageOptionsBuilder::new().from_image(&full).platform(platform.unwrap_or_default()).build();
    let mut lines = docker.api.create_image(Some(options), None, credentials);
    let mut layers = Layers::default();
    while let Some(line) = next(docker, &mut lines).await.map_err(|fault| about(reference, fault))? {
        if let Some(text) = layers.hear(&line) {
            hear(text);
        }
    }
    Ok(())
}

/// The next line of a long answer; none at its end.
pub(super) async fn next<T>(
    docker: &Docker,
    lines: &mut (impl Stream<Item = Result<T, Error>> + Unpin),
) -> Result<Option<T>, Fault> {
    match tokio::time::timeout(SILENCE, lines.next()).await {
        Ok(line) => line.transpose().map_err(|error| error::fault(&error, &docker.host)),
        Err(_) => Err(error::silent(SILENCE)),
    }
}

/// A registry's refusal, with the reference it is about. Engines say all of them with status 500.
fn about(reference: &str, fault: Fault) -> Fault {
    let kind = match fault.kind {
        FaultKind::Failed => error::said(&fault.message).kind,
        kind => kind,
    };
    let reference = plain(reference);
    let message = match kind {
        FaultKind::NotFound => format!("cannot find `{reference}` in its registry: {}", fault.message),
        FaultKind::Denied => format!("the registry does not let you in to `{reference}`: {}", fault.message),
        _ => format!("cannot get `{reference}`: {}", fault.message),
    };
    let help = match kind {
        FaultKind::Denied => Some("log in with `docker login`, or see whether the name is right".to_owned()),
        FaultKind::Failed => fault.help.or_else(|| {
            Some(
                "if the name is right, see whether the engine reaches the registry, or load the image on the engine"
                    .to_owned(),
            )
        }),
        _ => fault.help,
    };
    Fault { kind, message, help, ..fault }
}

/// A reference without its tag, and the tag. A digest belongs to the name.
pub(super) fn split_tag(reference: &str) -> (&str, Option<&str>) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') && !name.contains('@') => (name, Some(tag)),
        _ => (reference, None),
    }
}

/// How far each layer is.
#[derive(Debug, Default)]
struct Layers {
    /// Bytes there and bytes in all, by layer.
    layers: BTreeMap<String, (i64, i64)>,
    told: Option<i64>,
}

impl Layers {
    /// What to tell after this line; none where it says nothing new.
    fn hear(&mut self, line: &CreateImageInfo) -> Option<String> {
        let layer = self.layers.entry(line.id.clone()?);
        let progress = line.progress_detail.as_ref();
        match line.status.as_deref()? {
            "Downloading" => {
                let (current, total) = (progress?.current?, progress?.total?);
                layer.insert_entry((current, total));
            }
            "Download complete" | "Pull complete" => {
                layer.and_modify(|(current, total)| *current = *total);
            }
            _ => return None,
        }
        let sum = |one: fn(&(i64, i64)) -> i64| self.layers.values().map(one).sum::<i64>();
        let (current, total) = (sum(|layer| layer.0), sum(|layer| layer.1));
        let percent = (current.saturating_mul(100)).checked_div(total)?;
        // Layers that turn up late make the share smaller; telling so would only confuse.
        if self.told.is_some_and(|told| told >= percent) {
            return None;
        }
        self.told = Some(percent);
        Some(format!("pulling {percent} %"))
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::{CreateImageInfo, ProgressDetail};

    use super::{Layers, split_tag};

    #[test]
    fn tells_a_tag_from_a_port_and_a_digest() {
        for (reference, parts) in [
            ("a:1", ("a", Some("1"))),
            ("host:5000/a", ("host:5000/a", None)),
            ("host:5000/a:1", ("host:5000/a", Some("1"))),
            ("a@sha256:00", ("a@sha256:00", None)),
        ] {
            assert_eq!(split_tag(reference), parts);
        }
    }

    #[test]
    fn sums_the_layers_and_never_goes_back() {
        let line = |id: &str, status: &str, current, total| CreateImageInfo {
            id: Some(id.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: Some(ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        };
        let mut layers = Layers::default();
        assert_eq!(layers.hear(&line("a", "Downloading", 50, 100)).as_deref(), Some("pulling 50 %"));
        assert_eq!(layers.hear(&line("b", "Downloading", 0, 100)), None);
        assert_eq!(layers.hear(&line("a", "Extracting", 10, 100)), None);
        assert_eq!(layers.hear(&line("b", "Downloading", 60, 100)).as_deref(), Some("pulling 55 %"));
        assert_eq!(layers.hear(&line("b", "Download complete", 0, 0)).as_deref(), Some("pulling 75 %"));
    }
}
