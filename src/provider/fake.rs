//! `FakeEngine`: a container engine in memory, as nasty as a measured one.
//!
//! It represents what a real engine was seen to do: a create outlives its client, network names are not unique, the
//! labels of the first win, a stop and an exec go on alone. It runs on tokio's clock and is deterministic, so a test
//! with a paused clock is fast and repeats. Troubles are scripted by call number or method. What calls add up to is
//! left to `host`.

mod behaviour;
mod calls;
mod container;
mod containers;
mod database;
mod edit;
mod image;
mod images;
mod live;
mod probes;
mod script;
mod seen;
mod server;
mod session;
mod tools;
mod world;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::provider::{Fault, FaultKind};

pub use behaviour::Behaviour;
pub use script::{METHODS, ONLY_READ, Trouble};

use world::World;

/// How long a read takes.
const READ: Duration = Duration::from_millis(1);
/// How long a plain change takes.
const CHANGE: Duration = Duration::from_millis(10);

/// A container engine in memory. Every clone is the same engine.
#[derive(Clone)]
pub struct FakeEngine {
    world: Arc<Mutex<World>>,
    deadline: Duration,
}

impl Default for FakeEngine {
    fn default() -> Self {
        Self::new()
    }
}

/// One call: what it is and how long it takes.
struct Call {
    method: &'static str,
    /// What it is about.
    name: String,
    took: Duration,
    mutates: bool,
}

impl Call {
    fn read(method: &'static str, name: &str) -> Self {
        Self { method, name: name.to_owned(), took: READ, mutates: false }
    }

    fn change(method: &'static str, name: &str) -> Self {
        Self { method, name: name.to_owned(), took: CHANGE, mutates: true }
    }

    const fn taking(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }
}

impl FakeEngine {
    /// An empty engine.
    #[must_use]
    pub fn new() -> Self {
        Self { world: Arc::new(Mutex::new(World::new(Instant::now()))), deadline: Duration::from_secs(30) }
    }

    /// The same engine with another deadline of its calls.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Looks at the world as it is now, with everything that has taken effect by now.
    fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(Instant::now());
        look(&mut world)
    }

    /// One call without anything that happens at its arrival.
    async fn act<T: Send + 'static>(
        &self,
        call: Call,
        effect: impl FnOnce(&mut World) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        self.act_on_arrival(call, |_| Ok(()), effect).await
    }

    /// One call: `arrive` happens when the engine gets it, `effect` when it is done, whether or not anybody listens.
    async fn act_on_arrival<T: Send + 'static>(
        &self,
        call: Call,
        arrive: impl FnOnce(&mut World) -> Result<(), Fault> + Send,
        effect: impl FnOnce(&mut World) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let lost = || Err(Fault::new(FaultKind::Unknown, "the connection to the engine broke before it answered"));
        let now = Instant::now();
        let trouble = self.with(|world| world.script.next(call.method, &call.name, call.mutates));
        let (at, answers) = match trouble {
            Some(Trouble::Refuse) => {
                return Err(Fault::new(FaultKind::Unreachable, "nobody answers at the engine's address"));
            }
            Some(Trouble::Conflict) => return Err(Fault::new(FaultKind::Conflict, "409: there is a conflict")),
            Some(Trouble::Failure) => return Err(Fault::new(FaultKind::Failed, "500: something went wrong")),
            Some(Trouble::LostBefore) => {
                sleep(call.took).await;
                return lost();
            }
            Some(Trouble::Hang) => {
                sleep(self.deadline).await;
                return lost();
            }
            Some(Trouble::Restart) => {
                self.with(World::restart);
                return lost();
            }
            Some(Trouble::LostAfter) => (now + call.took, Some(now + call.took)),
            Some(Trouble::Late(delay)) => (now + delay, Some(now)),
            Some(Trouble::HangAfter) => (now + call.took, Some(now + self.deadline)),
            None => (now + call.took, None),
        };
        if let Err(fault) = self.with(arrive) {
            return if answers.is_some() { lost() } else { Err(fault) };
        }
        let slot = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&slot);
        self.with(|world| {
            world.later(at, move |world| {
                let answer = effect(world);
                *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            });
        });
        if let Some(when) = answers {
            sleep_until(when).await;
            return lost();
        }
        sleep_until(at).await;
        self.with(|_| ());
        let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.unwrap_or_else(lost)
    }
}
