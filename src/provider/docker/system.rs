//! What identifies the engine, its clock, and the API it speaks.

use bollard::models::SystemInfo;
use jiff::Timestamp;

use crate::observed::EngineFacts;
use crate::plain::plain;
use crate::provider::docker::Docker;
use crate::provider::{Fault, FaultKind};

pub(super) async fn facts(docker: &Docker) -> Result<EngineFacts, Fault> {
    let info = docker.call(docker.api.info()).await?;
    let os = info.os_type.as_deref().unwrap_or("linux");
    let platform = format!("{os}/{}", architecture(info.architecture.as_deref().unwrap_or_default()));
    let version = info.server_version.as_deref().unwrap_or("of unknown version");
    Ok(EngineFacts {
        id: plain(info.id.as_deref().unwrap_or_default()),
        // Distributions add how they packed it: `20.10.24+dfsg1`.
        version: plain(&format!("docker {}", version.split('+').next().unwrap_or(version))),
        host: docker.host.clone(),
        memory: info.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
        cpus: info.ncpu.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
        platform: plain(&platform),
    })
}

pub(super) async fn now(docker: &Docker) -> Result<Timestamp, Fault> {
    let info: SystemInfo = docker.call(docker.api.info()).await?;
    let text = info.system_time.unwrap_or_default();
    text.parse().map_err(|_| {
        Fault::new(FaultKind::Failed, format!("cannot read the engine's clock: `{}` is no time", plain(&text)))
    })
}

/// Whether the engine speaks this version of its API.
pub(super) async fn speaks(docker: &Docker, major: u32, minor: u32) -> Result<bool, Fault> {
    let ask = async || {
        let version = docker.call(docker.api.version()).await?.api_version.unwrap_or_default();
        let parts = version.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        // A version nobody can read is taken for an old one, whose ways every engine knows.
        Ok::<_, Fault>(parts.unwrap_or((1, 24)))
    };
    Ok(*docker.version.get_or_try_init(ask).await? >= (major, minor))
}

/// The name that images use for what the engine calls its architecture.
fn architecture(word: &str) -> &str {
    match word {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" => "arm",
        "i686" | "i386" => "386",
        other => other,
    }
}
