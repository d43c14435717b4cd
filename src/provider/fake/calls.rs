//! The calls of the fake: which takes how long, what it does at its arrival and what at its end.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::observed::{EngineFacts, Status};
use crate::provider::Fault;
use crate::provider::FaultKind;
use crate::provider::engine::{
    AskedOf, Engine, Hear, Joined, Labels, LiveContainer, LiveImage, LiveNetwork, LiveVolume, NewContainer, NewFile,
    NewImage, Ran, Running,
};
use crate::provider::fake::image::FakeImage;
use crate::provider::fake::world::{World, has, missing};
use crate::provider::fake::{Behaviour, CHANGE, Call, FakeEngine};
use crate::resource::{Limits, Network, Reservations, Restart, Volume};

/// How often a wait asks.
const ASKS: Duration = Duration::from_millis(20);

#[async_trait]
impl Engine for FakeEngine {
    async fn facts(&self) -> Result<EngineFacts, Fault> {
        self.act(Call::read("facts", ""), |_| {
            Ok(EngineFacts {
                id: "FAKE".to_owned(),
                version: "fake 1".to_owned(),
                host: "fake:".to_owned(),
                memory: 8 << 30,
                cpus: 4,
                platform: "linux/amd64".to_owned(),
            })
        })
        .await
    }

    async fn now(&self) -> Result<Timestamp, Fault> {
        self.act(Call::read("now", ""), |world| Ok(world.clock())).await
    }

    async fn create_container(&self, new: &NewContainer) -> Result<String, Fault> {
        let (call, mut made) = (Call::change("create_container", &new.name).taking(2 * CHANGE), new.clone());
        made.networks.truncate(1);
        self.act_on_arrival(call, |world| world.reserve(new), move |world| world.create(made)).await
    }

    async fn join_network(&self, id: &str, joined: &Joined) -> Result<(), Fault> {
        let (call, id, joined) = (Call::change("join_network", &self.called(id)), id.to_owned(), joined.clone());
        self.act(call, move |world| {
            if !world.networks.iter().any(|live| live.id == joined.id) {
                return Err(missing("network", &joined.id));
            }
            let container = world.container_mut(&id)?;
            if !container.new.networks.iter().any(|one| one.id == joined.id) {
                container.new.networks.push(joined);
            }
            Ok(())
        })
        .await
    }

    async fn start_container(&self, id: &str) -> Result<(), Fault> {
        // The engine does one start of a container at a time: nobody sees one that is half done.
        let call = Call::change("start_container", &self.called(id));
        self.act_on_arrival(call, |world| world.start(id), |_| Ok(())).await
    }

    async fn stop_container(&self, id: &str, grace: Duration) -> Result<(), Fault> {
        let (call, id) = (Call::change("stop_container", &self.called(id)), id.to_owned());
        let (takes, code) = self
            .with(|world| world.container(&id).filter(|c| c.runs(world.now)).map_or((CHANGE, 0), |c| c.ending(grace)));
        // What is asked to end is the process of now, and not one that is started meanwhile.
        let asked = self.with(|world| world.container(&id).map(|container| container.process));
        self.act(call.taking(takes), move |world| world.stop(&id, asked, code)).await
    }

    async fn update_container(
        &self,
        id: &str,
        limits: Limits,
        reservations: Reservations,
        restart: Restart,
    ) -> Result<(), Fault> {
        let set = |world: &mut World| {
            let container = &mut world.container_mut(id)?.new.container;
            if container.limits.memory.is_some() && limits.memory.is_none() {
                return Err(Fault::new(FaultKind::Failed, "a limit of memory cannot be taken away"));
            }
            (container.limits, container.reservations, container.restart) = (limits, reservations, restart);
            Ok(())
        };
        self.act_on_arrival(Call::change("update_container", &self.called(id)), set, |_| Ok(())).await
    }

    async fn remove_container(&self, id: &str) -> Result<(), Fault> {
        let (call, id) = (Call::change("remove_container", &self.called(id)), id.to_owned());
        let gone = id.clone();
        self.act_on_arrival(call, |world| world.begin_removal(&gone), move |world| world.remove_container(&id)).await
    }

