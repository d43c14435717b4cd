//! Taking both locks, in order: the store's, then the engine's anchor; and giving them back.

use std::time::Duration;

use tokio::time::Instant;

use crate::address::Scope;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::failpoint::hastened;
use crate::lock::{Held, Holder, UNSEEN};
use crate::observed::Observed;
use crate::provider::{Anchor, Observe, Taking};
use crate::report::moment;
use crate::store::{Locking, Store, StoreError};

const PAUSE: Duration = Duration::from_millis(200);

/// Both locks, held under one fence.
#[derive(Debug)]
pub(crate) struct Locked {
    /// The fence.
    pub(crate) fence: u64,
    /// The anchor.
    pub(crate) anchor: Held,
    /// When they were taken, at the latest: the lease counts from there.
    pub(crate) taken: Instant,
}

/// Takes both locks, and waits for them as long as `wait` allows.
///
/// # Errors
/// `Locked` when somebody else has one of them; what the store or the engine says otherwise.
pub(crate) async fn lock(
    store: &mut dyn Store,
    engine: &dyn Anchor,
    world: &dyn Observe,
    (scope, observed): (&Scope, &Observed),
    holder: &Holder,
    wait: Duration,
) -> Result<Locked, Failure> {
    let until = Instant::now() + wait;
    let mut above = newest_fence(observed);
    loop {
        let refused = match once(store, engine, scope, holder, above).await? {
            Ok(mut locked) => {
                // Somebody with another store may have applied since `observed`: then its objects have this fence too.
                above = newest_fence(&world.observe(scope).await?);
                let is_newest = above < locked.fence;
                if is_newest && is_still_had(store, engine, &mut locked).await {
                    return Ok(locked);
                }
                unlock(store, engine, &locked).await?;
                if is_newest && Instant::now() >= until {
                    return Err(Failure::lock_lost("it was lost before it was answered", None));
                }
                continue;
            }
            Err(held) => held,
        };
        above = above.max(refused.fence);
        if Instant::now() >= until {
            return Err(self::refused(&refused));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The failure of a command that does not get the lock from this holder.
#[must_use]
pub(crate) fn refused(held: &Held) -> Failure {
    Failure::new(
        Exit::Locked,
        "omni::lock::held",
        format!("the lock is held by {} since {} (fence {})", held.holder, moment(held.since), held.fence),
    )
    .help("wait with `--lock-wait 5m`; if its holder is gone: `omni lock status`")
}

/// Whether both locks are still had: whoever was stopped, or waited long, before the answers came may have lost them to
/// somebody else since.
async fn is_still_had(store: &mut dyn Store, engine: &dyn Anchor, locked: &mut Locked) -> bool {
    if locked.taken.elapsed() <= hastened(UNSEEN) {
        return true;
    }
    let now = Instant::now();
    let is_renewed = store.renew_lock(locked.fence).await.is_ok() && engine.renew_anchor(&locked.anchor).await.is_ok();
    locked.taken = now;
    is_renewed && now.elapsed() <= hastened(UNSEEN)
}

async fn once(
    store: &mut dyn Store,
    engine: &dyn Anchor,
    scope: &Scope,
    holder: &Holder,
    above: u64,
) -> Result<Result<Locked, Held>, Failure> {
    let fence = match store.take_lock(holder, above).await? {
        Locking::Locked(held) => held.fence,
        Locking::Refused(held) => return Ok(Err(held)),
    };
    let taken = Instant::now();
    match engine.take_anchor(scope, holder, fence).await {
        Ok(Taking::Taken(anchor)) => {
            // Whoever was stopped between the two may have lost the first meanwhile.
            if let Err(error) = store.renew_lock(fence).await {
                let _ = engine.drop_anchor(&anchor).await;
                return Err(error.into());
            }
            Ok(Ok(Locked { fence, anchor, taken }))
        }
        Ok(Taking::Refused(held)) => {
            store.drop_lock(fence).await?;
            Ok(Err(held))
        }
        Err(fault) => {
            // The fault is the cause. A lock that cannot be given back is free once this process has ended.
            let _ = store.drop_lock(fence).await;
            Err(fault.into())
        }
    }
}

/// Gives both locks back.
///
/// # Errors
/// When the engine or the store does not answer; the leases then run out by themselves.
pub(crate) async fn unlock(store: &mut dyn Store, engine: &dyn Anchor, locked: &Locked) -> Result<(), Failure> {
    if let Err(StoreError::FenceLost(_)) = store.renew_lock(locked.fence).await {
        // Somebody else has it: there is nothing to give back, and nothing more is sent.
        return Ok(());
    }
    let anchor = engine.drop_anchor(&locked.anchor).await;
    store.drop_lock(locked.fence).await?;
    anchor.map_err(Failure::from)
}

/// The newest fence that any object carries: a lost store must not count from the start again.
fn newest_fence(observed: &Observed) -> u64 {
    observed.objects.values().flatten().map(|object| object.provenance.fence).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use async_trait::async_trait;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, query};

    use super::once;
    use crate::address::Scope;
    use crate::cli::failure::Failure;
    use crate::lock::{Held, Holder};
    use crate::provider::{Anchor, Fault, FaultKind, Taking};
    use crate::store::{Machine, Sqlite, Store};

    /// An engine that does not answer, and meanwhile the store is damaged.
    struct Unlucky(PathBuf);

    #[async_trait]
    impl Anchor for Unlucky {
        async fn anchor(&self, _: &Scope) -> Result<Option<Held>, Fault> {
            Ok(None)
        }

        async fn take_anchor(&self, _: &Scope, _: &Holder, _: u64) -> Result<Taking, Fault> {
            let mut store = SqliteConnectOptions::new().filename(&self.0).connect().await.expect("a store");
            query("UPDATE counters SET hash = ''").execute(&mut store).await.expect("damage");
            Err(Fault::new(FaultKind::Unreachable, "nobody answers"))
        }

        async fn renew_anchor(&self, _: &Held) -> Result<(), Fault> {
            Ok(())
        }

        async fn drop_anchor(&self, _: &Held) -> Result<(), Fault> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_engines_fault_is_told_also_where_the_lock_cannot_be_given_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let scope = Scope { project: "shop".to_owned(), environment: None };
        let holder = Holder {
            who: "ci".to_owned(),
            host: "here".to_owned(),
            boot: "boot".to_owned(),
            pid: 1,
            started: 0,
            doing: "apply".to_owned(),
            lineage: String::new(),
        };
        let machine = Machine::new(|| jiff::Timestamp::UNIX_EPOCH, |_| None);
        let mut store = Sqlite::create(&path, &scope, machine).await.expect("a store");
        let failure = once(&mut store, &Unlucky(path), &scope, &holder, 0).await.expect_err("the engine is gone");
        let Failure::Told(told) = failure else { panic!("no problem of the spec") };
        assert_eq!(
            (told.code, told.messages.as_slice()),
            ("omni::engine::unreachable", &["nobody answers".to_owned()][..])
        );
        let left = store.drop_lock(1).await;
        assert!(left.is_err(), "the lock cannot be given back: {left:?}");
    }
}
