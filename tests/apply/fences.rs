//! An apply whose lock was broken and taken by another one: it stops where it is, and sends nothing more.

use std::time::Duration;

use omni::apply::Aborted;
use omni::journal::{Direction, Outcome};
use omni::lock::Holder;
use omni::store::{Locking, Store};

use crate::apply::theatre::Theatre;

fn pair(version: u8, second: &str) -> String {
    let service = |name: &str, needs: &str, behaviour: &str| {
        format!(
            "[services.{name}]\nimage = \"shop/serve:1\"\ndepends_on = [{needs}]\n\
             environment = {{ VERSION = \"{version}\", BEHAVIOUR = \"{behaviour}\" }}\n\
             healthcheck = {{ test = [\"check\"], interval = \"1s\", timeout = \"1s\", retries = 2, start_period = \"1s\" }}\n"
        )
    };
    format!("[project]\nname = \"shop\"\n{}{}", service("db", "", "serve:200"), service("web", "\"db\"", second))
}

/// Applies version 2, takes the lock away as soon as the engine was sent this call, and returns all later calls.
async fn overtaken_after(call: &str, second: &str) -> Vec<String> {
    let mut theatre = Theatre::new();
    assert_eq!(theatre.apply(&pair(1, "serve:200")).await, Outcome::Applied);
    theatre.engine.heal();
    let plan = theatre.plan(&pair(2, second)).await;
    let locks = theatre.lock().await;
    let apply = theatre.open(plan, &locks).await;
    let (engine, mut other) = (theatre.engine.clone(), theatre.store.again());
    let taking = async {
        while !engine.log().iter().any(|line| line.starts_with(call)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let held = other.lock().await.expect("the store answers").expect("the apply has the lock");
        let me = Holder { pid: 2, ..held.holder };
        other.break_lock(held.fence, &me).await.expect("the store answers");
        let Locking::Locked(taken) = other.take_lock(&me, 0).await.expect("the store answers") else {
            panic!("it was broken")
        };
        other.take_over(&apply.op, taken.fence).await.expect("the store answers");
        let records = other.journal(&apply.op).await.expect("the store answers");
        (engine.log().len(), records)
    };
    let (ended, (sent, records)) =
        futures_util::future::join(theatre.run(&apply, &[], Direction::Forward, &locks), taking).await;
    let Err(Aborted::LeaseLost(why)) = ended else { panic!("it goes on: {ended:?}") };
    assert!(why.contains("fence"), "{why}");
    assert_eq!(theatre.store.journal(&apply.op).await.expect("the store answers"), records, "it writes nothing");
    theatre.engine.log().split_off(sent)
}

#[tokio::test(start_paused = true)]
async fn a_lock_lost_while_a_step_goes_forward_ends_the_apply() {
    let later = overtaken_after("start_container shop-db-2", "serve:200").await;
    // The step under way goes on until it is done; nothing begins after it, in either direction.
    let changes = |line: &String| ["create_", "remove_"].iter().any(|word| line.starts_with(word));
    assert!(!later.iter().any(|line| line.contains("shop-web-2") || changes(line)), "{later:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_lock_lost_while_everything_is_undone_ends_the_undo() {
    let later = overtaken_after("remove_container shop-web-2", "never").await;
    assert!(!later.iter().any(|line| line.contains("shop-db-")), "{later:#?}");
}
