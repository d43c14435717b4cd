//! The containers of the fake's world: made, started, stopped and removed, by the rules of a real engine.

use std::collections::BTreeMap;

use crate::observed::Status;
use crate::provider::engine::{Joined, NewContainer};
use crate::provider::fake::behaviour::Behaviour;
use crate::provider::fake::container::{FakeContainer, Process};
use crate::provider::fake::world::{World, missing};
use crate::provider::{Fault, FaultKind};
use crate::resource::Port;

impl World {
    pub(super) fn container(&self, name: &str) -> Option<&FakeContainer> {
        self.containers.iter().find(|c| c.new.name == name || c.id == name)
    }

    pub(super) fn container_mut(&mut self, name: &str) -> Result<&mut FakeContainer, Fault> {
        let found = self.containers.iter_mut().find(|c| c.new.name == name || c.id == name);
        found.ok_or_else(|| missing("container", name))
    }

    /// The container's name, as people read it in a log of calls.
    pub(super) fn called(&self, id: &str) -> String {
        self.container(id).map_or_else(|| id.to_owned(), |c| c.new.name.clone())
    }

    /// Takes the name of a container that is about to be made. From here on it is made whether the client waits or not.
    pub(super) fn reserve(&mut self, new: &NewContainer) -> Result<(), Fault> {
        if self.reserved.contains(&new.name) || self.container(&new.name).is_some() {
            return Err(Fault::new(FaultKind::Conflict, format!("the container name {:?} is in use", new.name)));
        }
        if self.image(&new.image).is_none() {
            return Err(missing("image", &new.image));
        }
        self.reserved.insert(new.name.clone());
        Ok(())
    }

    pub(super) fn create(&mut self, new: NewContainer) -> Result<String, Fault> {
        self.reserved.remove(&new.name);
        let image = self.image(&new.image).ok_or_else(|| missing("image", &new.image))?;
        let (image, behaviour) = (image.live.id.clone(), Behaviour::of(&new, image.behaviour));
        let (id, number, created) = (self.id("container"), self.number(), self.now);
        let (process, files) = (Process::Never, BTreeMap::new());
        self.containers.push(FakeContainer { id: id.clone(), number, new, image, behaviour, created, process, files });
        Ok(id)
    }

    pub(super) fn start(&mut self, id: &str) -> Result<(), Fault> {
        let now = self.now;
        let mine = self.container(id).ok_or_else(|| missing("container", id))?;
        if matches!(mine.condition(now).0, Status::Running { .. } | Status::Restarting) {
            return Ok(());
        }
        if let Some(joined) = mine.new.networks.iter().find(|j| !self.networks.iter().any(|n| n.id == j.id)) {
            return Err(missing("network", &joined.id));
        }
        let others = self.containers.iter().filter(|other| other.id != mine.id && other.runs(now));
        for other in others {
            if let Some(port) = mine.new.ports.iter().find(|p| other.new.ports.iter().any(|o| clash(p, o))) {
                let text = format!("port {} is already allocated", port.host.unwrap_or_default());
                return Err(Fault::new(FaultKind::Conflict, text));
            }
        }
        self.container_mut(id)?.process = Process::Started(now);
        Ok(())
    }

    pub(super) fn stop(&mut self, id: &str, asked: Option<Process>, code: i64) -> Result<(), Fault> {
        let now = self.now;
        let container = self.container_mut(id)?;
        if Some(container.process) == asked
            && matches!(container.condition(now).0, Status::Running { .. } | Status::Restarting)
        {
            container.process = Process::Stopped(code);
        }
        Ok(())
    }

    /// Begins to remove a container; whoever wants the same meanwhile hears of a conflict.
    pub(super) fn begin_removal(&mut self, id: &str) -> Result<(), Fault> {
        let id = self.container(id).map(|c| c.id.clone()).ok_or_else(|| missing("container", id))?;
        if self.removing.insert(id.clone()) {
            return Ok(());
        }
        Err(Fault::new(FaultKind::Conflict, format!("removal of container {id} is already in progress")))
    }

    pub(super) fn remove_container(&mut self, id: &str) -> Result<(), Fault> {
        let place = self.containers.iter().position(|c| c.id == id || c.new.name == id);
        self.containers.remove(place.ok_or_else(|| missing("container", id))?);
        Ok(())
    }

    /// Whether the process answers well: it serves, long enough, and what it needs (`NEEDS`) can be reached.
    pub(super) fn is_healthy(&self, container: &FakeContainer) -> bool {
        let ripe = match (container.behaviour, container.process) {
            (Behaviour::Serves(after), Process::Started(at)) => self.now.saturating_duration_since(at) >= after,
            _ => false,
        };
        let needed = |alias: &str| {
            self.containers.iter().any(|other| {
                let joined =
                    |j: &Joined| j.aliases.contains(alias) && container.new.networks.iter().any(|mine| mine.id == j.id);
                other.id != container.id && other.runs(self.now) && other.new.networks.iter().any(joined)
            })
        };
        ripe && container.variable("NEEDS").is_none_or(needed)
    }
}

/// Whether two published ports cannot be had at once.
fn clash(a: &Port, b: &Port) -> bool {
    let hosts = a.host_ip.is_none() || b.host_ip.is_none() || a.host_ip == b.host_ip;
    a.host.is_some() && a.host == b.host && a.protocol == b.protocol && hosts
}
