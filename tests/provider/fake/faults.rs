//! Every call of a change goes wrong in every way, and every client dies at every moment: afterwards the world is as before,
//! or as after where it is tried again, and nothing leaks.

use std::time::Duration;

use omni::address::{Address, Kind};
use omni::plan::{Action, Change, Turn};
use omni::provider::Observe;
use omni::provider::fake::{Behaviour, Trouble};
use omni::resource::{Build, Image, ImageSource, PullPolicy, Resource, Service};
use tokio::time::timeout;

use crate::provider::fake::Fake;
use crate::provider::stage::Stage;
use crate::provider::things::{at, boxed, change, image, job, network, version, volume, web};
use crate::provider::world::{Does, World, content};

/// A change to be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Create,
    NewFirst,
    OldFirst,
    Rolling,
    Broken,
    Reuse,
    Update,
    ScaleDown,
    Delete,
    Job,
    Network,
    Volume,
    Build,
    Pull,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::Refuse,
    Trouble::LostBefore,
    Trouble::LostAfter,
    Trouble::Late(Duration::from_millis(500)),
    Trouble::Conflict,
    Trouble::Failure,
    Trouble::Hang,
    Trouble::HangAfter,
];

type Snapshot = Vec<(Address, String, bool, Resource)>;

/// Everything there is, as far as anybody can tell.
async fn snapshot(stage: &Stage<'_, Fake>, change: &Change) -> (Snapshot, Vec<String>, bool) {
    let host = stage.world.host();
    let observed = host.observe(&stage.scope).await.expect("the engine answers");
    let one = |(address, objects): (&Address, &Vec<omni::observed::Object>)| {
        let told = |o: &omni::observed::Object| (address.clone(), o.name.clone(), o.status.is_up(), o.resource.clone());
        objects.iter().map(told).collect::<Vec<_>>()
    };
    let image = match &change.after {
        Some(Resource::Image(image)) => host.has_image(&stage.scope, image, "web").await.expect("the engine answers"),
        _ => false,
    };
    (observed.objects.iter().flat_map(one).collect(), stage.world.engine.names(), image)
}

async fn base(stage: &mut Stage<'_, Fake>, replicas: u32) -> (Service, Vec<String>) {
    let mut service = stage.service(Does::Serve).await;
    service.replicas = replicas;
    service.container.limits.memory = Some("32m".parse().expect("a size"));
    let up = stage.serving(&service).await.objects;
    (service, up)
}

