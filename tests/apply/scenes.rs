//! Scenes: the order of calls, and one thing after another.

use std::time::Duration;

use omni::journal::{Cause, Outcome};

use crate::apply::theatre::Theatre;

fn chain(version: u8) -> String {
    let service = |name: &str, needs: &str| {
        format!(
            "[services.{name}]\nimage = \"shop/serve:1\"\ndepends_on = [{needs}]\n\
             environment = {{ VERSION = \"{version}\", BEHAVIOUR = \"serve:200\" }}\n\
             healthcheck = {{ test = [\"check\"] }}\n"
        )
    };
    format!(
        "[project]\nname = \"shop\"\n{}{}{}{}",
        service("db", ""),
        service("api", "\"db\""),
        service("worker", "\"db\""),
        service("web", "\"api\"")
    )
}

fn position(log: &[String], call: &str) -> usize {
    log.iter().position(|line| line == call).unwrap_or_else(|| panic!("`{call}` is not among {log:#?}"))
}

#[tokio::test(start_paused = true)]
async fn what_is_required_is_ready_before_what_requires_it_starts() {
    let mut theatre = Theatre::new();
    theatre.engine.heal();
    assert_eq!(theatre.apply(&chain(1)).await, Outcome::Applied);
    let log = theatre.engine.log();
    let started = |name: &str| position(&log, &format!("start_container shop-{name}-1"));
    assert!(started("db") < started("api"));
    assert!(started("db") < started("worker"));
    assert!(started("api") < started("web"));
}

