//! What only a scripted engine can show: pins by policy, probes from outside, changes by hand, clocks, late effects.

use std::time::Duration;

use omni::address::Kind;
use omni::observed::Status;
use omni::plan::{Action, Turn};
use omni::provider::engine::Engine;
use omni::provider::fake::{Behaviour, Trouble};
use omni::provider::host::names;
use omni::provider::{Anchor, FaultKind, Observe, Taking};
use omni::resource::{Health, Pin, Port, Probe, Protocol, PullPolicy, Resource};
use omni::template::Template;
use omni::units::Period;
use tokio::time::{Instant, timeout};

use crate::provider::cases::anchor::holder;
use crate::provider::fake::Fake;
use crate::provider::stage::Stage;
use crate::provider::things::{at, boxed, change, image, network, version, web};
use crate::provider::world::{Does, World};

#[tokio::test(start_paused = true)]
async fn a_pin_follows_the_pull_policy() {
    let world = Fake::new();
    let pin = async |reference: &str, policy| {
        let wanted = omni::resource::Image { pull_policy: policy, ..image(reference, None) };
        world.host().pin(&wanted).await
    };
    let id = world.engine.image("shop/serve:1").await.expect("it answers").expect("it is there").id;
    assert_eq!(pin("shop/serve:1", PullPolicy::Missing).await, Ok(Pin::Id(id)), "no registry knows it");
    let first = world.engine.publish("shop/web:1", "one", Behaviour::NeverHealthy);
    assert_eq!(pin("shop/web:1", PullPolicy::Missing).await, Ok(Pin::Digest(first.clone())), "the registry has it");
    assert_eq!(pin("shop/web:1", PullPolicy::Never).await.expect_err("it is not here").kind, FaultKind::NotFound);
    world.engine.pull("shop/web:1", None, &|_| ()).await.expect("it can be pulled");
    let second = world.engine.publish("shop/web:1", "two", Behaviour::NeverHealthy);
    assert_eq!(pin("shop/web:1", PullPolicy::Missing).await, Ok(Pin::Digest(first.clone())), "it is here already");
    assert_eq!(
        pin("docker.io/shop/web:1", PullPolicy::Always).await.expect_err("another name").kind,
        FaultKind::NotFound
    );
    assert_eq!(pin("shop/web:1", PullPolicy::Always).await, Ok(Pin::Digest(second)), "the tag has moved");
    let fixed = format!("shop/web@{first}");
    assert_eq!(pin(&fixed, PullPolicy::Always).await, Ok(Pin::Digest(first)), "it says which one itself");
    assert_eq!(pin("shop/none:1", PullPolicy::Missing).await.expect_err("nobody has it").kind, FaultKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn probes_from_outside_make_ready() {
    for (probe, published) in [
        (Probe::Http { path: "/healthz".to_owned(), port: 80 }, true),
        (Probe::Http { path: "/healthz".to_owned(), port: 80 }, false),
        (Probe::Tcp(80), true),
    ] {
        let world = Fake::new();
        let mut stage = Stage::new(&world, "probes");
        let mut service = stage.service(Does::Serve).await;
        let port = Port { host_ip: None, host: None, container: 80, protocol: Protocol::Tcp };
        service.ports.extend(published.then_some(port));
        service.healthcheck = service.healthcheck.map(|health| Health { probe: probe.clone(), ..health });
        assert_eq!(stage.serving(&service).await.note, "healthy");
        assert_eq!(stage.objects(&web()).await[0].resource, boxed(&service));
    }
    let world = Fake::new();
    let mut stage = Stage::new(&world, "answers");
    stage.ground().await;
    let mut service = stage.service(Does::NeverHealthy).await;
    let probe = Probe::Http { path: "/healthz".to_owned(), port: 80 };
    service.healthcheck = service.healthcheck.map(|health| Health { probe, ..health });
    let fault =
        stage.perform(&change(web(), Action::Create, None, Some(boxed(&service)))).await.expect_err("it is not");
    assert!(fault.message.ends_with(": GET /healthz on port 80 answered 503"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn readiness_does_not_wait_for_the_engines_own_check() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "quick");
    let mut service = stage.service(Does::Serve).await;
    service.healthcheck = service.healthcheck.map(|health| Health { interval: Period::seconds(30), ..health });
    stage.ground().await;
    let begun = Instant::now();
    stage.done(&change(web(), Action::Create, None, Some(boxed(&service)))).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "it took {:?}", begun.elapsed());
    let status = stage.objects(&web()).await.remove(0).status;
    assert!(matches!(status, Status::Running { healthy: None, .. }), "the engine has not tried yet: {status:?}");
}

#[tokio::test(start_paused = true)]
async fn an_images_own_check_is_used() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "own");
    let mut service = stage.service(Does::Serve).await;
    let health = service.healthcheck.take();
    world.engine.load_image("shop/own:1", Behaviour::NeverHealthy, health);
    let pin = world.host().pin(&image("shop/own:1", None)).await.expect("it is there");
    (service.container.image.reference, service.container.image.pin) = ("shop/own:1".to_owned(), Some(pin));
    stage.ground().await;
    let fault =
        stage.perform(&change(web(), Action::Create, None, Some(boxed(&service)))).await.expect_err("it is not");
    assert!(fault.message.starts_with("health check failed"), "{fault}");
    assert_eq!(stage.objects(&web()).await[0].resource, boxed(&service), "it is the image's, not the service's");
}

