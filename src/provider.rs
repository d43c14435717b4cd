//! The outside world behind traits: `Observe` reads it, `Perform` changes it, `Anchor` keeps the lock in it.
//!
//! Reading and writing are two traits on purpose: `plan`, `drift` and `status` are handed only an `Observe`, so a dry
//! run that writes does not compile. `engine` is the calls of a container engine, `docker` a real one, `fake` one in
//! memory; `host` implements the traits here on any of them. Which change is done when is left to `apply`; a provider
//! does one order at a time and remembers nothing.

pub mod backup;
pub mod context;
pub mod database;
pub mod docker;
mod ended;
pub mod engine;
pub mod fake;
mod fault;
pub mod folder;
pub mod host;
mod order;
pub mod pace;
pub mod probe;
pub mod site;

use async_trait::async_trait;

use crate::address::{Address, Scope};
use crate::journal::Effect;
use crate::lock::{Held, Holder};
use crate::observed::{EngineFacts, Object, Observed};
use crate::resource::{Image, Pin};

pub use ended::Ended;
pub use fault::{Fault, FaultKind};
pub use order::Order;

/// Reads the outside world. Nothing here can change it.
#[async_trait]
pub trait Observe: Send + Sync {
    /// What identifies the engine and what it can do.
    ///
    /// # Errors
    /// When it does not answer, or this account may not ask it.
    async fn facts(&self) -> Result<EngineFacts, Fault>;

    /// Every object of a deployment.
    ///
    /// # Errors
    /// When the engine does not answer.
    async fn observe(&self, scope: &Scope) -> Result<Observed, Fault>;

    /// Every image of a deployment that omni has built: under its tag, or without one where the build was cut off.
    ///
    /// # Errors
    /// When the engine does not answer.
    async fn built(&self, scope: &Scope) -> Result<Vec<(Address, Object)>, Fault>;

    /// Exactly which image this is now. For a build that is its input's fingerprint; otherwise the engine or the
    /// registry is asked, as the pull policy says.
    ///
    /// # Errors
    /// `NotFound` when neither has it; the registry's refusal otherwise.
    async fn pin(&self, image: &Image) -> Result<Pin, Fault>;

    /// Whether the image of this pin is on the engine, so that nothing has to be pulled or built.
    ///
    /// # Errors
    /// When the engine does not answer.
    async fn has_image(&self, scope: &Scope, image: &Image, name: &str) -> Result<bool, Fault>;

    /// The last `lines` lines a container wrote, oldest first, free of control characters.
    ///
    /// # Errors
    /// When there is no such container.
    async fn tail(&self, object: &str, lines: usize) -> Result<Vec<String>, Fault>;
}

/// Changes the outside world, one order at a time.
///
/// Both verbs look before they act, so each may be repeated, at any time, by any process: what is already so is
/// left so. Neither answers before it has read back what it did.
#[async_trait]
pub trait Perform: Observe {
    /// Does the order's change and returns what serves at its address afterwards.
    ///
    /// # Errors
    /// A fault; whatever was already done stands, and `undo` takes it back.
    async fn perform(&self, order: &Order<'_>) -> Result<Effect, Fault>;

    /// Takes the order's change back, however far it had come: what the order's op made is removed, what was there
    /// before is put back and ready again.
    ///
    /// # Errors
    /// A fault; it may be tried again.
    async fn undo(&self, order: &Order<'_>) -> Result<Effect, Fault>;

    /// Starts these containers of the order's service again, which something else has stopped, and waits until they are
    /// ready: as the change wants them where they are new, else as they were before.
    ///
    /// # Errors
    /// When one is gone, or does not come up.
    async fn raise(&self, order: &Order<'_>, ids: &[String], is_new: bool) -> Result<(), Fault>;

    /// Removes one object that serves nobody: a stopped container, an unused network or image, a volume.
    /// An object that is already gone is removed.
    ///
    /// # Errors
    /// When it is in use, or the engine does not answer.
    async fn remove(&self, address: &Address, id: &str) -> Result<(), Fault>;
}

/// What came of trying to take the anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    /// It is ours.
    Taken(Held),
    /// Somebody has it.
    Refused(Held),
}

/// The lock as the engine keeps it: one named object, made by compare-and-set, removed by compare-and-delete.
#[async_trait]
pub trait Anchor: Send + Sync {
    /// Who has it; none where it is free.
    ///
    /// # Errors
    /// When the engine does not answer.
    async fn anchor(&self, scope: &Scope) -> Result<Option<Held>, Fault>;

    /// Takes it under `fence`, if it is free.
    ///
    /// # Errors
    /// When the engine does not answer.
    async fn take_anchor(&self, scope: &Scope, holder: &Holder, fence: u64) -> Result<Taking, Fault>;

    /// Renews the lease by `lock::LEASE`.
    ///
    /// # Errors
    /// `NotFound` when the anchor is gone: somebody broke the lock.
    async fn renew_anchor(&self, held: &Held) -> Result<(), Fault>;

    /// Removes it, by its id: nobody else's can be removed by mistake. One that is gone is removed.
    ///
    /// # Errors
    /// When the engine does not answer.
    async fn drop_anchor(&self, held: &Held) -> Result<(), Fault>;
}
