//! Replacing: the turn of old and new, retained containers, and the way back.

use omni::address::Kind;
use omni::observed::Status;
use omni::plan::{Action, Turn};
use omni::provider::Observe;
use omni::resource::{Port, Protocol, Resource, Strategy};

use crate::provider::stage::Stage;
use crate::provider::things::{at, boxed, change, version, web};
use crate::provider::world::{Does, World};

async fn there_and_back<W: World>(stage: &mut Stage<'_, W>, turn: Turn, strategy: Strategy, replicas: u32) {
    let mut old = stage.service(Does::Serve).await;
    (old.update.strategy, old.replicas) = (strategy, replicas);
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let new = version(&old, "2");
    let replace = change(web(), Action::Replace(turn), Some(side), Some(boxed(&new)));
    stage.there_and_back(&replace).await;
    let effect = stage.perform(&replace).await.expect("it can be done after all");
    assert_eq!((effect.objects.len(), effect.note.as_str()), (replicas as usize, "healthy"));
    for object in stage.objects(&web()).await {
        let is_new = effect.objects.contains(&object.id);
        assert_eq!(object.status.is_up(), is_new, "the new ones run, the old ones are kept stopped: {}", object.name);
        assert_eq!(object.resource, boxed(if is_new { &new } else { &old }));
    }
    stage.back(&replace).await;
}

pub(crate) async fn new_first<W: World>(stage: &mut Stage<'_, W>) {
    there_and_back(stage, Turn::NewFirst, Strategy::Auto, 2).await;
}

pub(crate) async fn old_first<W: World>(stage: &mut Stage<'_, W>) {
    there_and_back(stage, Turn::OldFirst, Strategy::Recreate, 2).await;
}

pub(crate) async fn rolling<W: World>(stage: &mut Stage<'_, W>) {
    there_and_back(stage, Turn::NewFirst, Strategy::Rolling, 3).await;
}

pub(crate) async fn old_first_with_a_fixed_port<W: World>(stage: &mut Stage<'_, W>) {
    let mut old = stage.service(Does::Serve).await;
    let host_ip = Some("127.0.0.1".to_owned());
    let port = Port { host_ip, host: Some(stage.world.port()), container: 80, protocol: Protocol::Tcp };
    old.ports.insert(port);
    let up = stage.serving(&old).await.objects;
    assert_eq!(stage.objects(&web()).await[0].resource, boxed(&old));
    let side = stage.side(&web(), &up).await;
    let new = boxed(&version(&old, "2"));
    let clash = change(web(), Action::Replace(Turn::NewFirst), Some(side.clone()), Some(new.clone()));
    stage.perform(&clash).await.expect_err("both want the port");
    stage.back(&clash).await;
    stage.there_and_back(&change(web(), Action::Replace(Turn::OldFirst), Some(side), Some(new))).await;
}

pub(crate) async fn an_undo_that_comes_first_changes_nothing<W: World>(stage: &mut Stage<'_, W>) {
    let old = stage.service(Does::Serve).await;
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let seen = async || {
        let objects = stage.objects(&web()).await;
        objects.into_iter().map(|o| (o.id, o.resource, o.status.is_up())).collect::<Vec<_>>()
    };
    let before = seen().await;
    for turn in [Turn::NewFirst, Turn::OldFirst] {
        let new = Some(boxed(&version(&old, "2")));
        stage.back(&change(web(), Action::Replace(turn), Some(side.clone()), new)).await;
        assert_eq!(seen().await, before);
    }
}

pub(crate) async fn a_retained_container_is_started_again<W: World>(stage: &mut Stage<'_, W>) {
    let old = stage.service(Does::Serve).await;
    let first = stage.serving(&old).await.objects;
    let new = version(&old, "2");
    let side = stage.side(&web(), &first).await;
    let second =
        stage.done(&change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(boxed(&new)))).await.objects;
    stage.next();
    let side = stage.side(&web(), &second).await;
    let mut back = change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(boxed(&old)));
    back.reuse.clone_from(&first);
    stage.there_and_back(&back).await;
    let effect = stage.perform(&back).await.expect("it can be started again");
    assert_eq!(effect.objects, first);
    assert_eq!(stage.objects(&web()).await.len(), 2, "nothing new was made");
    stage.back(&back).await;
    let kept = stage.objects(&web()).await.into_iter().find(|object| object.id == first[0]);
    assert!(matches!(kept.expect("it is kept").status, Status::Exited { .. }));
}

pub(crate) async fn a_rollback_command_runs<W: World>(stage: &mut Stage<'_, W>) {
    let mut old = stage.service(Does::Serve).await;
    old.rollback = Some(stage.world.harmless());
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let replace = change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(boxed(&version(&old, "2"))));
    stage.there_and_back(&replace).await;
    let mut broken = replace;
    if let Some(Resource::Service(service)) = broken.before.as_mut().map(|side| &mut side.resource) {
        service.rollback = Some(stage.world.failing());
    }
    let fault = stage.undo(&broken).await.expect_err("the command fails");
    assert_eq!(fault.message, "the rollback command of service.web exited with code 3");
}

pub(crate) async fn a_network_is_replaced_beside_the_old_one<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let address = at(Kind::Network, "net");
    let old = stage.objects(&address).await.remove(0);
    let side = stage.side(&address, std::slice::from_ref(&old.id)).await;
    let Resource::Network(mut new) = old.resource.clone() else { panic!("a network") };
    new.internal = true;
    let replace =
        change(address.clone(), Action::Replace(Turn::NewFirst), Some(side), Some(Resource::Network(new.clone())));
    stage.there_and_back(&replace).await;
    stage.done(&replace).await;
    let observed = stage.world.host().observe(&stage.scope).await.expect("the engine answers");
    let objects = observed.at(&address);
    assert_eq!(objects.len(), 2);
    assert_eq!((&objects[0].resource, &objects[1]), (&Resource::Network(new), &old), "the newest comes first");
    stage.back(&replace).await;
}
