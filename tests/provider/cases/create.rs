//! Making things: what is observed is what is desired, twice is once, and taking it back leaves nothing.

use std::collections::BTreeMap;

use omni::address::Kind;
use omni::plan::Action;
use omni::provider::engine::Engine;
use omni::provider::{FaultKind, Observe, Perform};
use omni::resource::{Build, ConfigFile, Image, ImageSource, Pin, PullPolicy, Resource};
use omni::template::{Part, Template};

use crate::provider::stage::Stage;
use crate::provider::things::{at, boxed, change, job, network, volume, web};
use crate::provider::world::{Does, World, content};

pub(crate) async fn what_is_made_is_what_is_desired<W: World>(stage: &mut Stage<'_, W>) {
    let mut service = stage.service(Does::Serve).await;
    service.replicas = 2;
    service.expose.insert("3000/tcp".to_owned());
    service.container.limits.memory = Some("64m".parse().expect("a size"));
    service.container.tmpfs.insert("/cache".to_owned(), "size=1m".to_owned());
    stage.serving(&service).await;
    let job = Resource::Job(Box::new(job(stage.job(0).await, None)));
    stage.done(&change(at(Kind::Job, "seed"), Action::Run, None, Some(job))).await;
    let observed = stage.world.host().observe(&stage.scope).await.expect("the engine answers");
    for (address, desired) in &stage.things {
        let objects = observed.at(address);
        assert!(!objects.is_empty(), "{address} is seen");
        for object in objects {
            assert_eq!(object.resource, *desired, "{address} has no phantom difference");
        }
    }
    assert_eq!(observed.at(&web()).iter().map(|o| o.provenance.replica).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(observed.key.as_ref(), Some(stage.vault.key()));
    assert_eq!(observed.objects.keys().collect::<Vec<_>>(), stage.things.keys().collect::<Vec<_>>());
}

pub(crate) async fn a_network_is_made_once_and_taken_back<W: World>(stage: &mut Stage<'_, W>) {
    let wanted = Resource::Network(network(&stage.name("net")));
    stage.there_and_back(&change(at(Kind::Network, "net"), Action::Create, None, Some(wanted))).await;
}

pub(crate) async fn a_volume_is_made_once_and_taken_back<W: World>(stage: &mut Stage<'_, W>) {
    let wanted = Resource::Volume(volume(&stage.name("data")));
    stage.there_and_back(&change(at(Kind::Volume, "data"), Action::Create, None, Some(wanted))).await;
}

pub(crate) async fn a_volume_of_somebody_else_is_a_conflict<W: World>(stage: &mut Stage<'_, W>) {
    let wanted = volume(&stage.name("data"));
    let engine = stage.world.host().engine();
    let theirs = BTreeMap::from([("team".to_owned(), "other".to_owned())]);
    engine.create_volume(&wanted, &theirs).await.expect("somebody makes it");
    let change = change(at(Kind::Volume, "data"), Action::Create, None, Some(Resource::Volume(wanted.clone())));
    let fault = stage.perform(&change).await.expect_err("it is not ours");
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.help.is_some_and(|help| help.contains("external")));
    stage.undo(&change).await.expect("there is nothing to take back");
    let live = engine.volume(&wanted.name).await.expect("the engine answers").expect("it is still there");
    assert_eq!(live.labels, theirs);
    engine.remove_volume(&wanted.name).await.expect("it is removed");
}

fn build(context: &str) -> Image {
    let build = Build {
        context: context.to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        content: content(),
    };
    let source = ImageSource::Build(build);
    Image { source, platform: None, pull_policy: PullPolicy::Missing, pin: None }
}

pub(crate) async fn an_image_is_built_once_and_taken_back<W: World>(stage: &mut Stage<'_, W>) {
    let (host, scope) = (stage.world.host(), stage.scope.clone());
    let mut image = build(".");
    image.pin = Some(host.pin(&image).await.expect("a build pins itself"));
    assert!(matches!(image.pin, Some(Pin::Build(_))));
    assert!(!host.has_image(&scope, &image, "web").await.expect("the engine answers"));
    let change = change(at(Kind::Image, "web"), Action::Create, None, Some(Resource::Image(image.clone())));
    let first = stage.perform(&change).await.expect("it can be built");
    assert!(host.has_image(&scope, &image, "web").await.expect("the engine answers"));
    assert_eq!(stage.perform(&change).await.expect("it is there").objects, first.objects);
    stage.back(&change).await;
    assert!(!host.has_image(&scope, &image, "web").await.expect("the engine answers"));
}

