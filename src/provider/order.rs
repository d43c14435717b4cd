//! `Order`: one change to be done or taken back, with all a provider needs for it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use crate::address::{Address, Scope};
use crate::fingerprint::Key;
use crate::lock::Op;
use crate::plan::Change;
use crate::resource::Resource;
use crate::template::Vault;

/// One change to be done or taken back.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// The deployment.
    pub scope: &'a Scope,
    /// The tag of the release that the apply makes.
    pub tag: &'a str,
    /// Every thing of the deployment as it will be; what goes as it was.
    pub things: &'a BTreeMap<&'a Address, &'a Resource>,
    /// The change.
    pub change: &'a Change,
    /// The apply: every object made carries it.
    pub op: &'a Op,
    /// The fence under which the apply was opened: part of the names of containers.
    pub fence: u64,
    /// Whether the change was begun and nobody heard of its end, so that some of it may still be under way.
    pub is_lost: bool,
    /// The number of the release that the apply makes.
    pub release: u64,
    /// Secrets and files.
    pub vault: &'a Vault,
    /// Where deploy.toml lies: build contexts are relative to it.
    pub root: &'a std::path::Path,
    /// How long a single call to the engine may take.
    pub call_deadline: Duration,
    /// Hears short lines on how it goes.
    pub progress: &'a (dyn Fn(String) + Send + Sync),
    /// Turns true once the apply turns, and with it whether the change is still wanted; none for an undo, which is.
    pub turned: Option<&'a watch::Receiver<bool>>,
}

impl<'a> Order<'a> {
    /// The address of the change.
    #[must_use]
    pub const fn address(&self) -> &'a Address {
        &self.change.address
    }

    /// The key that objects carry.
    #[must_use]
    pub const fn key(&self) -> &'a Key {
        self.vault.key()
    }

    /// The thing at another address as it will be, or as it was where it goes: what the change requires.
    #[must_use]
    pub fn requirement(&self, address: &Address) -> Option<&'a Resource> {
        self.things.get(address).copied()
    }

    /// Ends once nobody wants the change any more: a mere wait for it to be ready may end then too.
    pub async fn unwanted(&self) {
        if let Some(mut turned) = self.turned.cloned()
            && turned.wait_for(|turned| *turned).await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
