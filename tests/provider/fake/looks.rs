//! Which calls are made, and in which turn: every verb looks before it acts, and what is so already is left alone.

use omni::address::Kind;
use omni::plan::{Action, Turn};
use omni::resource::{Resource, Strategy};

use crate::provider::fake::Fake;
use crate::provider::stage::Stage;
use crate::provider::things::{at, boxed, change, job, network, version, volume, web};
use crate::provider::world::Does;

/// The calls that replace a service of two containers.
async fn calls(turn: Turn, strategy: Strategy) -> Vec<String> {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "looks");
    let mut old = stage.service(Does::Serve).await;
    (old.replicas, old.update.strategy) = (2, strategy);
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    world.engine.heal();
    stage.done(&change(web(), Action::Replace(turn), Some(side), Some(boxed(&version(&old, "2"))))).await;
    let log = world.engine.log();
    log.iter().map(|call| call.replace("_container looks-test-", " ")).collect()
}

#[tokio::test(start_paused = true)]
async fn new_first_stops_the_old_ones_last() {
    let calls = calls(Turn::NewFirst, Strategy::BlueGreen).await;
    let expected = ["create web-2", "create web-2-2", "start web-2", "start web-2-2", "stop web-1", "stop web-1-2"];
    assert_eq!(calls, expected);
}

#[tokio::test(start_paused = true)]
async fn old_first_stops_the_old_ones_first() {
    let calls = calls(Turn::OldFirst, Strategy::Recreate).await;
    let expected = ["stop web-1", "stop web-1-2", "create web-2", "create web-2-2", "start web-2", "start web-2-2"];
    assert_eq!(calls, expected);
}

#[tokio::test(start_paused = true)]
async fn rolling_goes_one_by_one() {
    let calls = calls(Turn::NewFirst, Strategy::Rolling).await;
    let expected = ["create web-2", "start web-2", "stop web-1", "create web-2-2", "start web-2-2", "stop web-1-2"];
    assert_eq!(calls, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_done_already_needs_no_change() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "twice");
    let net = Resource::Network(network(&stage.name("net")));
    let data = Resource::Volume(volume(&stage.name("data")));
    let seed = Resource::Job(Box::new(job(stage.job(0).await, None)));
    let service = stage.service(Does::Serve).await;
    let changes = [
        change(at(Kind::Network, "net"), Action::Create, None, Some(net)),
        change(at(Kind::Volume, "data"), Action::Create, None, Some(data)),
        change(at(Kind::Job, "seed"), Action::Run, None, Some(seed)),
        change(web(), Action::Create, None, Some(boxed(&service))),
    ];
    for change in &changes {
        stage.done(change).await;
        world.engine.heal();
        stage.done(change).await;
        // A volume is looked at by making it again: the engine answers with the one that is there.
        let log: Vec<_> = world.engine.log().into_iter().filter(|call| !call.starts_with("create_volume")).collect();
        assert_eq!(log, Vec::<String>::new(), "{}", change.address);
    }
    let up = stage.objects(&web()).await[0].id.clone();
    let side = stage.side(&web(), &[up]).await;
    stage.next();
    world.engine.heal();
    stage.done(&change(web(), Action::Update, Some(side.clone()), Some(boxed(&service)))).await;
    stage.done(&change(web(), Action::Keep, Some(side), Some(boxed(&service)))).await;
    assert_eq!(world.engine.log(), Vec::<String>::new(), "what differs in the spec only needs no call");
}

#[tokio::test(start_paused = true)]
async fn an_undo_brings_the_old_one_back_before_the_new_one_goes() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "back");
    let old = stage.service(Does::Serve).await;
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let replace = change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(boxed(&version(&old, "2"))));
    stage.perform(&replace).await.expect("it can be done");
    world.engine.heal();
    stage.undo(&replace).await.expect("it can be taken back");
    assert_eq!(world.engine.log(), ["start_container back-test-web-1", "remove_container back-test-web-2"]);
}