pub(crate) async fn a_context_that_changed_is_refused<W: World>(stage: &mut Stage<'_, W>) {
    let mut image = build("changed");
    if let ImageSource::Build(build) = &mut image.source {
        build.content = omni::fingerprint::Fingerprint::of("as it was planned");
    }
    image.pin = Some(stage.world.host().pin(&image).await.expect("a build pins itself"));
    let wanted = change(at(Kind::Image, "web"), Action::Create, None, Some(Resource::Image(image)));
    let fault = stage.perform(&wanted).await.expect_err("the context is another one");
    assert_eq!(fault.message, "the build context changed since the plan");
    stage.back(&wanted).await;
    let unreadable = change(at(Kind::Image, "web"), Action::Create, None, Some(Resource::Image(build("missing"))));
    let fault = stage.perform(&unreadable).await.expect_err("there is no context");
    assert_eq!(fault.message, "the build context cannot be read: there is no such folder");
}

pub(crate) async fn external_things_are_looked_up<W: World>(stage: &mut Stage<'_, W>) {
    let mut net = network(&stage.name("theirs"));
    net.external = true;
    let create = change(at(Kind::Network, "net"), Action::Create, None, Some(Resource::Network(net.clone())));
    let fault = stage.perform(&create).await.expect_err("there is none");
    assert_eq!((fault.kind, fault.help.is_some()), (FaultKind::NotFound, true));
    let engine = stage.world.host().engine();
    let id = engine.create_network(&net, &net.name, &BTreeMap::new()).await.expect("somebody makes it");
    let found = stage.perform(&create).await.expect("it is there now").objects;
    assert_eq!(found, [id.as_str()]);
    stage.back(&create).await;
    assert_eq!(
        engine.networks_named(&net.name).await.expect("the engine answers").len(),
        1,
        "it is not ours to remove"
    );
    engine.remove_network(&id).await.expect("it is removed");
    let mut data = volume(&stage.name("theirs"));
    data.external = true;
    let create = change(at(Kind::Volume, "data"), Action::Create, None, Some(Resource::Volume(data)));
    assert_eq!(stage.perform(&create).await.expect_err("there is none").kind, FaultKind::NotFound);
}

pub(crate) async fn a_service_is_made_once_and_taken_back<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let service = stage.service(Does::Serve).await;
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    stage.there_and_back(&create).await;
    assert_eq!(stage.perform(&create).await.expect("it serves").note, "healthy");
}

pub(crate) async fn replicas_are_made_at_once<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let mut service = stage.service(Does::Serve).await;
    service.replicas = 4;
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    assert_eq!(stage.perform(&create).await.expect("it serves").objects.len(), 4);
    stage.back(&create).await;
}

pub(crate) async fn a_missing_network_is_named<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    let id = stage.objects(&at(Kind::Network, "net")).await[0].id.clone();
    stage.world.host().remove(&at(Kind::Network, "net"), &id).await.expect("nobody uses it");
    stage.next();
    let service = stage.service(Does::Serve).await;
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    let fault = stage.perform(&create).await.expect_err("its network is gone");
    assert_eq!(fault.message, "network.net is not on the engine");
    stage.back(&create).await;
}

pub(crate) async fn a_stopped_container_can_be_removed<W: World>(stage: &mut Stage<'_, W>) {
    let service = stage.service(Does::Serve).await;
    let up = stage.serving(&service).await.objects;
    let host = stage.world.host();
    let fault = host.remove(&web(), &up[0]).await.expect_err("it runs");
    assert_eq!(fault.kind, FaultKind::Conflict);
    let side = stage.side(&web(), &up).await;
    stage.done(&change(web(), Action::Delete, Some(side), None)).await;
    host.remove(&web(), &up[0]).await.expect("it is stopped");
    host.remove(&web(), &up[0]).await.expect("it is gone, which is what was asked for");
    assert!(stage.objects(&web()).await.is_empty());
}

pub(crate) async fn secrets_come_back_as_holes<W: World>(stage: &mut Stage<'_, W>) {
    let mut service = stage.service(Does::Serve).await;
    let secret = stage.vault.keep_secret("DB_PASSWORD", "hunter2-hunter2".to_owned());
    let url = Template::from_parts(vec![Part::Text("db://u:".to_owned()), secret, Part::Text("@db/$x".to_owned())]);
    service.container.environment.insert("DATABASE_URL".to_owned(), url);
    stage.serving(&service).await;
    let objects = stage.objects(&web()).await;
    assert_eq!(objects[0].resource, boxed(&service));
    assert!(!format!("{objects:?}").contains("hunter2"), "no secret is observed");
}

pub(crate) async fn config_files_are_put_before_the_start<W: World>(stage: &mut Stage<'_, W>) {
    let mut service = stage.service(Does::Serve).await;
    let content = stage.vault.keep_file(b"a = 1\n".to_vec());
    let file = ConfigFile { source: "app.toml".to_owned(), content, mode: 0o444 };
    service.container.configs.insert("/etc/app/app.toml".to_owned(), file);
    let up = stage.serving(&service).await.objects;
    let found = stage.world.host().engine().file(&up[0], "/etc/app/app.toml").await.expect("the engine answers");
    assert_eq!(found.as_deref(), Some(b"a = 1\n".as_slice()));
    assert_eq!(stage.objects(&web()).await[0].resource, boxed(&service));
}