#[tokio::test(start_paused = true)]
async fn free_steps_run_side_by_side() {
    let mut theatre = Theatre::new();
    let begun = tokio::time::Instant::now();
    assert_eq!(theatre.apply(&chain(1)).await, Outcome::Applied);
    let took = begun.elapsed();
    // Three levels of 200 ms each; four in a row would be more than 800 ms.
    assert!(took > Duration::from_millis(600), "{took:?}");
    assert!(took < Duration::from_millis(1_400), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_old_one_stops_only_when_the_new_one_is_ready() {
    let mut theatre = Theatre::new();
    assert_eq!(theatre.apply(&chain(1)).await, Outcome::Applied);
    theatre.engine.heal();
    assert_eq!(theatre.apply(&chain(2)).await, Outcome::Applied);
    let log = theatre.engine.log();
    for name in ["db", "api", "worker", "web"] {
        assert!(
            position(&log, &format!("start_container shop-{name}-2"))
                < position(&log, &format!("stop_container shop-{name}-1"))
        );
    }
    assert!(!log.iter().any(|line| line.starts_with("remove_container shop-") && line.ends_with("-1")), "{log:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_removed_service_stops_after_what_needed_it() {
    let mut theatre = Theatre::new();
    assert_eq!(theatre.apply(&chain(1)).await, Outcome::Applied);
    theatre.engine.heal();
    assert_eq!(theatre.apply("[project]\nname = \"shop\"\n").await, Outcome::Applied);
    let log = theatre.engine.log();
    let stopped = |name: &str| position(&log, &format!("stop_container shop-{name}-1"));
    assert!(stopped("web") < stopped("api"));
    assert!(stopped("api") < stopped("db"));
    assert!(stopped("worker") < stopped("db"));
}

fn guarded(version: u8, behaviour: &str) -> String {
    format!(
        "[project]\nname = \"shop\"\n[env.PASS]\nsecret = true\n[services.db]\nimage = \"shop/serve:1\"\n\
         environment = {{ VERSION = \"{version}\", BEHAVIOUR = \"{behaviour}\", PASS = \"${{PASS}}\" }}\n\
         healthcheck = {{ test = [\"check\", \"${{PASS}}\"], interval = \"1s\", timeout = \"1s\", retries = 2, start_period = \"1s\" }}\n"
    )
}

/// The old container's health command needs the secret of then, which nobody has any more but the engine.
#[tokio::test(start_paused = true)]
async fn an_apply_that_changes_a_secret_can_be_taken_back() {
    let mut theatre = Theatre::new();
    theatre.variables.insert("PASS".to_owned(), "the first one".to_owned());
    assert_eq!(theatre.apply(&guarded(1, "serve:100")).await, Outcome::Applied);
    let before = theatre.fingerprint().await;
    theatre.variables.insert("PASS".to_owned(), "the second one".to_owned());
    let outcome = theatre.apply(&guarded(2, "never")).await;
    assert!(matches!(outcome, Outcome::Unwound(_)), "{outcome:?}");
    assert_eq!(theatre.fingerprint().await, before);
}

/// A service that was ill before the apply cannot be asked to be well after its undo.
#[tokio::test(start_paused = true)]
async fn an_apply_that_should_have_cured_a_service_can_be_taken_back() {
    let mut theatre = Theatre::new();
    theatre.variables.insert("PASS".to_owned(), "the one".to_owned());
    assert_eq!(theatre.apply(&guarded(1, "serve:100")).await, Outcome::Applied);
    let name = theatre.engine.names().into_iter().find(|name| name.starts_with("shop-db")).expect("a container");
    theatre.engine.edit(&name, |container| {
        container.container.environment.insert("BEHAVIOUR".to_owned(), omni::template::Template::plain("never"));
    });
    // Long enough for the engine's own check to give up.
    theatre.engine.settle(Duration::from_mins(1)).await;
    let before = theatre.fingerprint().await;
    let outcome = theatre.apply(&guarded(2, "exit:1:50")).await;
    assert!(matches!(outcome, Outcome::Unwound(_)), "{outcome:?}");
    assert_eq!(theatre.fingerprint().await, before);
}

/// The wait for a service that is to be taken back whatever it answers has no use.
#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_wait_for_health_and_not_that_of_an_undo() {
    let waits = Duration::from_secs(1);
    let spec = |version: u8, behaviour: &str| {
        guarded(version, behaviour).replace("start_period = \"1s\"", "start_period = \"1m\"")
    };
    let mut theatre = Theatre::new();
    theatre.variables.insert("PASS".to_owned(), "the one".to_owned());
    assert_eq!(theatre.apply(&spec(1, "serve:2000")).await, Outcome::Applied);
    let before = theatre.fingerprint().await;
    theatre.interrupt = Some(waits);
    let begun = tokio::time::Instant::now();
    let outcome = theatre.apply(&spec(2, "never")).await;
    assert_eq!(outcome, Outcome::Unwound(Cause::Interrupted("SIGINT".to_owned())));
    assert_eq!(theatre.fingerprint().await, before);
    // The old one takes two seconds to be well again, and is waited for; steps under way would be given five.
    let took = begun.elapsed();
    assert!(took < waits + Duration::from_secs(4), "{took:?}");
}

/// A stop that nobody waits for any more goes on: until it ends, the old container looks as if nothing had been asked.
#[tokio::test(start_paused = true)]
async fn an_old_one_that_was_being_stopped_when_the_signal_came_serves_again() {
    let spec = |version: u8| {
        format!(
            "[project]\nname = \"shop\"\n[services.web]\nimage = \"shop/serve:1\"\nstop_grace_period = \"20s\"\n\
             environment = {{ VERSION = \"{version}\", BEHAVIOUR = \"serve:100\", STOP_MS = \"9000\" }}\n\
             healthcheck = {{ test = [\"check\"] }}\n"
        )
    };
    let mut theatre = Theatre::new();
    assert_eq!(theatre.apply(&spec(1)).await, Outcome::Applied);
    let before = theatre.fingerprint().await;
    theatre.engine.heal();
    theatre.interrupt = Some(Duration::from_secs(1));
    let outcome = theatre.apply(&spec(2)).await;
    assert_eq!(outcome, Outcome::Unwound(Cause::Interrupted("SIGINT".to_owned())));
    assert!(theatre.engine.log().iter().any(|line| line == "stop_container shop-web-1"), "it was being stopped");
    theatre.engine.settle(Duration::from_mins(1)).await;
    assert_eq!(theatre.fingerprint().await, before);
}

/// Each recovery has a newer fence; the names of what the apply made hold that of its opening.
#[tokio::test(start_paused = true)]
async fn the_second_recovery_still_runs_the_rollback_of_a_job() {
    let spec = "[project]\nname = \"shop\"\n[jobs.seed]\nimage = \"shop/serve:1\"\ncommand = [\"exit\", \"0\", \"50\"]\n\
                rollback = { command = [\"exit\", \"0\", \"30\"] }\n[services.web]\nimage = \"shop/serve:1\"\n\
                environment = { BEHAVIOUR = \"never\" }\ndepends_on = { seed = \"completed\" }\n\
                healthcheck = { test = [\"check\"] }\n";
    let mut theatre = Theatre::new();
    let plan = theatre.plan(spec).await;
    let locks = theatre.lock().await;
    let apply = theatre.open(plan, &locks).await;
    let run = theatre.run(&apply, &[], omni::journal::Direction::Forward, &locks);
    assert!(tokio::time::timeout(Duration::from_secs(2), run).await.is_err(), "it waits for health");
    let again = tokio::time::timeout(Duration::from_millis(60), theatre.recover()).await;
    assert!(again.is_err(), "it is taken back and dies");
    assert!(!theatre.engine.log().iter().any(|line| line.contains("-undo")), "not as far as the job");
    theatre.recover().await;
    let ran = format!("start_container shop-seed-{}-undo", apply.fence);
    assert!(theatre.engine.log().contains(&ran), "{:#?}", theatre.engine.log());
}

/// What stands in for a container that may still appear carries a name and nothing else: whoever looks next has to cope.
#[tokio::test(start_paused = true)]
async fn an_undo_may_be_killed_while_something_stands_in_for_what_it_looks_for() {
    for ms in (0..160).step_by(4) {
        let mut theatre = Theatre::new();
        assert_eq!(theatre.apply(&guarded_by_nothing(1)).await, Outcome::Applied);
        let before = theatre.fingerprint().await;
        let plan = theatre.plan(&guarded_by_nothing(2)).await;
        let locks = theatre.lock().await;
        let apply = theatre.open(plan, &locks).await;
        let run = theatre.run(&apply, &[], omni::journal::Direction::Forward, &locks);
        assert!(tokio::time::timeout(Duration::from_millis(1), run).await.is_err(), "nothing is made yet");
        let again = tokio::time::timeout(Duration::from_millis(ms), theatre.recover()).await;
        if again.is_err() {
            theatre.recover().await;
        }
        assert_eq!(theatre.fingerprint().await, before, "killed after {ms} ms");
        let left: Vec<_> = theatre.engine.names().into_iter().filter(|name| name.ends_with("-2")).collect();
        assert_eq!(left, Vec::<String>::new(), "killed after {ms} ms");
    }
}

fn guarded_by_nothing(version: u8) -> String {
    format!(
        "[project]\nname = \"shop\"\n[services.web]\nimage = \"shop/serve:1\"\n\
         environment = {{ VERSION = \"{version}\", BEHAVIOUR = \"serve:100\" }}\nhealthcheck = {{ test = [\"check\"] }}\n"
    )
}
