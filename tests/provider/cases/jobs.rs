//! Jobs: they run once, to their end, and their effect is taken back where they say how.

use omni::address::{Address, Kind};
use omni::observed::Status;
use omni::plan::{Action, Change};
use omni::provider::FaultKind;
use omni::provider::engine::Engine;
use omni::resource::{Container, Resource};
use omni::template::Template;

use crate::provider::stage::Stage;
use crate::provider::things::{at, change, job};
use crate::provider::world::{Does, World};

fn seed() -> Address {
    at(Kind::Job, "seed")
}

fn run(container: Container, rollback: Option<Vec<Template>>) -> Change {
    change(seed(), Action::Run, None, Some(Resource::Job(Box::new(job(container, rollback)))))
}

pub(crate) async fn a_job_runs_once<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let run = run(stage.job(0).await, None);
    stage.there_and_back(&run).await;
    assert_eq!(stage.perform(&run).await.expect("it ends well").note, "exit 0");
    let objects = stage.objects(&seed()).await;
    assert_eq!((objects.len(), &objects[0].status), (1, &Status::Exited { code: 0 }));
    assert_eq!(Some(&objects[0].resource), run.after.as_ref());
}

pub(crate) async fn a_failing_job_shows_its_log<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let run = run(stage.job(3).await, None);
    for _ in 0..2 {
        let fault = stage.perform(&run).await.expect_err("it fails");
        assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Failed, "the job exited with code 3"));
        assert!(!fault.log.is_empty(), "its log is told");
    }
    assert_eq!(stage.objects(&seed()).await.len(), 1, "it ran once");
    stage.back(&run).await;
}

pub(crate) async fn a_rollback_command_runs_in_the_undo<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let (_, back) = stage.world.does(Does::End(0));
    let well = run(stage.job(0).await, back);
    stage.perform(&well).await.expect("it ends well");
    stage.back(&well).await;
    assert!(stage.said.lock().expect("nobody panics while talking").contains(&"running its rollback".to_owned()));
    stage.next();
    let (_, back) = stage.world.does(Does::End(5));
    let badly = run(stage.job(0).await, back);
    stage.perform(&badly).await.expect("it ends well");
    for _ in 0..2 {
        let fault = stage.undo(&badly).await.expect_err("its rollback fails");
        assert_eq!(fault.message, "the rollback of the job exited with code 5");
    }
    assert_eq!(stage.leftovers().await.len(), 2, "what is left behind can still be found");
}

pub(crate) async fn a_job_that_never_started_is_not_rolled_back<W: World>(stage: &mut Stage<'_, W>) {
    stage.ground().await;
    stage.next();
    let (_, back) = stage.world.does(Does::End(5));
    let run = run(stage.job(0).await, back);
    stage.back(&run).await;
    assert!(stage.said.lock().expect("nobody panics while talking").is_empty(), "the rollback would have failed");
    let engine = stage.world.host().engine();
    assert_eq!(engine.container(&format!("{}-undo", stage.name("seed-2")), &|_| None).await.expect("it answers"), None);
}
