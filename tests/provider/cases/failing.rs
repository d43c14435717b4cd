//! What goes wrong is told with what was seen: codes, log lines, names; and never with a secret.

use omni::plan::{Action, Turn};
use omni::provider::engine::Engine;
use omni::provider::{FaultKind, Observe};
use omni::resource::Probe;
use omni::template::{Part, Template, Vault};

use crate::provider::stage::Stage;
use crate::provider::things::{boxed, change, version, web};
use crate::provider::world::{Does, World};

pub(crate) async fn what_is_never_healthy_shows_its_log_without_secrets<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let mut service = stage.service(Does::NeverHealthy).await;
    let secret = stage.vault.keep_secret("PASSWORD", "hunter2-hunter2".to_owned());
    service.container.environment.insert("PASSWORD".to_owned(), Template::from_parts(vec![secret]));
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    let fault = stage.perform(&create).await.expect_err("it is never healthy");
    assert_eq!(fault.kind, FaultKind::Failed);
    assert!(fault.message.starts_with("health check failed ") && fault.message.contains("exit code "), "{fault}");
    assert!(fault.log.iter().any(|line| line.contains("email_verified")), "{:?}", fault.log);
    assert!(!format!("{fault:?}").contains("hunter2"), "no secret is told");
    assert!(!format!("{fault:?}").contains("\\u{1b}"), "no escape is told");
    let said = stage.said.lock().expect("nobody panics").clone();
    let waits = |said: &String| said.starts_with("waiting for health, ") && said.contains("s left, try 1: exit code ");
    assert!(said.iter().any(waits), "{said:?}");
    stage.back(&create).await;
}

pub(crate) async fn what_ends_is_told_with_its_code<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let mut service = stage.service(Does::End(3)).await;
    service.container.restart = omni::resource::Restart::No;
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    let fault = stage.perform(&create).await.expect_err("it ends");
    assert_eq!(fault.message, "the container exited with code 3");
    assert!(!fault.log.is_empty(), "its log is told");
    stage.back(&create).await;
}

pub(crate) async fn a_service_without_a_check_has_to_stay_up<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let mut service = stage.service(Does::Serve).await;
    service.healthcheck = service.healthcheck.map(|health| omni::resource::Health { probe: Probe::Off, ..health });
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    assert_eq!(stage.perform(&create).await.expect("it runs").note, "running");
    assert_eq!(stage.objects(&web()).await[0].resource, boxed(&service));
    stage.back(&create).await;
    stage.next();
    let mut crashing = stage.service(Does::End(3)).await;
    crashing.healthcheck.clone_from(&service.healthcheck);
    crashing.update.monitor = omni::units::Period::seconds(2);
    let create = change(web(), Action::Create, None, Some(boxed(&crashing)));
    let fault = stage.perform(&create).await.expect_err("it ends again and again");
    assert_eq!(fault.kind, FaultKind::Failed);
    let tells = |words: &str| fault.message.contains(words);
    assert!(tells("exited with code 3 and ") && tells("started again"), "{fault}");
    stage.back(&create).await;
}

pub(crate) async fn a_failed_replacement_leaves_the_old_one_serving<W: World>(stage: &mut Stage<'_, W>) {
    let old = stage.service(Does::Serve).await;
    let up = stage.serving(&old).await.objects;
    let before = stage.fingerprint().await;
    let side = stage.side(&web(), &up).await;
    let bad = version(&stage.service(Does::NeverHealthy).await, "2");
    for turn in [Turn::NewFirst, Turn::OldFirst] {
        let replace = change(web(), Action::Replace(turn), Some(side.clone()), Some(boxed(&bad)));
        stage.perform(&replace).await.expect_err("the new one is never healthy");
        let old = stage.objects(&web()).await.into_iter().find(|object| object.id == up[0]).expect("it is kept");
        assert_eq!(old.status.is_up(), turn == Turn::NewFirst);
        stage.back(&replace).await;
        assert_eq!(stage.fingerprint().await, before);
    }
}

pub(crate) async fn a_missing_secret_is_named<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let mut service = stage.service(Does::Serve).await;
    let gone = Part::Secret { name: "GONE".to_owned(), mark: "0".repeat(16) };
    service.container.environment.insert("TOKEN".to_owned(), Template::from_parts(vec![gone]));
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    let fault = stage.perform(&create).await.expect_err("there is no such secret");
    assert_eq!(fault.message, "the secret `GONE` is not set");
    stage.vault = Vault::new(stage.vault.key().clone());
    stage.back(&create).await;
}

pub(crate) async fn a_taken_name_is_a_conflict<W: World>(stage: &mut Stage<'_, W>) {
    let service = stage.service(Does::Serve).await;
    stage.serving(&service).await;
    let first = stage.name("web-1");
    let create = change(web(), Action::Create, None, Some(boxed(&service)));
    // Another apply under the same fence: it cannot happen, and if it does nothing is taken over.
    let (scope, things) = (stage.scope.clone(), stage.things.clone());
    let other = Stage { scope, things, plan: "another plan", ..Stage::new(stage.world, "") };
    let fault = other.perform(&create).await.expect_err("the name is taken");
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert!(fault.message.contains(&first), "{fault}");
    other.undo(&create).await.expect("nothing of it was made");
    let engine = stage.world.host().engine();
    assert!(engine.container(&first, &|_| None).await.expect("the engine answers").is_some(), "it is not ours");
}

pub(crate) async fn the_tail_is_clean<W: World>(stage: &mut Stage<'_, W>) {
    let service = stage.service(Does::Serve).await;
    let up = stage.serving(&service).await.objects;
    let lines = stage.world.host().tail(&up[0], 5).await.expect("it has a log");
    assert!(!lines.is_empty() && lines.iter().all(|line| !line.contains('\u{1b}')), "{lines:?}");
    stage.world.host().tail("omni-no-such-container", 5).await.expect_err("there is no such container");
}
