//! Credentials for registries, from Docker's own configuration and its helpers.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

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
            Err(Fault::new(FaultKind::Failed, "cannot hear from Docker's credential helper").help("try `docker login`"))
        }
    }
}

/// The credentials for the registries of the images that a Dockerfile starts from, by registry. What cannot be found is
/// left out: the engine may have the image, or its registry may let everybody in.
pub(super) async fn of_bases(docker: &Docker, dockerfile: &str) -> HashMap<String, DockerCredentials> {
    let mut all = HashMap::new();
    for reference in bases(dockerfile) {
        if let Ok(Some(credentials)) = of(docker, reference).await {
            all.insert(registry(reference).to_owned(), credentials);
        }
    }
    all
}

/// The images that a Dockerfile starts from or copies from, as written.
fn bases(dockerfile: &str) -> impl Iterator<Item = &str> {
    dockerfile.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let first = words.next()?;
        if first.eq_ignore_ascii_case("from") {
            return words.find(|word| !word.starts_with("--"));
        }
        let copies = first.eq_ignore_ascii_case("copy");
        words.filter(|_| copies).find_map(|word| word.strip_prefix("--from="))
    })
}

fn ask(path: &Path, server: &str) -> Result<Option<DockerCredentials>, Fault> {
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
    Fault::new(FaultKind::Failed, format!("cannot find the credentials for `{server}`: {why}"))
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
    use super::{DOCKER_HUB, ask, bases, registry, says_none};

    #[test]
    fn reads_what_docker_login_wrote() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        assert!(ask(&path, "ghcr.io").expect("no file is no credentials").is_none());
        let text = r#"{"auths":{"ghcr.io":{"auth":"YTpi"}},"credHelpers":{"quay.io":"omni-has-no-such-helper"}}"#;
        std::fs::write(&path, text).expect("a file");
        let found = ask(&path, "ghcr.io").expect("credentials").expect("credentials");
        assert_eq!((found.username.as_deref(), found.password.as_deref()), (Some("a"), Some("b")));
        assert_eq!(found.serveraddress.as_deref(), Some("ghcr.io"));
        assert!(ask(&path, "docker.io").expect("none are kept").is_none());
        let fault = ask(&path, "quay.io").expect_err("the helper is not there");
        assert!(fault.message.starts_with("cannot find the credentials for `quay.io`"), "{fault}");
        assert_eq!(fault.help.as_deref(), Some("try `docker login quay.io`"));
    }

    #[test]
    fn takes_a_helpers_none_for_none() {
        assert!(says_none("credentials not found in native keychain"));
        assert!(!says_none("error getting credentials - err: exit status 1"));
    }

    #[test]
    fn finds_what_a_dockerfile_starts_from() {
        let text = "# FROM no\nARG A\nfrom --platform=linux/amd64 ghcr.io/a:1 AS one\nFROM one\n\
                    COPY --from=quay.io/b:2 /a /b\n";
        assert_eq!(bases(text).collect::<Vec<_>>(), ["ghcr.io/a:1", "one", "quay.io/b:2"]);
    }

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
