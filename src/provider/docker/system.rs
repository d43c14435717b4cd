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
