//! Building images and looking at them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use omni::provider::FaultKind;
use omni::provider::context::BuildContext;
use omni::provider::engine::{Engine, NewImage};
use omni::resource::Probe;

use crate::support::{Bench, docker_cli};

fn context(files: &[(&str, &str)]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    let dockerfile = files[0].0;
    BuildContext::read(folder.path(), ".", dockerfile).expect("a context").tar().expect("an archive")
}

fn new_image(bench: &Bench, what: &str, files: &[(&str, &str)]) -> NewImage {
    NewImage {
        tag: format!("{}:1", bench.name(what)),
        labels: bench.labels(),
        dockerfile: files[0].0.to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        context: context(files),
    }
}

#[tokio::test]
async fn builds_a_stage_with_arguments_and_labels() {
    let bench = Bench::new("build").await;
    let text = "ARG WORD=none\nFROM scratch AS first\nARG WORD\nCOPY a /a\nLABEL word=$WORD\nFROM scratch\nCOPY b /b\n";
    let mut new = new_image(&bench, "one", &[("ops/Dockerfile", text), ("a", "A"), ("b", "B")]);
    new.target = Some("first".to_owned());
    new.args.insert("WORD".to_owned(), "given".to_owned());
    let heard = Mutex::new(Vec::new());
    let id = bench.docker.build(&new, &|line| heard.lock().expect("a list").push(line)).await.expect("an image");
    assert!(id.starts_with("sha256:"), "{id}");
    let heard = heard.into_inner().expect("a list");
    assert!(heard.iter().any(|line| line.starts_with("Step 2/")), "{heard:?}");
    let image = bench.docker.image(&new.tag).await.expect("an answer").expect("the image");
    assert_eq!(image.id, id);
    assert_eq!(image.tags, std::slice::from_ref(&new.tag));
    assert_eq!(image.labels["word"], "given");
    assert_eq!(image.labels["omni.test"], bench.prefix);
    assert_eq!(bench.docker.image(&id).await.expect("an answer"), Some(image.clone()), "by id as by tag");
    assert!(bench.docker.images(&bench.labels()).await.expect("an answer").contains(&image));
    assert_eq!(bench.docker.image("omni-test/none:1").await.expect("an answer"), None);
}

#[tokio::test]
async fn a_failed_build_tells_its_last_lines() {
    let bench = Bench::new("fail").await;
    for (text, word) in [
        ("FROM scratch\nCOPY missing /x\n", "missing"),
        ("FROM scratch\nNONSENSE\n", "NONSENSE"),
        ("FROM scratch\nRUN --mount=type=cache,target=/x true\n", "mount"),
    ] {
        let new = new_image(&bench, "one", &[("Dockerfile", text), ("a", "A")]);
        let fault = bench.docker.build(&new, &|_| {}).await.expect_err(text);
        assert_eq!(fault.kind, FaultKind::Failed, "{fault:?}");
        assert!(fault.message.contains(word), "{fault:?}");
        if word == "missing" {
            assert!(fault.log.iter().any(|line| line.starts_with("Step 2/")), "{:?}", fault.log);
        }
        if word == "mount" {
            assert!(fault.help.expect("help").contains("BuildKit"));
        }
    }
}

#[tokio::test]
async fn tells_the_health_check_an_image_brings() {
    let bench = Bench::new("check").await;
    for (what, line, words) in [
        ("none", "", None),
        ("off", "HEALTHCHECK NONE", None),
        (
            "words",
            "HEALTHCHECK --interval=5s CMD [\"/fixture\", \"health\", \"/\"]",
            Some(&["/fixture", "health", "/"][..]),
        ),
        ("shell", "HEALTHCHECK CMD curl localhost", Some(&["/bin/sh", "-c", "curl localhost"])),
        ("own-shell", "SHELL [\"/busybox\", \"sh\"]\nHEALTHCHECK CMD true", Some(&["/busybox", "sh", "true"])),
    ] {
        let id = bench.image_with(what, line).await;
        let health = bench.docker.image(&id).await.expect("an answer").expect("the image").health;
        let probe = words.map(|words| Probe::Command(words.iter().map(|word| (*word).into()).collect()));
        assert_eq!(health.map(|health| health.probe), probe, "{what}");
    }
}

#[tokio::test]
async fn imports_an_empty_image_once() {
    let bench = Bench::new("empty").await;
    let tag = format!("{}:0", bench.name("anchor"));
    let mut ids = Vec::new();
    for _ in 0..2 {
        bench.docker.import_empty(&tag).await.expect("an image");
        ids.push(bench.docker.image(&tag).await.expect("an answer").expect("the image").id);
    }
    assert_eq!(ids[0], ids[1]);
    let mut new = bench.container("anchor");
    new.image.clone_from(&tag);
    let id = bench.docker.create_container(&new).await.expect("a container that is never started");
    let fault = bench.docker.remove_image(&ids[0]).await.expect_err("it is in use");
    assert_eq!(fault.kind, FaultKind::Conflict);
    bench.docker.remove_container(&id).await.expect("a removal");
    bench.docker.remove_image(&tag).await.expect("a removal");
    assert_eq!(bench.docker.remove_image(&tag).await.expect_err("gone").kind, FaultKind::NotFound);
    docker_cli(&["rmi", "-f", &tag]);
}
