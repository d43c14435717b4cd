//! Changing the fake by hand, as somebody does beside omni, and scripting its troubles.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::provider::engine::NewContainer;
use crate::provider::fake::container::Process;
use crate::provider::fake::image::{FakeImage, digest, tagged};
use crate::provider::fake::{Behaviour, FakeEngine, Trouble};
use crate::resource::Health;

impl FakeEngine {
    /// Another engine with the same things on it.
    ///
    /// # Panics
    /// When a call to this one has still to take effect.
    #[must_use]
    pub fn copy(&self) -> Self {
        let world = self.with(|world| world.copy());
        Self { world: Arc::new(Mutex::new(world)), deadline: self.deadline }
    }

    /// Puts an image on the engine that no registry knows.
    pub fn load_image(&self, reference: &str, behaviour: Behaviour, health: Option<Health>) {
        let image = FakeImage::of(reference, behaviour, health);
        self.with(|world| world.keep_image(&image, Some(&tagged(reference)), None));
    }

    /// Puts an image into the registry, under a reference that may have been another one's, and returns its digest.
    #[must_use]
    pub fn publish(&self, reference: &str, content: &str, behaviour: Behaviour) -> String {
        let image = FakeImage::of(content, behaviour, None);
        let known = digest(&image);
        self.with(|world| world.registry.insert(tagged(reference), image));
        known
    }

    /// Changes a container by hand. Nothing where there is none.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut NewContainer)) {
        self.with(|world| {
            if let Ok(container) = world.container_mut(name) {
                change(&mut container.new);
            }
        });
    }

    /// Ends a container by hand with this code.
    pub fn kill(&self, name: &str, code: i64) {
        self.with(|world| {
            if let Ok(container) = world.container_mut(name) {
                container.process = Process::Stopped(code);
            }
        });
    }

    /// Removes a container by hand.
    pub fn forget(&self, name: &str) {
        self.with(|world| world.remove_container(name).ok());
    }

    /// Whether a container has this file.
    #[must_use]
    pub fn has_file(&self, name: &str, path: &str) -> bool {
        self.with(|world| world.container(name).is_some_and(|c| c.files.contains_key(path)))
    }

    /// The names of all containers, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.with(|world| world.containers.iter().map(|c| c.new.name.clone()).collect());
        names.sort();
        names
    }

    /// Sets the engine's clock forward or back.
    pub fn skew(&self, seconds: i64) {
        self.with(|world| world.skew += seconds);
    }

    /// Lets the call of this number go wrong, counted from 1 since `heal`.
    pub fn trouble_at(&self, number: u64, trouble: Trouble) {
        self.with(|world| world.script.at(number, trouble));
    }

    /// Lets the nth call of this method go wrong, counted from 1 since `heal`.
    pub fn trouble_in(&self, method: &'static str, nth: u64, trouble: Trouble) {
        self.with(|world| world.script.nth(method, nth, trouble));
    }

    /// Lets the engine be away from the call of this number on.
    pub fn down_from(&self, number: u64) {
        self.with(|world| world.script.down_from(number));
    }

    /// Forgets all troubles, counts and the log of calls.
    pub fn heal(&self) {
        self.with(|world| world.script.clear());
    }

    /// How many calls there were since `heal`.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.with(|world| world.script.calls())
    }

    /// How many calls there were of each method since `heal`; methods without one are left out.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.with(|world| world.script.counts())
    }

    /// How many calls went wrong since `heal`.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.with(|world| world.script.fired())
    }

    /// The calls since `heal` that change something, in order: `start_container shop-web-57`; and those that only read
    /// and went wrong. Behind one that went wrong stands how.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.with(|world| world.script.log())
    }

    /// The same without the first so many.
    #[must_use]
    pub fn log_from(&self, first: usize) -> Vec<String> {
        self.with(|world| world.script.log_from(first))
    }

    /// Lets so much time pass for everything that is still to take effect. Needs tokio's paused clock to be quick.
    pub async fn settle(&self, time: Duration) {
        tokio::time::sleep(time).await;
        self.with(|_| ());
    }
}
