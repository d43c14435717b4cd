//! Scenes: the order of calls, and one thing after another.

use std::time::Duration;

use omni::journal::Outcome;

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
