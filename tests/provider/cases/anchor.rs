//! The lock as the engine keeps it.

use futures_util::future::join_all;
use omni::lock::{Holder, LEASE};
use omni::provider::engine::Engine;
use omni::provider::{Anchor, FaultKind, Taking};

use crate::provider::stage::Stage;
use crate::provider::world::World;

pub(crate) fn holder(host: &str, pid: u32) -> Holder {
    Holder {
        who: "ci".to_owned(),
        host: host.to_owned(),
        boot: "b".to_owned(),
        pid,
        started: 1,
        doing: "apply v1".to_owned(),
        lineage: "l".to_owned(),
    }
}

pub(crate) async fn it_is_taken_refused_and_given_back<W: World>(stage: &mut Stage<'_, W>) {
    let host = stage.world.host();
    assert_eq!(host.anchor(&stage.scope).await.expect("the engine answers"), None);
    let Taking::Taken(held) = host.take_anchor(&stage.scope, &holder("a", 1), 5).await.expect("it answers") else {
        panic!("it is free")
    };
    assert_eq!((held.fence, &held.holder), (5, &holder("a", 1)));
    assert!(held.until > held.now && held.until <= held.now + LEASE);
    let Taking::Refused(by) = host.take_anchor(&stage.scope, &holder("b", 2), 6).await.expect("it answers") else {
        panic!("it is taken")
    };
    assert_eq!((by.holder, by.fence, by.id), (holder("a", 1), 5, held.id.clone()));
    assert!(stage.leftovers().await.is_empty(), "it is no object of the deployment");
    host.drop_anchor(&held).await.expect("it is given back");
    host.drop_anchor(&held).await.expect("it is gone, which is what was asked for");
    assert_eq!(host.anchor(&stage.scope).await.expect("the engine answers"), None);
    let Taking::Taken(_) = host.take_anchor(&stage.scope, &holder("b", 2), 6).await.expect("it answers") else {
        panic!("it is free again")
    };
    host.drop_anchor(&held).await.expect("somebody else's cannot be removed by mistake");
    assert_eq!(host.anchor(&stage.scope).await.expect("the engine answers").map(|held| held.fence), Some(6));
}

pub(crate) async fn it_is_taken_twice_by_the_same<W: World>(stage: &mut Stage<'_, W>) {
    let host = stage.world.host();
    let first = host.take_anchor(&stage.scope, &holder("a", 1), 5).await.expect("it answers");
    let second = host.take_anchor(&stage.scope, &holder("a", 1), 5).await.expect("it answers");
    let (Taking::Taken(first), Taking::Taken(second)) = (first, second) else { panic!("it is ours") };
    assert_eq!(first.id, second.id);
    let third = host.take_anchor(&stage.scope, &holder("a", 1), 6).await.expect("it answers");
    assert!(matches!(third, Taking::Refused(_)), "another fence is another apply");
}

pub(crate) async fn a_renewed_lease_lasts_longer<W: World>(stage: &mut Stage<'_, W>) {
    let host = stage.world.host();
    let Taking::Taken(held) = host.take_anchor(&stage.scope, &holder("a", 1), 5).await.expect("it answers") else {
        panic!("it is free")
    };
    host.renew_anchor(&held).await.expect("it is ours");
    let now = host.anchor(&stage.scope).await.expect("the engine answers").expect("it is held");
    assert!(now.until > held.until, "{} is later than {}", now.until, held.until);
    assert_eq!((now.id, now.since), (held.id, held.since));
}

pub(crate) async fn a_lost_anchor_cannot_be_renewed<W: World>(stage: &mut Stage<'_, W>) {
    let host = stage.world.host();
    let Taking::Taken(held) = host.take_anchor(&stage.scope, &holder("a", 1), 5).await.expect("it answers") else {
        panic!("it is free")
    };
    host.engine().remove_container(&held.id).await.expect("somebody breaks it");
    assert_eq!(host.renew_anchor(&held).await.expect_err("it is gone").kind, FaultKind::NotFound);
}

pub(crate) async fn a_dead_holder_is_replaced<W: World>(stage: &mut Stage<'_, W>) {
    let host = stage.world.host();
    let first = host.take_anchor(&stage.scope, &holder("dead", 1), 5).await.expect("it answers");
    let Taking::Taken(held) = host.take_anchor(&stage.scope, &holder("b", 2), 6).await.expect("it answers") else {
        panic!("its holder is dead")
    };
    assert_eq!((held.fence, &held.holder), (6, &holder("b", 2)));
    assert!(matches!(first, Taking::Taken(old) if old.id != held.id));
}

pub(crate) async fn of_many_one_wins<W: World>(stage: &mut Stage<'_, W>) {
    let host = stage.world.host();
    host.take_anchor(&stage.scope, &holder("dead", 1), 5).await.expect("it answers");
    let scope = &stage.scope;
    let takes = (0..50).map(|pid| async move { host.take_anchor(scope, &holder("a", pid), 6 + u64::from(pid)).await });
    let all: Vec<_> = join_all(takes).await.into_iter().map(|taking| taking.expect("it answers")).collect();
    let won: Vec<_> =
        all.iter().filter_map(|t| if let Taking::Taken(held) = t { Some(held.fence) } else { None }).collect();
    assert_eq!(won.len(), 1, "one wins: {won:?}");
    let held = host.anchor(scope).await.expect("the engine answers").expect("it is held");
    assert_eq!(held.fence, won[0]);
}
