//! `FakeContainer`: a container of the fake, whose condition follows from when it was started.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::observed::Status;
use crate::provider::engine::NewContainer;
use crate::provider::fake::Behaviour;
use crate::provider::fake::world::{World, missing};
use crate::provider::{Ended, Fault, FaultKind};
use crate::resource::{Port, Restart};

/// How long the engine waits before it starts a container again.
const AGAIN: Duration = Duration::from_millis(100);

/// A container.
#[derive(Debug, Clone)]
pub(super) struct FakeContainer {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) new: NewContainer,
    /// The id of its image.
    pub(super) image: String,
    pub(super) behaviour: Behaviour,
    pub(super) created: Instant,
    pub(super) process: Process,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// What became of the process in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    Never,
    Started(Instant),
    Stopped(i64),
}

impl FakeContainer {
    /// What it is doing, and how often it was started again.
    pub(super) fn condition(&self, now: Instant) -> (Status, u64) {
        let started = match self.process {
            Process::Never => return (Status::Created, 0),
            Process::Stopped(code) => return (Status::Exited { code }, 0),
            Process::Started(at) => at,
        };
        let running = Status::Running { since: None, healthy: None };
        let Behaviour::Ends(code, after) = self.behaviour else { return (running, 0) };
        let since = now.saturating_duration_since(started);
        if since < after {
            return (running, 0);
        }
        let most = match self.new.container.restart {
            Restart::No => 0,
            Restart::OnFailure(_) if code == 0 => 0,
            Restart::OnFailure(most) if most > 0 => u64::from(most),
            Restart::OnFailure(_) | Restart::Always | Restart::UnlessStopped => u64::MAX,
        };
        let round = (after + AGAIN).as_micros();
        let rounds = u64::try_from(since.as_micros() / round).unwrap_or(u64::MAX);
        if rounds >= most {
            return (Status::Exited { code }, most);
        }
        let runs = since.as_micros() % round < after.as_micros();
        (if runs { running } else { Status::Restarting }, rounds)
    }

    /// How its process ended; none while it runs.
    pub(super) fn ended(&self, now: Instant) -> Option<Ended> {
        match (self.condition(now).0, self.behaviour) {
            (Status::Exited { code }, _) | (Status::Restarting, Behaviour::Ends(code, _)) => {
                Some(Ended { code, out_of_memory: false })
            }
            _ => None,
        }
    }

    pub(super) fn runs(&self, now: Instant) -> bool {
        matches!(self.condition(now).0, Status::Running { .. })
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.new.container.environment.get(name)?.as_plain()
    }

    fn millis(&self, name: &str) -> Option<Duration> {
        self.variable(name)?.parse().ok().map(Duration::from_millis)
    }

    /// How long it takes to end once asked (`STOP_MS`), and the code with which it then ends.
    pub(super) fn ending(&self, grace: Duration) -> (Duration, i64) {
        let takes = self.millis("STOP_MS").unwrap_or(Duration::from_millis(10));
        if takes > grace { (grace, 137) } else { (takes, 0) }
    }
}

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
                let joined = |j: &crate::provider::engine::Joined| {
                    j.aliases.contains(alias) && container.new.networks.iter().any(|mine| mine.id == j.id)
                };
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