    async fn container(&self, name: &str, asked: AskedOf<'_>) -> Result<Option<LiveContainer>, Fault> {
        let (call, wanted) = (Call::read("container", name), name.to_owned());
        self.act(call, move |world| match world.container(&wanted).filter(|c| world.removing.contains(&c.id)) {
            Some(half) => Err(Fault::new(FaultKind::Failed, format!("container {} is unexpectedly nil", half.id))),
            None => Ok(()),
        })
        .await?;
        Ok(self.with(|world| world.container(name).map(|container| world.live(container, asked))))
    }

    async fn containers(&self, labels: &Labels, asked: AskedOf<'_>) -> Result<Vec<LiveContainer>, Fault> {
        self.act(Call::read("containers", ""), |_| Ok(())).await?;
        Ok(self.with(|world| {
            let found = world.containers.iter().filter(|container| has(&container.new.labels, labels));
            found.map(|container| world.live(container, asked)).collect()
        }))
    }

    async fn put_files(&self, id: &str, files: &[NewFile]) -> Result<(), Fault> {
        let (call, id, files) = (Call::change("put_files", &self.called(id)), id.to_owned(), files.to_vec());
        self.act(call, move |world| {
            let container = world.container_mut(&id)?;
            container.files.extend(files.into_iter().map(|file| (file.path, file.content)));
            Ok(())
        })
        .await
    }

    async fn file(&self, id: &str, path: &str) -> Result<Option<Vec<u8>>, Fault> {
        let (call, id, path) = (Call::read("file", id), id.to_owned(), path.to_owned());
        self.act(call, move |world| Ok(world.container_mut(&id)?.files.get(&path).cloned())).await
    }

    async fn stream(&self, id: &str, _: &[String]) -> Result<Running, Fault> {
        // No container of this engine has a program that reads or writes anything.
        Err(missing("a program in container", id))
    }

    async fn run(&self, id: &str, command: &[String], deadline: Duration) -> Result<Ran, Fault> {
        let (id, command) = (id.to_owned(), command.to_vec());
        let call = Call::read("run", &id).taking(CHANGE.min(deadline));
        self.act(call, move |world| {
            let container = world.container(&id).ok_or_else(|| missing("container", &id))?;
            if !container.runs(world.now) {
                return Err(Fault::new(FaultKind::Conflict, "the container is not running"));
            }
            let words: Vec<_> = command.iter().map(String::as_str).collect();
            let code = match words.as_slice() {
                ["touch", path] => {
                    let path = (*path).to_owned();
                    world.container_mut(&id)?.files.insert(path, Vec::new());
                    0
                }
                ["exit", code] => code.parse().unwrap_or(1),
                _ => i64::from(!world.is_healthy(container)),
            };
            Ok(Ran { code, output: if code == 0 { "ok\n" } else { "it does not answer\n" }.to_owned() })
        })
        .await
    }

    async fn wait(&self, id: &str) -> Result<i64, Fault> {
        self.act(Call::read("wait", id), |_| Ok(())).await?;
        let until = Instant::now() + self.deadline;
        loop {
            let status = self.with(|world| world.container(id).map(|container| container.condition(world.now).0));
            match status.ok_or_else(|| missing("container", id))? {
                Status::Exited { code } => return Ok(code),
                _ if Instant::now() >= until => {
                    return Err(Fault::new(FaultKind::Unknown, "the wait for the end took too long"));
                }
                _ => sleep(ASKS).await,
            }
        }
    }

    async fn tail(&self, id: &str, lines: usize) -> Result<Vec<String>, Fault> {
        let (call, id) = (Call::read("tail", id), id.to_owned());
        self.act(call, move |world| {
            let container = world.container(&id).ok_or_else(|| missing("container", &id))?;
            let log = world.log(container);
            Ok(log[log.len().saturating_sub(lines)..].to_vec())
        })
        .await
    }

    async fn create_network(&self, network: &Network, name: &str, labels: &Labels) -> Result<String, Fault> {
        let (network, labels) = (Network { name: name.to_owned(), ..network.clone() }, labels.clone());
        self.act(Call::change("create_network", name), move |world| {
            let (id, created) = (world.id("network"), Some(world.clock()));
            let chosen = Some(format!("172.30.{}.0/24", world.networks.len() % 256));
            let network = Network { subnet: network.subnet.clone().or(chosen), ..network };
            world.networks.push(LiveNetwork { id: id.clone(), labels, created, network });
            Ok(id)
        })
        .await
    }

