//! Where an engine is: the address as given, the current Docker context's, or the platform's default.

use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use crate::fingerprint::Fingerprint;
use crate::plain::plain;
use crate::provider::docker::Target;
use crate::provider::{Fault, FaultKind};

/// Deadlines are kept by `Docker::call`, which knows more than the client's own timeout does.
const NEVER: u64 = 24 * 60 * 60;

const DEFAULT: &str = if cfg!(windows) { "npipe:////./pipe/docker_engine" } else { "unix:///var/run/docker.sock" };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints")]
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
struct DockerEndpoint {
    #[serde(rename = "Host")]
    host: Option<String>,
}

/// The address of a target.
pub(super) fn resolve(target: &Target) -> Result<String, Fault> {
    if let Some(host) = target.host.as_deref().filter(|host| !host.is_empty()) {
        return Ok(host.to_owned());
    }
    let of_context = target.docker_config_dir.as_deref().map(current_context).transpose()?.flatten();
    Ok(of_context.unwrap_or_else(|| DEFAULT.to_owned()))
}

/// The address of the current context; none where it is the default one.
fn current_context(config_dir: &Path) -> Result<Option<String>, Fault> {
    let Some(config) = read::<ConfigFile>(&config_dir.join("config.json"))? else { return Ok(None) };
    let Some(name) = config.current_context.filter(|name| !name.is_empty() && name != "default") else {
        return Ok(None);
    };
    // Docker names the folder of a context after the SHA-256 of its name.
    let folder = Fingerprint::of_bytes(name.as_bytes()).to_string();
    let meta = read::<Meta>(&config_dir.join("contexts").join("meta").join(folder).join("meta.json"))?;
    let host = meta.and_then(|meta| meta.endpoints.docker).and_then(|docker| docker.host);
    let host = host.ok_or_else(|| {
        Fault::new(FaultKind::Failed, format!("cannot find the current Docker context `{}`", plain(&name)))
            .help("choose another with `docker context use`, or name the engine with `--engine`")
    })?;
    Ok(Some(host))
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, Fault> {
    let wrong = |why: String| {
        Fault::new(FaultKind::Failed, format!("cannot read `{}`: {why}", path.display())).help(
            "mend the file or its rights; or name the engine with `--engine` or `DOCKER_HOST`, or another folder than \
             this one with `DOCKER_CONFIG`",
        )
    };
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| wrong(error.to_string()))
}

/// A client for this address. Nothing is sent.
pub(super) fn open(host: &str) -> Result<bollard::Docker, Fault> {
    let (scheme, rest) = host.split_once("://").unwrap_or(("", host));
    let opened = match scheme {
        "unix" => unix(host),
        "npipe" => npipe(host),
        "tcp" | "http" if rest.trim_end_matches('/').ends_with(":2376") => Err(unsupported(host, "TLS")),
        "tcp" | "http" => bollard::Docker::connect_with_http(host, NEVER, bollard::API_DEFAULT_VERSION)
            .map_err(|error| unusable(host, &error.to_string())),
        "https" => Err(unsupported(host, "TLS")),
        "ssh" => Err(unsupported(host, "ssh")),
        _ => Err(unusable(host, "unknown scheme")),
    };
    opened.map(|api| api.with_request_modifier(url_safe)).map_err(|fault| match fault.help {
        Some(_) => fault,
        None => fault.help("write it like `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`"),
    })
}

/// The engine reads credentials as URL-safe base64 and ignores others in silence; the client writes plain base64.
fn url_safe(mut request: bollard::BollardRequest) -> bollard::BollardRequest {
    for name in ["x-registry-auth", "x-registry-config"] {
        if let Some(value) = request.headers_mut().get_mut(name) {
            let safe = value.to_str().unwrap_or_default().replace('+', "-").replace('/', "_");
            if let Ok(safe) = safe.parse() {
                *value = safe;
            }
        }
    }
    request
}

#[cfg(unix)]
fn unix(host: &str) -> Result<bollard::Docker, Fault> {
    let path = host.trim_start_matches("unix://");
    if !Path::new(path).exists() {
        return Err(absent(host));
    }
    bollard::Docker::connect_with_unix(host, NEVER, bollard::API_DEFAULT_VERSION)
        .map_err(|error| unusable(host, &error.to_string()))
}

#[cfg(not(unix))]
fn unix(host: &str) -> Result<bollard::Docker, Fault> {
    Err(unusable(host, "this platform has no unix sockets"))
}

#[cfg(windows)]
fn npipe(host: &str) -> Result<bollard::Docker, Fault> {
    bollard::Docker::connect_with_named_pipe(host, NEVER, bollard::API_DEFAULT_VERSION)
        .map_err(|error| unusable(host, &error.to_string()))
}

#[cfg(not(windows))]
fn npipe(host: &str) -> Result<bollard::Docker, Fault> {
    Err(unusable(host, "named pipes are there on Windows only"))
}

/// Nobody listens at this address.
pub(super) fn absent(host: &str) -> Fault {
    let help = if cfg!(target_os = "linux") {
        "start Docker: `sudo systemctl start docker`; or name another engine with `--engine` or `DOCKER_HOST`"
    } else {
        "start Docker Desktop; or name another engine with `--engine` or `DOCKER_HOST`"
    };
    Fault::new(FaultKind::Unreachable, format!("cannot reach the engine at `{}`: nobody answers", plain(host)))
        .help(help)
}

fn unusable(host: &str, why: &str) -> Fault {
    Fault::new(FaultKind::Failed, format!("cannot use the engine's address `{}`: {}", plain(host), plain(why)))
}

fn unsupported(host: &str, what: &str) -> Fault {
    unusable(host, &format!("{what} is not supported in this version")).help(
        "forward the socket yourself, as in `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`, and name \
         `unix:///tmp/engine.sock`",
    )
}

#[cfg(test)]
mod tests;
