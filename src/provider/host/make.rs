//! Making one container of a service or a job, and starting it: looked for by name first, so that repeating is safe.
//!
//! Secrets are filled in here, on their way to the engine, and nowhere else.

use crate::observed::Status;
use crate::provider::engine::{Engine, Joined, Labels, LiveContainer, NewContainer, NewFile};
use crate::provider::host::{Doing, labels, names};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Container, Health, MountSource, Probe, Resource};
use crate::template::{Template, Unfilled, Vault};

/// One container to be made.
pub(super) struct Wanted<'m> {
    pub(super) name: String,
    pub(super) replica: u32,
    pub(super) resource: &'m Resource,
    pub(super) container: &'m Container,
    /// A command in place of the container's own.
    pub(super) command: Option<&'m Vec<Template>>,
}

impl<E: Engine> Doing<'_, E> {
    /// The container of this name in all its networks, made if this op has not made it yet. One that was never started
    /// may be half made: whoever made it did not come to its other networks.
    pub(super) async fn make(&self, wanted: &Wanted<'_>) -> Result<LiveContainer, Fault> {
        let there = self.calls.container(&wanted.name).await?;
        let there = there.filter(|live| labels::is_made_by(&live.labels, &self.order));
        if let Some(live) = there.as_ref().filter(|live| live.status != Status::Created) {
            return Ok(live.clone());
        }
        let new = self.new_container(wanted).await?;
        let id = match there {
            Some(live) => live.id,
            None => self.calls.create(&new).await?,
        };
        for joined in new.networks.iter().skip(1) {
            self.calls.join(&id, joined).await?;
        }
        self.calls.container(&id).await?.ok_or_else(|| {
            Fault::new(FaultKind::Failed, format!("container `{}` is gone again right after it was made", wanted.name))
        })
    }

    /// Starts a container; its files are put into it before its first start.
    pub(super) async fn start(&self, live: &LiveContainer, container: &Container) -> Result<(), Fault> {
        if live.status == Status::Created {
            self.calls.put_files(&live.id, &files(container, self.order.vault)?).await?;
        }
        match live.status {
            Status::Running { .. } | Status::Restarting => Ok(()),
            _ => match self.calls.start(&live.id).await {
                Err(fault) => Err(self.port_told(fault).await),
                Ok(()) => Ok(()),
            },
        }
    }

    async fn new_container(&self, wanted: &Wanted<'_>) -> Result<NewContainer, Fault> {
        let vault = self.order.vault;
        let container = filled(wanted.container, wanted.command, vault).map_err(|why| unfilled(&why))?;
        let mut networks = Vec::new();
        for (node, attachment) in &container.networks {
            let mut aliases = attachment.aliases.clone();
            aliases.insert(self.order.address().name().to_owned());
            let (id, ipv4_address) = (self.network_id(node).await?, attachment.ipv4_address.clone());
            networks.push(Joined { node: node.clone(), id, aliases, ipv4_address });
        }
        let mut volumes = Labels::new();
        for mount in container.volumes.values() {
            if let MountSource::Volume(node) = &mount.source {
                volumes.insert(node.clone(), self.volume_name(node).await?);
            }
        }
        let service = match wanted.resource {
            Resource::Service(service) => Some(service.as_ref()),
            _ => None,
        };
        let health = service.and_then(|service| service.healthcheck.as_ref()).map(|health| checked(health, vault));
        Ok(NewContainer {
            name: wanted.name.clone(),
            labels: labels::all(&self.order, &container.labels, wanted.resource, wanted.replica),
            image: names::image_use(self.order.scope, &container.image)?,
            ports: service.map(|service| service.ports.clone()).unwrap_or_default(),
            expose: service.map(|service| service.expose.clone()).unwrap_or_default(),
            health: health.transpose().map_err(|why| unfilled(&why))?,
            networks,
            volumes,
            container,
        })
    }
}

/// The words of a command with every secret filled in.
pub(super) fn words(command: &[Template], vault: &Vault) -> Result<Vec<String>, Fault> {
    command.iter().map(|word| word.fill(vault)).collect::<Result<_, _>>().map_err(|why| unfilled(&why))
}

fn filled(container: &Container, command: Option<&Vec<Template>>, vault: &Vault) -> Result<Container, Unfilled> {
    let list = |words: Option<&Vec<Template>>| {
        words.map(|words| words.iter().map(|word| one(word, vault)).collect::<Result<Vec<_>, _>>()).transpose()
    };
    let mut filled = container.clone();
    filled.command = list(command.or(container.command.as_ref()))?;
    filled.entrypoint = list(container.entrypoint.as_ref())?;
    for value in filled.environment.values_mut() {
        *value = one(value, vault)?;
    }
    Ok(filled)
}

fn checked(health: &Health, vault: &Vault) -> Result<Health, Unfilled> {
    let mut filled = health.clone();
    if let Probe::Command(words) = &mut filled.probe {
        for word in words {
            *word = one(word, vault)?;
        }
    }
    Ok(filled)
}

fn one(template: &Template, vault: &Vault) -> Result<Template, Unfilled> {
    template.fill(vault).map(Template::plain)
}

fn files(container: &Container, vault: &Vault) -> Result<Vec<NewFile>, Fault> {
    let file = |(path, config): (&String, &crate::resource::ConfigFile)| {
        let content = vault.file(&config.content).map_err(|why| unfilled(&why))?.to_vec();
        Ok(NewFile { path: path.clone(), mode: config.mode, content })
    };
    container.configs.iter().map(file).collect()
}

fn unfilled(why: &Unfilled) -> Fault {
    let help = match why {
        Unfilled::Missing(_) => "set it as it was when the plan was made",
        Unfilled::Changed(_) => "run `omni plan` again, or set it as it was when the plan was made",
        Unfilled::File(_) => "put the file back as it was, or run `omni plan` again",
    };
    Fault::new(FaultKind::Failed, why.to_string()).help(help)
}
