//! The lock as an engine keeps it: one container of one name, made and never started.
//!
//! The name is the compare-and-set, the id is the compare-and-delete. Who has it stands in its labels; the lease in a
//! file inside it, and until that is written the lease counts from the making. Every time is the engine's own.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::address::Scope;
use crate::failpoint::hastened;
use crate::lock::{Held, Holder, LEASE};
use crate::plain::plain;
use crate::provider::engine::{Engine, Labels, LiveContainer, NewFile};
use crate::provider::host::calls::{Calls, within};
use crate::provider::host::undo::stand_in;
use crate::provider::host::{IsAlive, names};
use crate::provider::{Fault, FaultKind, Taking};

/// The deployment it locks.
const LOCK: &str = "omni.lock";
const HOLDER: &str = "omni.holder";
const FENCE: &str = "omni.fence";
const SINCE: &str = "omni.since";
/// The file that says until when it is leased.
const LEASE_FILE: &str = "/omni/lease";
/// How long an anchor may take to appear after its name was taken.
const APPEARS: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// Who has the anchor; none where it is free.
pub(super) async fn read<E: Engine>(calls: &Calls<'_, E>, scope: &Scope) -> Result<Option<Held>, Fault> {
    match calls.container(&names::anchor(scope)).await? {
        Some(live) => held(calls, &live).await,
        None => Ok(None),
    }
}

async fn held<E: Engine>(calls: &Calls<'_, E>, live: &LiveContainer) -> Result<Option<Held>, Fault> {
    let Some((holder, fence, since)) = told(&live.labels) else {
        let text =
            format!("the container `{}` is in the place of the lock and says nothing of its holder", plain(&live.name));
        return Err(Fault::new(FaultKind::Conflict, text)
            .help(format!("if nobody deploys, remove it: docker rm {}", plain(&live.name))));
    };
    let lease = match calls.read(|| calls.engine.file(&live.id, LEASE_FILE)).await {
        Ok(lease) => lease,
        Err(fault) if fault.kind == FaultKind::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let written = lease.and_then(|bytes| String::from_utf8(bytes).ok()?.trim().parse::<Timestamp>().ok());
    let until = written.unwrap_or_else(|| live.created.unwrap_or(since).max(since) + hastened(LEASE));
    let now = calls.read(|| calls.engine.now()).await?;
    Ok(Some(Held { holder, fence, since, until, now, id: live.id.clone() }))
}

fn told(labels: &Labels) -> Option<(Holder, u64, Timestamp)> {
    let holder = serde_json::from_str(labels.get(HOLDER)?).ok()?;
    Some((holder, labels.get(FENCE)?.parse().ok()?, labels.get(SINCE)?.parse().ok()?))
}

/// Takes the anchor. One whose holder is dead, or whose lease is long over, is removed by its id, once. Where it cannot
/// be said whether it was taken, what was made is removed again: nobody should wait for its lease to run out.
pub(super) async fn take<E: Engine>(
    calls: &Calls<'_, E>,
    alive: IsAlive,
    scope: &Scope,
    holder: &Holder,
    fence: u64,
) -> Result<Taking, Fault> {
    let answer = try_to_take(calls, alive, scope, holder, fence).await;
    if answer.is_err()
        && let Ok(Some(own)) = read(calls, scope).await
        && (&own.holder, own.fence) == (holder, fence)
    {
        // The fault is the cause. An anchor that cannot be removed is free once this process has ended.
        calls.remove(&own.id).await.ok();
    }
    answer
}

async fn try_to_take<E: Engine>(
    calls: &Calls<'_, E>,
    alive: IsAlive,
    scope: &Scope,
    holder: &Holder,
    fence: u64,
) -> Result<Taking, Fault> {
    calls.change(|| calls.engine.import_empty(names::EMPTY_IMAGE)).await?;
    let mut broken = false;
    loop {
        let found = make_or_read(calls, scope, holder, fence).await?;
        if found.holder == *holder && found.fence == fence {
            return Ok(Taking::Taken(found));
        }
        let over = found.is_abandoned() || alive(&found.holder) == Some(false);
        if broken || !over {
            return Ok(Taking::Refused(found));
        }
        calls.remove(&found.id).await?;
        broken = true;
    }
}

/// Makes the anchor, or says who has it. A lost answer needs no settling of its own: the name is ours or another's.
async fn make_or_read<E: Engine>(
    calls: &Calls<'_, E>,
    scope: &Scope,
    holder: &Holder,
    fence: u64,
) -> Result<Held, Fault> {
    let until = Instant::now() + APPEARS;
    loop {
        let since = calls.read(|| calls.engine.now()).await?;
        let labels = Labels::from([
            (LOCK.to_owned(), scope.prefix()),
            (HOLDER.to_owned(), serde_json::to_string(holder).unwrap_or_default()),
            (FENCE.to_owned(), fence.to_string()),
            (SINCE.to_owned(), since.to_string()),
        ]);
        let new = stand_in(names::anchor(scope), labels);
        let answer = within(calls.deadline, calls.engine.create_container(&new)).await;
        if let Err(fault) = &answer
            && !fault.kind.is_passing()
            && fault.kind != FaultKind::Conflict
        {
            return Err(fault.clone());
        }
        // None: it is not to be seen yet, or its holder gave it back just now.
        if let Some(held) = read(calls, scope).await? {
            return Ok(held);
        }
        if Instant::now() >= until {
            let gone = || Fault::new(FaultKind::Unknown, "the lock was made and cannot be seen");
            return Err(answer.err().unwrap_or_else(gone));
        }
        sleep(PAUSE).await;
    }
}

pub(super) async fn renew<E: Engine>(calls: &Calls<'_, E>, held: &Held) -> Result<(), Fault> {
    let until = calls.read(|| calls.engine.now()).await? + hastened(LEASE);
    let file = NewFile { path: LEASE_FILE.to_owned(), mode: 0o444, content: until.to_string().into_bytes() };
    calls.put_files(&held.id, &[file]).await
}
