//! The contract on a real Docker engine.
//!
//! It needs a running engine and `rustc`, with which the only program of its image is made.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use omni::provider::docker::{Docker, Target};
use omni::provider::engine::{Engine, NewImage};
use omni::provider::host::{Host, Probes};
use omni::provider::{Fault, probe};
use omni::template::Template;

use crate::provider::world::{Does, World, alive, context};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider/docker/fixture.rs");
const TAG: &str = "omni-contract-fixture:1";

/// A real engine.
struct Real {
    host: Host<Docker>,
}

struct Outside;

#[async_trait]
impl Probes for Outside {
    async fn http(&self, addr: SocketAddr, host: &str, path: &str, deadline: Duration) -> Result<u16, Fault> {
        probe::http(addr, host, path, deadline).await
    }

    async fn tcp(&self, addr: SocketAddr, deadline: Duration) -> Result<(), Fault> {
        probe::tcp(addr, deadline).await
    }
}

impl Real {
    async fn new() -> Self {
        let docker = Docker::connect(&Target::default(), Duration::from_secs(30)).expect("the contract needs Docker");
        build(&docker).await;
        Self { host: Host::new(docker, Arc::new(Outside), context, alive) }
    }
}

/// The image of the fixture, built by the first who needs it.
async fn build(docker: &Docker) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = std::fs::File::create(folder.join("contract.lock")).expect("a lock file");
    lock.lock().expect("a lock");
    if docker.image(TAG).await.expect("the engine answers").is_some() {
        return;
    }
    let program = folder.join("contract-fixture");
    let compiled = Command::new("rustc")
        .args(["--edition=2024", "-O", "-C", "target-feature=+crt-static", "-C", "strip=symbols", "-o"])
        .args([program.as_path(), Path::new(SOURCE)])
        .status()
        .expect("the contract needs `rustc`");
    assert!(compiled.success(), "the fixture compiles");
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_path_with_name(&program, "fixture").expect("the program");
    let dockerfile = b"FROM scratch\nCOPY fixture /fixture\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "Dockerfile", dockerfile.as_slice()).expect("the Dockerfile");
    let new = NewImage {
        tag: TAG.to_owned(),
        labels: [].into(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: [].into(),
        platform: None,
        context: archive.into_inner().expect("an archive"),
    };
    docker.build(&new, &|_| ()).await.expect("the image of the fixture");
}

fn words(words: &[&str]) -> Vec<Template> {
    words.iter().map(|word| Template::from(*word)).collect()
}

impl World for Real {
    type Engine = Docker;

    fn host(&self) -> &Host<Docker> {
        &self.host
    }

    fn prefix(&self) -> String {
        format!("oc{}-", std::process::id())
    }

    fn does(&self, what: Does) -> (String, Option<Vec<Template>>) {
        let command = match what {
            Does::Serve => words(&["/fixture", "serve"]),
            Does::NeverHealthy => words(&["/fixture", "never"]),
            Does::End(code) => words(&["/fixture", "end", &code.to_string()]),
        };
        (TAG.to_owned(), Some(command))
    }

    fn health(&self) -> Vec<Template> {
        words(&["/fixture", "check"])
    }

    fn harmless(&self) -> Vec<Template> {
        words(&["/fixture", "check"])
    }

    fn failing(&self) -> Vec<Template> {
        words(&["/fixture", "end", "3"])
    }

    fn port(&self) -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").port()
    }
}

crate::contract! { [#[tokio::test]] Real::new().await }