#[tokio::test(start_paused = true)]
async fn a_dependency_has_to_be_reachable() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "needs");
    let mut service = stage.service(Does::Serve).await;
    service.container.environment.insert("NEEDS".to_owned(), Template::from("db"));
    let db = stage.service(Does::Serve).await;
    stage.ground().await;
    stage.next();
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    stage.perform(&create).await.expect_err("there is no db");
    stage.back(&create).await;
    stage.done(&change(at(Kind::Service, "db"), Action::Create, None, Some(boxed(&db)))).await;
    stage.done(&create).await;
}

#[tokio::test(start_paused = true)]
async fn one_restart_after_it_was_ready_is_one_too_many() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "again");
    let mut service = stage.service(Does::Serve).await;
    service.healthcheck = None;
    service.update.monitor = Period::seconds(1);
    service.container.environment.insert("BEHAVIOUR".to_owned(), Template::from("exit:1:700"));
    stage.ground().await;
    let fault = stage.perform(&change(web(), Action::Create, None, Some(boxed(&service)))).await.expect_err("it ended");
    assert_eq!(fault.message, "the container did not stay up: it exited with code 1 and was started again");
}

/// Nobody looked before: the answer to the start was lost, and was waited for.
#[tokio::test(start_paused = true)]
async fn one_restart_before_the_first_look_is_one_too_many() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "early");
    let mut service = stage.service(Does::Serve).await;
    service.healthcheck = None;
    service.update.monitor = Period::seconds(0);
    service.container.environment.insert("BEHAVIOUR".to_owned(), Template::from("exit:1:700"));
    stage.ground().await;
    world.engine.trouble_in("start_container", 1, Trouble::HangAfter);
    let begun = Instant::now();
    let fault = stage.perform(&change(web(), Action::Create, None, Some(boxed(&service)))).await.expect_err("it ended");
    assert!(begun.elapsed() > Duration::from_millis(800), "it was looked at before it ended: {:?}", begun.elapsed());
    assert_eq!(fault.message, "the container did not stay up: it exited with code 1 and was started again");
    // One that stays up passes, however late it is looked at.
    stage.undo(&change(web(), Action::Create, None, Some(boxed(&service)))).await.expect("it is removed");
    service.container.environment.insert("BEHAVIOUR".to_owned(), Template::from("serve:0"));
    world.engine.trouble_in("start_container", 1, Trouble::HangAfter);
    stage.perform(&change(web(), Action::Create, None, Some(boxed(&service)))).await.expect("it serves");
}

