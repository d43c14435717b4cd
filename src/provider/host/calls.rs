//! `Calls`: the calls of an engine, each with a deadline, repeated and settled where that is safe.
//!
//! A read may be asked again. A change whose answer was lost is turned into a fact before anything else is done: a
//! start, a stop and a removal are repeated until they are answered, a create is issued again under the same name. What
//! a fact means is left to the rest of the room.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::failpoint::{self, Place};
use crate::plain::plain;
use crate::provider::engine::{
    Engine, Joined, Labels, LiveContainer, LiveImage, LiveNetwork, LiveVolume, NewContainer, NewFile, Seen,
};
use crate::provider::host::labels;
use crate::provider::{Fault, FaultKind};

/// How often a call is tried in all.
const TRIES: u32 = 4;
/// The wait before the first repetition; it doubles.
const PAUSE: Duration = Duration::from_millis(100);
/// How often what an order made is looked for and removed, at most.
const ROUNDS: u32 = 5;
/// The longest wait before something is looked for again.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
/// How long an object may take to appear after its name was taken, or the answer to its making was lost.
pub(super) const APPEARS: Duration = Duration::from_secs(5);
/// How long what an order made is looked for where every answer was heard.
pub(super) const LINGERS: Duration = Duration::from_millis(700);

/// The calls of one engine.
pub(super) struct Calls<'a, E> {
    pub(super) engine: &'a E,
    pub(super) deadline: Duration,
}

