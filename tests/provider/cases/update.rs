//! Changing a service where it stands, and deleting it.

use omni::plan::Action;
use omni::provider::engine::Engine;
use omni::resource::{Resource, Restart};

use crate::provider::stage::Stage;
use crate::provider::things::{boxed, change, web};
use crate::provider::world::{Does, World};

pub(crate) async fn limits_change_in_place<W: World>(stage: &mut Stage<'_, W>) {
    let mut old = stage.service(Does::Serve).await;
    // An engine cannot take a limit away where the container stands, so there is one on both sides.
    old.container.limits.memory = Some("64m".parse().expect("a size"));
    old.container.limits.cpus = Some("1".parse().expect("a number of CPUs"));
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let mut new = old.clone();
    new.container.limits.memory = Some("96m".parse().expect("a size"));
    new.container.limits.cpus = Some("0.5".parse().expect("a number of CPUs"));
    new.container.restart = Restart::Always;
    let update = change(web(), Action::Update, Some(side), Some(boxed(&new)));
    let effect = stage.perform(&update).await.expect("it can be changed");
    assert_eq!(effect.objects, up, "it is the same container");
    let Resource::Service(seen) = stage.objects(&web()).await.remove(0).resource else { panic!("a service") };
    assert_eq!(seen.container.limits, new.container.limits);
    assert_eq!(seen.container.restart, Restart::Always);
    stage.back(&update).await;
    assert_eq!(stage.objects(&web()).await[0].resource, boxed(&old), "the settings from before are back");
    stage.there_and_back(&update).await;
}

pub(crate) async fn scaling_up<W: World>(stage: &mut Stage<'_, W>) {
    let old = stage.service(Does::Serve).await;
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let mut new = old.clone();
    new.replicas = 3;
    let update = change(web(), Action::Update, Some(side), Some(boxed(&new)));
    stage.there_and_back(&update).await;
    let effect = stage.perform(&update).await.expect("it can be changed");
    assert_eq!((effect.objects.len(), &effect.objects[0]), (3, &up[0]));
    stage.back(&update).await;
}

pub(crate) async fn scaling_down<W: World>(stage: &mut Stage<'_, W>) {
    let mut old = stage.service(Does::Serve).await;
    old.replicas = 3;
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let mut new = old.clone();
    new.replicas = 1;
    let update = change(web(), Action::Update, Some(side), Some(boxed(&new)));
    stage.there_and_back(&update).await;
    assert_eq!(stage.perform(&update).await.expect("it can be changed").objects, up[..1]);
    let objects = stage.objects(&web()).await;
    assert_eq!(objects.iter().map(|object| object.status.is_up()).collect::<Vec<_>>(), [true, false, false]);
    stage.back(&update).await;
}

pub(crate) async fn what_was_stopped_by_hand_is_started<W: World>(stage: &mut Stage<'_, W>) {
    let service = stage.service(Does::Serve).await;
    let up = stage.serving(&service).await.objects;
    stage
        .world
        .host()
        .engine()
        .stop_container(&up[0], std::time::Duration::from_secs(1))
        .await
        .expect("somebody stops it");
    let side = stage.side(&web(), &up).await;
    assert!(side.up.is_empty());
    let update = change(web(), Action::Update, Some(side), Some(boxed(&service)));
    stage.there_and_back(&update).await;
    assert_eq!(stage.perform(&update).await.expect("it starts").objects, up);
    assert!(stage.objects(&web()).await[0].status.is_up());
}

pub(crate) async fn deleting_stops_and_keeps<W: World>(stage: &mut Stage<'_, W>) {
    let service = stage.service(Does::Serve).await;
    let up = stage.serving(&service).await.objects;
    let side = stage.side(&web(), &up).await;
    let delete = change(web(), Action::Delete, Some(side), None);
    stage.there_and_back(&delete).await;
    assert!(stage.perform(&delete).await.expect("it can be stopped").objects.is_empty());
    let objects = stage.objects(&web()).await;
    assert_eq!((objects.len(), objects[0].status.is_up()), (1, false));
    stage.back(&delete).await;
}
