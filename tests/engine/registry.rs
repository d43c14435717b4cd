//! Pulling from a real registry, with and without a password.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use omni::provider::context::BuildContext;
use omni::provider::docker::{Docker, Target};
use omni::provider::engine::{Engine, NewImage};
use omni::provider::{FaultKind, probe};
use tempfile::TempDir;

use crate::support::{Bench, DEADLINE, docker_cli};

const HINT: &str = "these tests need a registry: `sudo apt-get install -y docker-registry`";
/// A user and a password whose base64 has both characters that URL-safe base64 writes in another way; the bcrypt hash
/// is that of the password.
const USER: &str = "shop";
const PASSWORD: &str = "??>?>>??>>";
const BCRYPT: &str = "$2y$05$F1EyqjFcBXafP1CJTmjg7urPJUAKw/8Vjq5z4dtLhncypNeQ1m526";

/// A registry of this test's own, ended when it is dropped.
struct Registry {
    address: String,
    child: Child,
    _folder: TempDir,
}

impl Registry {
    async fn start(auth: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The port is free again for the registry; nobody else takes it in between but by bad luck.
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let config = config(folder.path(), port, auth);
        let log = File::create(folder.path().join("log")).expect("a file");
        let child = Command::new("docker-registry")
            .args(["serve".as_ref(), config.as_os_str()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect(HINT);
        let address = format!("127.0.0.1:{port}");
        let registry = Self { address, child, _folder: folder };
        let socket = registry.address.parse().expect("an address");
        let up = async {
            while probe::http(socket, "registry", "/", Duration::from_secs(1)).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, up).await.expect("the registry answers");
        registry
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(folder: &Path, port: u16, auth: bool) -> std::path::PathBuf {
    let htpasswd = folder.join("htpasswd");
    std::fs::write(&htpasswd, format!("{USER}:{BCRYPT}\n")).expect("a file");
    let auth = if auth {
        format!("auth:\n  htpasswd:\n    realm: omni\n    path: {}\n", htpasswd.display())
    } else {
        String::new()
    };
    let data = folder.join("data");
    let text = format!(
        "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n{auth}",
        data.display()
    );
    let path = folder.join("config.yml");
    std::fs::write(&path, text).expect("a file");
    path
}

/// An image of this test, with a layer that no other image has, under the registry's name for it.
async fn tagged(bench: &Bench, registry: &Registry) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let mut seed = u64::from(std::process::id()) + 1;
    let noise = std::iter::repeat_with(|| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    });
    let noise: Vec<u8> = bench.prefix.bytes().chain(noise.take(400_000).flatten()).collect();
    std::fs::write(folder.path().join("noise"), noise).expect("a file");
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY noise /noise\n").expect("a file");
    let context = BuildContext::read(folder.path(), ".", "Dockerfile").expect("a context");
    let reference = format!("{}/{}:1", registry.address, bench.prefix);
    let new = NewImage {
        tag: reference.clone(),
        labels: bench.labels(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        context: context.tar().expect("an archive"),
    };
    bench.docker.build(&new, &|_| {}).await.expect("an image");
    reference
}

async fn forget(bench: &Bench, reference: &str) {
    bench.docker.remove_image(reference).await.expect("a removal");
    assert_eq!(bench.docker.image(reference).await.expect("an answer"), None);
}

#[tokio::test]
async fn pulls_by_tag_and_by_digest() {
    let (bench, registry) = (Bench::new("pull").await, Registry::start(false).await);
    let reference = tagged(&bench, &registry).await;
    let pushed = docker_cli(&["push", &reference]);
    let digest = bench.docker.registry_digest(&reference).await.expect("a digest");
    assert!(pushed.contains(&digest), "{pushed}");
    forget(&bench, &reference).await;
    let heard = Mutex::new(Vec::new());
    bench.docker.pull(&reference, None, &|line| heard.lock().expect("a list").push(line)).await.expect("an image");
    let heard = heard.into_inner().expect("a list");
    assert_eq!(heard.last().map(String::as_str), Some("pulling 100 %"), "{heard:?}");
    let image = bench.docker.image(&reference).await.expect("an answer").expect("the image");
    let by_digest = format!("{}/{}@{digest}", registry.address, bench.prefix);
    assert_eq!(image.digests, std::slice::from_ref(&by_digest));
    assert_eq!(bench.docker.image(&by_digest).await.expect("an answer"), Some(image.clone()));
    bench.docker.remove_image(&image.id).await.expect("a removal");
    bench.docker.pull(&by_digest, Some("linux/amd64"), &|_| {}).await.expect("an image");
    let again = bench.docker.image(&by_digest).await.expect("an answer").expect("the image");
    assert_eq!((again.id, again.digests), (image.id, image.digests));
    assert!(again.tags.is_empty());
}

#[tokio::test]
async fn says_what_a_registry_does_not_have() {
    let (bench, registry) = (Bench::new("absent").await, Registry::start(false).await);
    let reference = format!("{}/nothing:1", registry.address);
    for fault in [
        bench.docker.pull(&reference, None, &|_| {}).await.expect_err("no such image"),
        bench.docker.registry_digest(&reference).await.expect_err("no such image"),
    ] {
        assert_eq!(fault.kind, FaultKind::NotFound, "{fault:?}");
        assert!(fault.message.contains(&reference), "{fault}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let fault = bench.docker.pull(&format!("{nobody}/a:1"), None, &|_| {}).await.expect_err("nobody listens");
    assert_eq!(fault.kind, FaultKind::Failed, "{fault:?}");
}

#[tokio::test]
async fn is_let_in_with_the_password_of_dockers_configuration() {
    let (bench, registry) = (Bench::new("auth").await, Registry::start(true).await);
    let reference = tagged(&bench, &registry).await;
    let folder = tempfile::tempdir().expect("a folder");
    let login = Command::new("docker")
        .args(["--config".as_ref(), folder.path().as_os_str(), "login".as_ref(), "-u".as_ref(), USER.as_ref()])
        .args(["-p", PASSWORD, &registry.address])
        .output()
        .expect("the `docker` command");
    assert!(login.status.success(), "{login:?}");
    let config = folder.path().to_str().expect("text");
    docker_cli(&["--config", config, "push", &reference]);
    forget(&bench, &reference).await;
    for fault in [
        bench.docker.pull(&reference, None, &|_| {}).await.expect_err("no password"),
        bench.docker.registry_digest(&reference).await.expect_err("no password"),
    ] {
        assert_eq!(fault.kind, FaultKind::Denied, "{fault:?}");
        assert!(fault.help.expect("help").contains("docker login"));
    }
    let target = Target { host: None, docker_config_dir: Some(folder.path().to_owned()) };
    let docker = Docker::connect(&target, DEADLINE).expect("an engine");
    assert!(docker.registry_digest(&reference).await.expect("a digest").starts_with("sha256:"));
    docker.pull(&reference, None, &|_| {}).await.expect("an image");
    forget(&bench, &reference).await;
    let base = NewImage { tag: bench.name("built"), ..from(&bench, &reference) };
    let fault = bench.docker.build(&base, &|_| {}).await.expect_err("no password");
    assert_eq!(fault.kind, FaultKind::Denied, "{fault:?}");
    docker.build(&base, &|_| {}).await.expect("an image");
}

/// An image made from another.
fn from(bench: &Bench, reference: &str) -> NewImage {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("Dockerfile"), format!("FROM {reference}\nLABEL a=b\n")).expect("a file");
    let context = BuildContext::read(folder.path(), ".", "Dockerfile").expect("a context");
    NewImage {
        tag: reference.to_owned(),
        labels: bench.labels(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        context: context.tar().expect("an archive"),
    }
}
