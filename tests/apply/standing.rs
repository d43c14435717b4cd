//! The last look of an apply: what something else has stopped meanwhile runs again, or the apply is taken back.

use std::time::Duration;

use omni::address::Address;
use omni::journal::{Cause, Outcome};
use omni::plan::Reason;
use omni::provider::engine::Engine;
use omni::provider::fake::FakeEngine;
use tokio::time::sleep;

use crate::apply::theatre::Theatre;

/// `db` is ready long before `web`, which waits for it; `calm` is the same in every version.
fn spec(version: u8, web: &str) -> String {
    let service = |name: &str, version: u8, more: &str, behaviour: &str| {
        format!(
            "[services.{name}]\nimage = \"shop/serve:1\"\n{more}\
             environment = {{ VERSION = \"{version}\", BEHAVIOUR = \"{behaviour}\" }}\n\
             [services.{name}.healthcheck]\ntest = [\"check\"]\ninterval = \"1s\"\ntimeout = \"1s\"\nretries = 3\n"
        )
    };
    format!(
        "[project]\nname = \"shop\"\n{}{}{}",
        service("calm", 0, "", "serve:40"),
        service("db", version, "", "serve:40"),
        service("web", version, "depends_on = [\"db\"]\n", web)
    )
}

/// Applies a second version, and while `web` is waited for, somebody changes something.
async fn disturbed(web: &str, by_hand: impl Fn(&FakeEngine)) -> (Theatre, String, Outcome) {
    let mut theatre = Theatre::new();
    assert_eq!(theatre.apply(&spec(1, "serve:40")).await, Outcome::Applied);
    theatre.engine.heal();
    let (engine, second) = (theatre.engine.clone(), spec(2, web));
    let hand = async {
        for _ in 0..60_000 {
            if engine.log().iter().any(|line| line == "start_container shop-web-2") {
                break;
            }
            sleep(Duration::from_millis(1)).await;
        }
        by_hand(&engine);
    };
    let (outcome, ()) = tokio::join!(theatre.apply(&second), hand);
    (theatre, second, outcome)
}

#[tokio::test(start_paused = true)]
async fn what_nothing_touches_and_something_stops_runs_again_once_all_is_done() {
    let (mut theatre, second, outcome) = disturbed("serve:900", |engine| engine.kill("shop-calm-1", 137)).await;
    assert_eq!(outcome, Outcome::Applied);
    assert_eq!(theatre.plan(&second).await.steps().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_brought_and_something_stops_runs_again_once_all_is_done() {
    let (mut theatre, second, outcome) = disturbed("serve:900", |engine| engine.kill("shop-db-2", 0)).await;
    assert_eq!(outcome, Outcome::Applied);
    assert_eq!(theatre.plan(&second).await.steps().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_stopped_while_it_is_waited_for_fails_and_all_is_as_before() {
    let (mut theatre, _, outcome) = disturbed("serve:900", |engine| {
        for name in ["shop-calm-1", "shop-db-2", "shop-web-2"] {
            engine.kill(name, 0);
        }
    })
    .await;
    assert!(matches!(outcome, Outcome::Unwound(_)), "{outcome:?}");
    assert_eq!(theatre.plan(&spec(1, "serve:40")).await.steps().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_brought_and_does_not_come_up_again_turns_the_apply() {
    let (mut theatre, _, outcome) = disturbed("serve:900", |engine| engine.forget("shop-db-2")).await;
    let Outcome::Unwound(Cause::Deadline(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.starts_with("service.db was ready and did not stay up: "), "{why}");
    assert_eq!(theatre.plan(&spec(1, "serve:40")).await.steps().count(), 0);
    assert_eq!(theatre.leaks().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_undone_runs_as_before_whatever_was_stopped_meanwhile() {
    let (mut theatre, _, outcome) = disturbed("never", |engine| {
        engine.kill("shop-calm-1", 137);
        engine.kill("shop-db-1", 0);
    })
    .await;
    assert!(matches!(outcome, Outcome::Unwound(_)), "{outcome:?}");
    assert_eq!(theatre.plan(&spec(1, "serve:40")).await.steps().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_nothing_touches_and_is_gone_turns_nothing() {
    let (mut theatre, second, outcome) = disturbed("serve:900", |engine| engine.forget("shop-calm-1")).await;
    assert_eq!(outcome, Outcome::Applied);
    let steps: Vec<_> = theatre.plan(&second).await.steps().map(|step| step.address.to_string()).collect();
    assert_eq!(steps, ["service.calm"]);
}

/// As many run as are wanted, so that only the version tells: what somebody has started again is of the one before.
#[tokio::test(start_paused = true)]
async fn what_is_of_another_version_is_replaced_although_as_many_run_as_are_wanted() {
    let two = |version: u8| spec(version, "serve:40").replace("depends_on = [\"db\"]", "replicas = 2");
    let mut theatre = Theatre::new();
    for version in [1, 2] {
        assert_eq!(theatre.apply(&two(version)).await, Outcome::Applied);
    }
    let names = || theatre.engine.names().into_iter().filter(|name| name.starts_with("shop-web-"));
    let (old, new) = (names().next().expect("one of the first"), names().next_back().expect("one of the second"));
    theatre.engine.forget(&new);
    theatre.engine.start_container(&old).await.expect("it starts");
    let plan = theatre.plan(&two(2)).await;
    let steps: Vec<_> = plan.steps().map(|step| (step.address.to_string(), step.reasons.clone())).collect();
    assert_eq!(steps, [("service.web".to_owned(), vec![Reason::Drift(format!("{old} is of another version"))])]);
    assert_eq!(theatre.apply(&two(2)).await, Outcome::Applied);
    assert_eq!(theatre.plan(&two(2)).await.steps().count(), 0);
    let observed = theatre.observed().await;
    let web: Address = "service.web".parse().expect("an address");
    let up: Vec<_> = observed.at(&web).iter().filter(|object| object.status.is_up()).collect();
    assert!(up.len() == 2 && up.iter().all(|object| object.name != old), "{up:?}");
}