impl<E: Engine> Calls<'_, E> {
    /// What is read, asked again a few times while the engine does not answer, or answers that it failed: it does so
    /// for a container that somebody is just removing. Nothing that is only read is in conflict with anything, so that
    /// answer is a failure, too.
    pub(super) async fn read<T, F, C>(&self, call: F) -> Result<T, Fault>
    where
        F: Fn() -> C,
        C: Future<Output = Result<T, Fault>>,
    {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.change(&call).await {
                Err(fault) if matches!(fault.kind, FaultKind::Failed | FaultKind::Conflict) => sleep(pause).await,
                answer => return answer,
            }
            pause *= 2;
        }
        self.change(call).await.map_err(|fault| match fault.kind {
            FaultKind::Conflict => Fault { kind: FaultKind::Failed, ..fault },
            _ => fault,
        })
    }

    /// The answer to a change that may be made twice, sent again a few times while the engine does not answer.
    pub(super) async fn change<T, F, C>(&self, call: F) -> Result<T, Fault>
    where
        F: Fn() -> C,
        C: Future<Output = Result<T, Fault>>,
    {
        self.tried(self.deadline, call).await.0
    }

    /// The same of a change that nothing settles but its answer: what is answered later says nothing of an earlier one
    /// that was sent and never answered. That one may still take effect, so what is known is that nothing is known.
    pub(super) async fn sure<T, F, C>(&self, deadline: Duration, call: F) -> Result<T, Fault>
    where
        F: Fn() -> C,
        C: Future<Output = Result<T, Fault>>,
    {
        match self.tried(deadline, call).await {
            (Err(fault), Some(_)) if fault.kind != FaultKind::NotFound => {
                Err(Fault { kind: FaultKind::Unknown, ..fault })
            }
            (answer, _) => answer,
        }
    }

    /// The last answer to what is sent a few times while nobody answers, and when it was last known that one which was
    /// sent was never answered.
    async fn tried<T, F, C>(&self, deadline: Duration, call: F) -> (Result<T, Fault>, Option<Instant>)
    where
        F: Fn() -> C,
        C: Future<Output = Result<T, Fault>>,
    {
        let (mut pause, mut lost) = (PAUSE, None);
        for tried in 1.. {
            let answer = within(deadline, call()).await;
            let kind = answer.as_ref().err().map(|fault| fault.kind);
            if kind == Some(FaultKind::Unknown) {
                lost = Some(Instant::now());
            }
            if tried == TRIES || !kind.is_some_and(FaultKind::is_passing) {
                return (answer, lost);
            }
            sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last try returns")
    }

    /// A change that its undo takes back without a name to settle it: where an answer was lost, what was sent first has
    /// taken effect by the end, or never will, whatever was answered later.
    pub(super) async fn settled<T, F, C>(&self, call: F) -> Result<T, Fault>
    where
        F: Fn() -> C,
        C: Future<Output = Result<T, Fault>>,
    {
        let (answer, lost) = self.tried(self.deadline, call).await;
        if let Some(lost) = lost {
            sleep_until(lost + APPEARS).await;
        }
        answer
    }

    /// Removes what `call` removes; what is already gone is removed.
    pub(super) async fn gone<F, C>(&self, call: F) -> Result<(), Fault>
    where
        F: Fn() -> C,
        C: Future<Output = Result<(), Fault>>,
    {
        match self.change(call).await {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(()),
            answer => answer,
        }
    }

    pub(super) async fn container(&self, name: &str) -> Result<Option<LiveContainer>, Fault> {
        self.read(|| self.engine.container(name, &labels::asked)).await
    }

    /// What a container was really made as, its secrets filled in; none where there is no such container. For a command
    /// that is sent back to the engine: nothing of it may be kept or shown.
    pub(super) async fn as_made(&self, id: &str) -> Result<Option<Seen>, Fault> {
        Ok(self.read(|| self.engine.container(id, &|_| None)).await?.map(|live| live.seen))
    }

    pub(super) async fn containers(&self, wanted: &Labels) -> Result<Vec<LiveContainer>, Fault> {
        self.read(|| self.engine.containers(wanted, &labels::asked)).await
    }

    pub(super) async fn networks(&self, wanted: &Labels) -> Result<Vec<LiveNetwork>, Fault> {
        self.read(|| self.engine.networks(wanted)).await
    }

    pub(super) async fn volumes(&self, wanted: &Labels) -> Result<Vec<LiveVolume>, Fault> {
        self.read(|| self.engine.volumes(wanted)).await
    }

    pub(super) async fn volume(&self, name: &str) -> Result<Option<LiveVolume>, Fault> {
        self.read(|| self.engine.volume(name)).await
    }

    pub(super) async fn image(&self, reference: &str) -> Result<Option<LiveImage>, Fault> {
        self.read(|| self.engine.image(reference)).await
    }

    pub(super) async fn images(&self, wanted: &Labels) -> Result<Vec<LiveImage>, Fault> {
        self.read(|| self.engine.images(wanted)).await
    }

    /// Makes a container, or finds the one of this name that the same op made.
    pub(super) async fn create(&self, new: &NewContainer) -> Result<String, Fault> {
        match self.change(|| self.engine.create_container(new)).await {
            Err(fault) if fault.kind == FaultKind::Conflict => self.adopt(new, fault).await,
            answer => answer,
        }
    }

    /// The container that has the name already, once it can be seen, if it carries the same op.
    async fn adopt(&self, new: &NewContainer, taken: Fault) -> Result<String, Fault> {
        let until = Instant::now() + APPEARS;
        loop {
            match self.container(&new.name).await? {
                Some(live) if live.labels.get(labels::OP) == new.labels.get(labels::OP) => return Ok(live.id),
                Some(live) => {
                    let of = live.labels.get(labels::OP).map_or_else(
                        || "was not made by omni".to_owned(),
                        |op| format!("belongs to another apply (`{}`)", plain(op)),
                    );
                    let text = format!("the name `{}` is taken by a container that {of}", new.name);
                    return Err(Fault::new(FaultKind::Conflict, text)
                        .help(format!("remove or rename it: docker rm {}", new.name)));
                }
                None if Instant::now() >= until => return Err(taken),
                None => sleep(PAUSE).await,
            }
        }
    }

    pub(super) async fn put_files(&self, id: &str, files: &[NewFile]) -> Result<(), Fault> {
        if files.is_empty() {
            return Ok(());
        }
        self.sure(self.deadline, || self.engine.put_files(id, files)).await
    }

    /// Lets a container join a network; repeating that is safe.
    pub(super) async fn join(&self, id: &str, joined: &Joined) -> Result<(), Fault> {
        self.sure(self.deadline, || self.engine.join_network(id, joined)).await
    }

    /// Starts a container; repeating that is safe, so a lost answer is settled by asking again.
    pub(super) async fn start(&self, id: &str) -> Result<(), Fault> {
        self.sure(self.deadline, || self.engine.start_container(id)).await
    }

    /// Stops a container; one that is gone is stopped.
    pub(super) async fn stop(&self, id: &str, grace: Duration) -> Result<(), Fault> {
        match self.sure(self.deadline + grace, || self.engine.stop_container(id, grace)).await {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(()),
            answer => answer,
        }
    }

    /// Removes a container by id. An engine that is still removing it says that there is a conflict.
    pub(super) async fn remove(&self, id: &str) -> Result<(), Fault> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.gone(|| self.engine.remove_container(id)).await {
                Err(fault) if fault.kind == FaultKind::Conflict => sleep(pause).await,
                answer => return answer,
            }
            pause *= 2;
        }
        self.gone(|| self.engine.remove_container(id)).await
    }

    /// Removes what `look` finds until nothing is found any more for `late`: a change that was sent and never answered
    /// may still be on its way, and a name that many may have does not settle it.
    pub(super) async fn sweep<T, F, C, R, D>(&self, late: Duration, look: F, remove: R) -> Result<(), Fault>
    where
        F: Fn() -> C,
        C: Future<Output = Result<Vec<T>, Fault>>,
        R: Fn(T) -> D,
        D: Future<Output = Result<(), Fault>>,
    {
        // More rounds than changes that one order sends of one kind.
        for _ in 0..ROUNDS {
            let found = self.find_late(late, &look).await?;
            if found.is_empty() {
                return Ok(());
            }
            for one in found {
                remove(one).await?;
            }
        }
        let text = "what this step made appears again each time it is removed";
        Err(Fault::new(FaultKind::Failed, text).help("see who makes it, then run `omni recover --back`"))
    }

    /// What `look` finds, looking again and again for `late`: a change that was sent and never answered may still be on
    /// its way.
    pub(super) async fn find_late<T, F, C>(&self, late: Duration, look: F) -> Result<Vec<T>, Fault>
    where
        F: Fn() -> C,
        C: Future<Output = Result<Vec<T>, Fault>>,
    {
        let until = Instant::now() + late;
        let mut pause = PAUSE;
        loop {
            let found = look().await?;
            if !found.is_empty() || Instant::now() >= until {
                return Ok(found);
            }
            sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }
}

/// The answer to a call, or that there was none in time.
pub(super) async fn within<T>(deadline: Duration, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(deadline, sent(call)).await.unwrap_or_else(|_| {
        let waited = crate::units::Period::millis(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX));
        Err(Fault::new(FaultKind::Unknown, format!("the engine did not answer within {waited}")))
    })
}

/// A call, with the places before and after it at which a test makes the process die.
pub(super) async fn sent<T>(call: impl Future<Output = T>) -> T {
    failpoint::reach(Place::CallUnsent);
    let answer = call.await;
    failpoint::reach(Place::CallAnswered);
    answer
}
