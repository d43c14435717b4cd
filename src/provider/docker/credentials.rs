//! Credentials for registries, from Docker's own configuration and its helpers.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use bollard::auth::DockerCredentials;
use docker_credential::{CredentialRetrievalError as Retrieval, DockerCredential, get_credential_from_reader};

use crate::plain::plain;
use crate::provider::docker::Docker;
use crate::provider::{Fault, FaultKind};

/// The key under which Docker keeps the credentials of its own registry.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The credentials for the registry of a reference; none where none are kept.
pub(super) async fn of(docker: &Docker, reference: &str) -> Result<Option<DockerCredentials>, Fault> {
    let Some(folder) = docker.config_dir.clone() else { return Ok(None) };
    let server = registry(reference).to_owned();
    // A helper is a program of its own that may take its time.
    let asking = tokio::task::spawn_blocking(move || ask(&folder.join("config.json"), &server));
    let answer = tokio::time::timeout(docker.deadline, asking).await;
    match answer {
        Ok(Ok(credentials)) => credentials,
        Ok(Err(_)) | Err(_) => {
            Err(Fault::new(FaultKind::Failed, "hear from Docker's credential helper").help("try `docker login`"))
        }
    }
}

fn ask(path: &PathBuf, server: &str) -> Result<Option<DockerCredentials>, Fault> {
    let Ok(file) = File::open(path) else { return Ok(None) };
    let credentials = DockerCredentials { serveraddress: Some(server.to_owned()), ..DockerCredentials::default() };
    match get_credential_from_reader(BufReader::new(file), server) {
        Ok(DockerCredential::IdentityToken(token)) => {
            Ok(Some(DockerCredentials { identitytoken: Some(token), ..credentials }))
        }
        Ok(DockerCredential::UsernamePassword(name, password)) => {
            Ok(Some(DockerCredentials { username: Some(name), password: Some(password), ..credentials }))
        }
        Err(Retrieval::NoCredentialConfigured | Retrieval::ConfigNotFound) => Ok(None),
        // This is how every helper says that it has none; the registry then decides whether it needs any.
        Err(Retrieval::HelperFailure { stdout, stderr, .. }) if says_none(&stdout) || says_none(&stderr) => Ok(None),
        Err(Retrieval::HelperFailure { helper, .. }) => Err(wrong(server, &format!("`{helper}` failed"))),
        Err(error) => Err(wrong(server, &error.to_string())),
    }
}

fn says_none(text: &str) -> bool {
    text.contains("credentials not found")
}

fn wrong(server: &str, why: &str) -> Fault {
    let (server, why) = (plain(server), plain(why));
    Fault::new(FaultKind::Failed, format!("find the credentials for `{server}`: {why}"))
        .help(format!("try `docker login {server}`"))
}

/// The registry of a reference as Docker's configuration names it.
fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => match host {
            "docker.io" | "index.docker.io" => DOCKER_HUB,
            host => host,
        },
        _ => DOCKER_HUB,
    }
}

#[cfg(test)]
mod tests {
    use super::{DOCKER_HUB, registry};

    #[test]
    fn names_the_registry_as_docker_does() {
        for (reference, name) in [
            ("postgres:16", DOCKER_HUB),
            ("library/postgres", DOCKER_HUB),
            ("docker.io/library/postgres", DOCKER_HUB),
            ("ghcr.io/a/b:1", "ghcr.io"),
            ("localhost/a", "localhost"),
            ("127.0.0.1:5000/a@sha256:00", "127.0.0.1:5000"),
        ] {
            assert_eq!(registry(reference), name, "{reference}");
        }
    }
}
