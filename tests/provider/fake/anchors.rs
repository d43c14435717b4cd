//! Every call of taking, renewing and giving back the lock goes wrong in every way; and takers race over a lock left behind.

use std::time::Duration;

use omni::lock::Held;
use omni::provider::fake::Trouble;
use omni::provider::{Anchor, Fault, Taking};

use crate::provider::cases::anchor::holder;
use crate::provider::fake::Fake;
use crate::provider::stage::Stage;
use crate::provider::world::World;

const TROUBLES: [Trouble; 7] = [
    Trouble::Refuse,
    Trouble::LostBefore,
    Trouble::LostAfter,
    Trouble::Late(Duration::from_millis(500)),
    Trouble::Failure,
    Trouble::Hang,
    Trouble::HangAfter,
];

/// What a call answers, tried again once if it fails.
async fn twice<T>(call: impl AsyncFn() -> Result<T, Fault>) -> T {
    match call().await {
        Ok(answer) => answer,
        Err(_) => call().await.expect("there is one trouble only"),
    }
}

/// Takes over a dead holder's lock, renews it and gives it back; whether the trouble was met.
async fn disturb(trouble: Trouble, number: u64) -> bool {
    let what = format!("call {number}: {trouble:?}");
    let world = Fake::new();
    let stage = Stage::new(&world, "anchors");
    let (host, scope) = (world.host(), &stage.scope);
    host.take_anchor(scope, &holder("dead", 1), 5).await.expect("it answers");
    world.engine.heal();
    world.engine.trouble_at(number, trouble);
    let taken = twice(async || host.take_anchor(scope, &holder("a", 2), 6).await).await;
    let Taking::Taken(held) = taken else { panic!("{what}: it is ours") };
    let told = |held: &Held| (held.holder.clone(), held.fence, held.id.clone());
    let now = twice(async || host.anchor(scope).await).await.expect("it is held");
    assert_eq!(told(&now), told(&held), "{what}");
    twice(async || host.renew_anchor(&held).await).await;
    twice(async || host.drop_anchor(&held).await).await;
    let fired = world.engine.fired() > 0;
    world.engine.settle(Duration::from_secs(15)).await;
    world.engine.heal();
    assert_eq!(host.anchor(scope).await.expect("it answers"), None, "{what}");
    assert_eq!(world.engine.names(), Vec::<String>::new(), "{what}");
    fired
}

#[tokio::test(start_paused = true)]
async fn any_call_may_go_wrong() {
    for trouble in TROUBLES {
        let mut number = 1;
        while disturb(trouble, number).await {
            number += 1;
        }
        assert!(number > 10, "only {number} calls were disturbed");
    }
}