async fn prepare(stage: &mut Stage<'_, Fake>, scene: Scene) -> Change {
    match scene {
        Scene::Create => {
            stage.ground().await;
            stage.next();
            let mut service = stage.service(Does::Serve).await;
            service.replicas = 2;
            change(web(), Action::Create, None, Some(boxed(&service)))
        }
        Scene::NewFirst | Scene::OldFirst | Scene::Rolling | Scene::Broken => {
            let (old, up) = base(stage, 2).await;
            let turn = if scene == Scene::OldFirst { Turn::OldFirst } else { Turn::NewFirst };
            let mut new = version(&old, "2");
            if scene == Scene::Rolling {
                new.update.strategy = omni::resource::Strategy::Rolling;
            }
            if scene == Scene::Broken {
                new.container.image = stage.service(Does::NeverHealthy).await.container.image;
            }
            let side = stage.side(&web(), &up).await;
            change(web(), Action::Replace(turn), Some(side), Some(boxed(&new)))
        }
        Scene::Reuse => {
            let (old, first) = base(stage, 1).await;
            let (side, new) = (stage.side(&web(), &first).await, boxed(&version(&old, "2")));
            let second = stage.done(&change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(new))).await;
            stage.next();
            let side = stage.side(&web(), &second.objects).await;
            let mut back = change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(boxed(&old)));
            back.reuse = first;
            back
        }
        Scene::Update | Scene::ScaleDown | Scene::Delete => {
            let (old, up) = base(stage, 2).await;
            let side = stage.side(&web(), &up).await;
            let mut new = old.clone();
            new.replicas = if scene == Scene::Update { 3 } else { 1 };
            new.container.limits.memory = Some("64m".parse().expect("a size"));
            match scene {
                Scene::Delete => change(web(), Action::Delete, Some(side), None),
                _ => change(web(), Action::Update, Some(side), Some(boxed(&new))),
            }
        }
        Scene::Job => {
            stage.ground().await;
            stage.next();
            let back = stage.world.does(Does::End(0)).1;
            let job = job(stage.job(0).await, back);
            change(at(Kind::Job, "seed"), Action::Run, None, Some(Resource::Job(Box::new(job))))
        }
        Scene::Network => {
            let wanted = Resource::Network(network(&stage.name("net")));
            change(at(Kind::Network, "net"), Action::Create, None, Some(wanted))
        }
        Scene::Volume => {
            let wanted = Resource::Volume(volume(&stage.name("data")));
            change(at(Kind::Volume, "data"), Action::Create, None, Some(wanted))
        }
        Scene::Build | Scene::Pull => {
            drop(stage.world.engine.publish("shop/web:2", "version 2", Behaviour::NeverHealthy));
            let mut image = if scene == Scene::Build { build() } else { image("shop/web:2", None) };
            image.pin = Some(stage.world.host().pin(&image).await.expect("the registry answers"));
            change(at(Kind::Image, "web"), Action::Create, None, Some(Resource::Image(image)))
        }
    }
}

fn build() -> Image {
    let (context, dockerfile) = (".".to_owned(), "Dockerfile".to_owned());
    let build = Build { context, dockerfile, target: None, args: [].into(), content: content() };
    Image { source: ImageSource::Build(build), platform: None, pull_policy: PullPolicy::Missing, pin: None }
}

/// Takes the change back, again and again until it is taken back, and lets all that is late happen.
async fn undo(stage: &Stage<'_, Fake>, change: &Change, what: &str) {
    let mut last = None;
    for _ in 0..5 {
        match stage.undo(change).await {
            Ok(_) => {
                stage.world.engine.settle(Duration::from_secs(15)).await;
                return;
            }
            Err(fault) => last = Some(fault),
        }
    }
    panic!("{what}: it cannot be taken back: {last:?}");
}

/// One run with one trouble; whether the trouble was met.
async fn disturb(scene: Scene, trouble: Trouble, number: u64, again: bool) -> bool {
    let what = format!("{scene:?}, call {number}: {trouble:?}, again: {again}");
    let world = Fake::new();
    let mut stage = Stage::new(&world, "faults");
    let change = prepare(&mut stage, scene).await;
    let before = snapshot(&stage, &change).await;
    world.engine.heal();
    world.engine.trouble_at(number, trouble);
    let mut first = stage.perform(&change).await;
    if again && scene != Scene::Broken {
        for _ in 0..3 {
            if first.is_err() {
                first = stage.perform(&change).await;
            }
        }
        let effect = first.unwrap_or_else(|fault| panic!("{what}: it cannot be done: {fault}"));
        let fired = world.engine.fired() > 0;
        world.engine.heal();
        world.engine.settle(Duration::from_secs(15)).await;
        let repeated = stage.perform(&change).await.expect("it is done");
        assert_eq!(effect.objects, repeated.objects, "{what}");
        after_is_clean(&stage, &change, &effect.objects, &what).await;
        undo(&stage, &change, &what).await;
        world.engine.heal();
        assert_eq!(snapshot(&stage, &change).await, before, "{what}");
        return fired;
    }
    undo(&stage, &change, &what).await;
    let fired = world.engine.fired() > 0;
    world.engine.heal();
    assert_eq!(snapshot(&stage, &change).await, before, "{what}");
    assert_eq!(stage.leftovers().await, Vec::<String>::new(), "{what}");
    fired
}

