//! Properties over random deployments and random changes of them.

use std::time::Duration;

use omni::journal::Outcome;
use omni::provider::fake::Trouble;
use proptest::prelude::*;

use crate::apply::deployment::{Deployment, deployments};
use crate::apply::theatre::Theatre;

/// Runs a play on a paused clock: hours of it take moments.
fn play<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(work)
}

fn troubles() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        Just(Trouble::Refuse),
        Just(Trouble::LostBefore),
        Just(Trouble::LostAfter),
        Just(Trouble::Conflict),
        Just(Trouble::Failure),
        Just(Trouble::Hang),
        Just(Trouble::HangAfter),
        (0_u64..300).prop_map(|ms| Trouble::Late(Duration::from_millis(ms))),
    ]
}

async fn applied(theatre: &mut Theatre, deployment: &Deployment) {
    let outcome = theatre.apply(&deployment.spec(None)).await;
    assert_eq!(outcome, Outcome::Applied);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn planning_after_an_apply_changes_nothing(first in deployments(), second in deployments()) {
        play(async {
            let mut theatre = Theatre::new();
            for deployment in [&first, &second] {
                applied(&mut theatre, deployment).await;
                let plan = theatre.plan(&deployment.spec(None)).await;
                let steps: Vec<_> = plan.steps().map(|c| (c.address.to_string(), c.reasons.clone())).collect();
                assert!(steps.is_empty(), "{steps:?}");
                assert!(plan.drift.is_empty(), "{:?}", plan.drift);
                assert_eq!(theatre.leaks().await, Vec::<String>::new());
            }
        });
    }

    #[test]
    fn there_and_back_is_where_it_began(first in deployments(), second in deployments()) {
        play(async {
            let mut theatre = Theatre::new();
            applied(&mut theatre, &first).await;
            let before = theatre.fingerprint().await;
            applied(&mut theatre, &second).await;
            applied(&mut theatre, &first).await;
            let volumes_stay = first.0.iter().chain(&second.0).any(|member| member.has_volume);
            // A volume outlives its place in the spec; without one, nothing tells the worlds apart.
            if !volumes_stay {
                assert_eq!(theatre.fingerprint().await, before);
            }
        });
    }

    #[test]
    fn a_failing_member_takes_everything_back(first in deployments(), second in deployments(), which in 0_usize..5) {
        play(async {
            let mut theatre = Theatre::new();
            applied(&mut theatre, &first).await;
            let before = theatre.fingerprint().await;
            let broken = which % second.0.len();
            let outcome = theatre.apply(&second.spec(Some(broken))).await;
            if second.0[broken].is_there {
                assert!(matches!(outcome, Outcome::Unwound(_)), "{outcome:?}");
                assert_eq!(theatre.fingerprint().await, before);
                assert_eq!(theatre.leaks().await, Vec::<String>::new());
            }
        });
    }

    #[test]
    fn after_any_single_trouble_the_world_is_before_or_after(
        first in deployments(),
        second in deployments(),
        number in 1_u64..150,
        trouble in troubles(),
    ) {
        play(async {
            let mut theatre = Theatre::new();
            applied(&mut theatre, &first).await;
            let before = theatre.fingerprint().await;
            let plan = theatre.plan(&second.spec(None)).await;
            let locks = theatre.lock().await;
            let apply = theatre.open(plan, &locks).await;
            theatre.engine.heal();
            theatre.engine.trouble_at(number, trouble);
            let ended = theatre.run(&apply, &[], omni::journal::Direction::Forward, &locks).await.expect("the store works");
            theatre.engine.heal();
            theatre.engine.settle(Duration::from_secs(2)).await;
            if matches!(ended.outcome, Outcome::Stuck { .. }) {
                theatre.unlock(&locks).await;
                let outcome = theatre.recover().await;
                assert!(matches!(outcome, Some(Outcome::Unwound(_))), "{outcome:?}");
                assert_eq!(theatre.fingerprint().await, before);
            } else {
                let outcome = ended.outcome.clone();
                theatre.close(&apply, &ended, &locks).await;
                theatre.unlock(&locks).await;
                match outcome {
                    Outcome::Applied => assert!(theatre.plan(&second.spec(None)).await.is_empty()),
                    _ => assert_eq!(theatre.fingerprint().await, before, "{outcome:?}"),
                }
            }
            assert_eq!(theatre.leaks().await, Vec::<String>::new());
        });
    }

    #[test]
    fn the_death_of_omni_at_any_moment_is_recovered_from(
        first in deployments(),
        second in deployments(),
        broken in prop::option::of(0_usize..5),
        lives in 0_u64..4_000,
        lives_again in prop::option::of(0_u64..1_500),
    ) {
        play(async {
            let mut theatre = Theatre::new();
            applied(&mut theatre, &first).await;
            let before = theatre.fingerprint().await;
            let broken = broken.map(|at| at % second.0.len());
            let plan = theatre.plan(&second.spec(broken)).await;
            let locks = theatre.lock().await;
            let apply = theatre.open(plan, &locks).await;
            let run = theatre.run(&apply, &[], omni::journal::Direction::Forward, &locks);
            let ended = tokio::time::timeout(Duration::from_millis(lives), run).await;
            // What the dead process had called may still take effect.
            if ended.is_err() {
                if let Some(lives) = lives_again {
                    let again = theatre.recover();
                    tokio::time::timeout(Duration::from_millis(lives), again).await.ok();
                }
                theatre.recover().await;
                theatre.engine.settle(Duration::from_secs(3)).await;
                let now = theatre.fingerprint().await;
                if now != before {
                    let plan = theatre.plan(&second.spec(broken)).await;
                    assert!(plan.is_empty(), "neither before nor after: {:?}", plan.steps().map(|c| &c.address).collect::<Vec<_>>());
                }
                assert_eq!(theatre.leaks().await, Vec::<String>::new());
            }
        });
    }
}