#[tokio::test(start_paused = true)]
async fn changes_by_hand_are_seen() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "drift");
    let service = stage.service(Does::Serve).await;
    stage.serving(&service).await;
    let before = stage.fingerprint().await;
    world.engine.edit("drift-test-web-1", |new| {
        new.container.environment.insert("LOG_LEVEL".to_owned(), Template::from("debug"));
    });
    let mut drifted = service.clone();
    drifted.container.environment.insert("LOG_LEVEL".to_owned(), Template::from("debug"));
    assert_eq!(stage.objects(&web()).await[0].resource, boxed(&drifted));
    assert_ne!(stage.fingerprint().await, before);
    world.engine.kill("drift-test-web-1", 137);
    assert_eq!(stage.objects(&web()).await[0].status, Status::Exited { code: 137 });
    world.engine.forget("drift-test-web-1");
    assert!(stage.objects(&web()).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_network_whose_create_was_answered_late_is_there_once() {
    for delay in [5, 50, 300, 650, 750] {
        let world = Fake::new();
        let stage = Stage::new(&world, "late");
        world.engine.trouble_in("create_network", 1, Trouble::Late(Duration::from_millis(delay)));
        let net = Resource::Network(network("late-net"));
        let create = change(at(Kind::Network, "net"), Action::Create, None, Some(net));
        stage.perform(&create).await.expect("it can be done");
        world.engine.settle(Duration::from_secs(1)).await;
        stage.perform(&create).await.expect("it can be done again");
        let found = world.engine.networks_named("late-net").await.expect("it answers");
        assert_eq!(found.len(), 1, "after {delay} ms");
        stage.back(&create).await;
    }
}

/// The look for a late one failed, the step was tried again, and the late one came beside the one that was made then.
#[tokio::test(start_paused = true)]
async fn a_network_that_comes_late_while_nobody_can_look_is_there_once() {
    let world = Fake::new();
    let stage = Stage::new(&world, "unseen");
    let create = change(at(Kind::Network, "net"), Action::Create, None, Some(Resource::Network(network("unseen-net"))));
    world.engine.trouble_in("create_network", 1, Trouble::Late(Duration::from_secs(3)));
    for number in 2..=5 {
        world.engine.trouble_in("networks", number, Trouble::Refuse);
    }
    let fault = stage.perform(&create).await.expect_err("nobody can look");
    assert!(fault.kind.is_passing(), "{fault:?}");
    stage.perform(&create).await.expect("it can be done");
    world.engine.settle(Duration::from_secs(4)).await;
    let found = world.engine.networks_named("unseen-net").await.expect("it answers");
    assert_eq!(found.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_outlives_its_client_by_any_time() {
    for delay in [0, 100, 1_000, 4_000] {
        let world = Fake::new();
        let mut stage = Stage::new(&world, "outlives");
        let old = stage.service(Does::Serve).await;
        let up = stage.serving(&old).await.objects;
        let side = stage.side(&web(), &up).await;
        let replace = change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(boxed(&version(&old, "2"))));
        world.engine.heal();
        world.engine.trouble_in("create_container", 1, Trouble::Late(Duration::from_millis(delay)));
        timeout(Duration::from_millis(10), stage.perform(&replace)).await.expect_err("the client dies");
        let seen = stage.leftovers().await.len();
        assert_eq!(seen, usize::from(delay == 0), "what takes longer cannot be seen yet");
        stage.undo(&replace).await.expect("it can be taken back");
        world.engine.settle(Duration::from_secs(20)).await;
        assert_eq!(world.engine.names(), ["outlives-test-web-1"], "after {delay} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_command_leaves_its_mark_in_the_old_container() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "mark");
    let mut old = stage.service(Does::Serve).await;
    old.rollback = Some(world.harmless());
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let replace = change(web(), Action::Replace(Turn::OldFirst), Some(side), Some(boxed(&version(&old, "2"))));
    stage.perform(&replace).await.expect("it can be done");
    assert!(!world.engine.has_file("mark-test-web-1", "/rolled-back"));
    stage.undo(&replace).await.expect("it can be taken back");
    assert!(world.engine.has_file("mark-test-web-1", "/rolled-back"));
}

#[tokio::test(start_paused = true)]
async fn an_old_container_that_is_gone_is_named() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "gone");
    let old = stage.service(Does::Serve).await;
    let up = stage.serving(&old).await.objects;
    let side = stage.side(&web(), &up).await;
    let replace = change(web(), Action::Replace(Turn::NewFirst), Some(side), Some(boxed(&version(&old, "2"))));
    stage.perform(&replace).await.expect("it can be done");
    world.engine.forget("gone-test-web-1");
    let fault = stage.undo(&replace).await.expect_err("there is nothing to start");
    assert!(fault.message.ends_with("of service.web is gone"), "{fault}");
    assert_eq!(stage.leftovers().await, Vec::<String>::new(), "the new one is removed all the same");
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_anchor_is_taken_over_and_a_living_one_is_not() {
    let world = Fake::new();
    let stage = Stage::new(&world, "lease");
    let (host, scope) = (world.host(), &stage.scope);
    host.take_anchor(scope, &holder("a", 1), 5).await.expect("it answers");
    world.engine.skew(90);
    let refused = host.take_anchor(scope, &holder("b", 2), 6).await.expect("it answers");
    let Taking::Refused(held) = refused else { panic!("a call of its holder may still be under way") };
    host.renew_anchor(&held).await.expect("its holder lives after all");
    world.engine.skew(90);
    let taking = host.take_anchor(scope, &holder("b", 2), 6).await.expect("it answers");
    assert!(matches!(taking, Taking::Refused(_)), "it was renewed");
    world.engine.skew(31);
    let taking = host.take_anchor(scope, &holder("b", 2), 6).await.expect("it answers");
    assert!(matches!(taking, Taking::Taken(by) if by.fence == 6));
    assert_eq!(host.renew_anchor(&held).await.expect_err("it was broken").kind, FaultKind::NotFound);
    world.engine.skew(-86_400);
    let taking = host.take_anchor(scope, &holder("c", 3), 7).await.expect("it answers");
    assert!(matches!(taking, Taking::Refused(_)), "a clock that goes back breaks nothing");
}

#[tokio::test(start_paused = true)]
async fn an_anchor_whose_answer_was_lost_is_ours() {
    for trouble in [Trouble::LostAfter, Trouble::LostBefore, Trouble::Late(Duration::from_secs(2)), Trouble::Refuse] {
        let world = Fake::new();
        let stage = Stage::new(&world, "lost");
        world.engine.trouble_in("create_container", 1, trouble);
        let taking = world.host().take_anchor(&stage.scope, &holder("a", 1), 5).await.expect("it is settled");
        assert!(matches!(taking, Taking::Taken(held) if held.fence == 5), "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn something_else_in_the_place_of_the_anchor_is_named() {
    let world = Fake::new();
    let mut stage = Stage::new(&world, "place");
    let service = stage.service(Does::Serve).await;
    stage.serving(&service).await;
    world.engine.edit("place-test-web-1", |new| new.name = "omni-lock-place-test".to_owned());
    assert_eq!(names::anchor(&stage.scope), "omni-lock-place-test");
    let fault = world.host().take_anchor(&stage.scope, &holder("a", 1), 5).await.expect_err("it is no anchor");
    assert_eq!(fault.kind, FaultKind::Conflict);
}