/// What serves is what the change says, and there is nothing of it beside.
async fn after_is_clean(stage: &Stage<'_, Fake>, change: &Change, ids: &[String], what: &str) {
    let objects = stage.objects(&change.address).await;
    if change.address.kind() != Kind::Service {
        let mine = objects.iter().filter(|object| object.provenance.op == stage.op().as_str()).count();
        assert!(mine <= 1, "{what}: it is there once");
        return;
    }
    let up: Vec<_> = objects.iter().filter(|object| object.status.is_up()).map(|object| &object.id).collect();
    assert_eq!(up.len(), ids.len(), "{what}");
    assert!(up.iter().all(|id| ids.contains(id)), "{what}");
}

/// Lets every call go wrong in every way; returns the most calls that a run had.
async fn disturb_all(scene: Scene) -> u64 {
    let mut most = 0;
    for trouble in TROUBLES {
        for again in [false, true] {
            let mut number = 1;
            while disturb(scene, trouble, number, again).await {
                number += 1;
            }
            most = most.max(number - 1);
        }
    }
    most
}

/// Lets the client die at every moment of doing, and of taking back.
async fn cut_everywhere(scene: Scene) -> u32 {
    let mut cuts = 0;
    for back in [false, true] {
        for millis in (0..).step_by(4) {
            let what = format!("{scene:?} is cut after {millis} ms, taking back: {back}");
            let world = Fake::new();
            let mut stage = Stage::new(&world, "cuts");
            let change = prepare(&mut stage, scene).await;
            let before = snapshot(&stage, &change).await;
            let length = Duration::from_millis(millis);
            let ended = if back {
                stage.perform(&change).await.ok();
                timeout(length, stage.undo(&change)).await.is_ok()
            } else {
                timeout(length, stage.perform(&change)).await.is_ok()
            };
            undo(&stage, &change, &what).await;
            assert_eq!(snapshot(&stage, &change).await, before, "{what}");
            assert_eq!(stage.leftovers().await, Vec::<String>::new(), "{what}");
            if ended {
                break;
            }
            cuts += 1;
        }
    }
    cuts
}

macro_rules! scenes {
    ($($name:ident: $scene:ident, $calls:literal;)*) => {
        $(mod $name {
            use super::{Scene, cut_everywhere, disturb_all};

            #[tokio::test(start_paused = true)]
            async fn any_call_may_go_wrong() {
                let calls = disturb_all(Scene::$scene).await;
                assert!(calls > $calls, "only {calls} calls were disturbed");
            }

            #[tokio::test(start_paused = true)]
            async fn the_client_may_die_at_any_moment() {
                assert!(cut_everywhere(Scene::$scene).await > 1, "it was cut");
            }
        })*
    };
}

scenes! {
    create: Create, 20;
    new_first: NewFirst, 20;
    old_first: OldFirst, 20;
    rolling: Rolling, 20;
    broken: Broken, 20;
    reuse: Reuse, 20;
    update: Update, 20;
    scale_down: ScaleDown, 10;
    delete: Delete, 8;
    job: Job, 12;
    network: Network, 4;
    volume: Volume, 3;
    build: Build, 5;
    pull: Pull, 5;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_away_for_good_is_named_and_undone_once_it_is_back() {
    for number in 1..60 {
        let world = Fake::new();
        let mut stage = Stage::new(&world, "away");
        let change = prepare(&mut stage, Scene::NewFirst).await;
        let before = snapshot(&stage, &change).await;
        world.engine.heal();
        world.engine.down_from(number);
        let done = stage.perform(&change).await;
        if world.engine.fired() > 0 {
            done.expect_err("the engine is away");
            stage.undo(&change).await.expect_err("the engine is away");
        }
        world.engine.heal();
        undo(&stage, &change, "away").await;
        assert_eq!(snapshot(&stage, &change).await, before);
    }
}