    async fn networks(&self, labels: &Labels) -> Result<Vec<LiveNetwork>, Fault> {
        let labels = labels.clone();
        self.act(Call::read("networks", ""), move |world| Ok(world.networks(&labels))).await
    }

    async fn networks_named(&self, name: &str) -> Result<Vec<LiveNetwork>, Fault> {
        let wanted = name.to_owned();
        self.act(Call::read("networks_named", name), move |world| {
            Ok(world.networks.iter().filter(|live| live.network.name == wanted).cloned().collect())
        })
        .await
    }

    async fn remove_network(&self, id: &str) -> Result<(), Fault> {
        let (call, id) = (Call::change("remove_network", id), id.to_owned());
        self.act(call, move |world| world.remove_network(&id)).await
    }

    async fn create_volume(&self, volume: &Volume, labels: &Labels) -> Result<LiveVolume, Fault> {
        let (volume, labels) = (volume.clone(), labels.clone());
        self.act(Call::change("create_volume", &volume.name.clone()), move |world| {
            let made = LiveVolume { labels, created: Some(world.clock()), volume };
            Ok(world.volumes.entry(made.volume.name.clone()).or_insert(made).clone())
        })
        .await
    }

    async fn volumes(&self, labels: &Labels) -> Result<Vec<LiveVolume>, Fault> {
        let labels = labels.clone();
        self.act(Call::read("volumes", ""), move |world| {
            Ok(world.volumes.values().filter(|live| has(&live.labels, &labels)).cloned().collect())
        })
        .await
    }

    async fn volume(&self, name: &str) -> Result<Option<LiveVolume>, Fault> {
        let wanted = name.to_owned();
        self.act(Call::read("volume", name), move |world| Ok(world.volumes.get(&wanted).cloned())).await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), Fault> {
        let wanted = name.to_owned();
        self.act(Call::change("remove_volume", name), move |world| world.remove_volume(&wanted)).await
    }

    async fn image(&self, reference: &str) -> Result<Option<LiveImage>, Fault> {
        let wanted = reference.to_owned();
        self.act(Call::read("image", reference), move |world| Ok(world.image(&wanted).map(|i| i.live.clone()))).await
    }

    async fn images(&self, labels: &Labels) -> Result<Vec<LiveImage>, Fault> {
        let labels = labels.clone();
        self.act(Call::read("images", ""), move |world| {
            let found = world.images.iter().filter(|image| has(&image.live.labels, &labels));
            Ok(found.map(|image| image.live.clone()).collect())
        })
        .await
    }

    async fn registry_digest(&self, reference: &str) -> Result<String, Fault> {
        let wanted = reference.to_owned();
        self.act(Call::read("registry_digest", reference), move |world| world.registry_digest(&wanted)).await
    }

    async fn pull(&self, reference: &str, _platform: Option<&str>, hear: Hear<'_>) -> Result<(), Fault> {
        hear("pulling".to_owned());
        let wanted = reference.to_owned();
        self.act(Call::change("pull", reference), move |world| world.pull(&wanted)).await
    }

    async fn build(&self, new: &NewImage, hear: Hear<'_>) -> Result<String, Fault> {
        hear("building".to_owned());
        let made = new.clone();
        self.act(Call::change("build", &new.tag), move |world| Ok(world.build(&made))).await
    }

    async fn import_empty(&self, tag: &str) -> Result<(), Fault> {
        let tag = tag.to_owned();
        self.act(Call::change("import_empty", &tag.clone()), move |world| {
            if world.image(&tag).is_none() {
                world.keep_image(&FakeImage::of(&tag, Behaviour::NeverHealthy, None), Some(&tag), None);
            }
            Ok(())
        })
        .await
    }

    async fn remove_image(&self, reference: &str) -> Result<(), Fault> {
        let wanted = reference.to_owned();
        self.act(Call::change("remove_image", reference), move |world| world.remove_image(&wanted)).await
    }
}

impl FakeEngine {
    fn called(&self, id: &str) -> String {
        self.with(|world| world.called(id))
    }
}
