//! The marks of a resource's secrets: which there are, and what they would be with the values of now.

use crate::resource::{Container, Probe, Resource};
use crate::template::{Template, Vault};

impl Resource {
    /// The same resource with its secrets marked by the values the vault holds now. A release is marked with the values
    /// of its time; to make its containers anew, only those of now are at hand.
    pub fn mark_by(&mut self, vault: &Vault) {
        for template in self.templates_mut() {
            *template = template.marked_by(vault);
        }
    }

    /// The names of its secrets that have another value now than when they were marked.
    #[must_use]
    pub fn secrets_other_than(&self, vault: &Vault) -> Vec<String> {
        let mut copy = self.clone();
        let templates = copy.templates_mut().into_iter().map(|template| template.changed_in(vault));
        templates.flatten().collect()
    }

    /// Whether a secret stands anywhere in it.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.clone().templates_mut().into_iter().any(|template| template.is_secret())
    }

    fn templates_mut(&mut self) -> Vec<&mut Template> {
        match self {
            Self::Service(service) => {
                let mut found = container_templates(&mut service.container);
                found.extend(service.rollback.iter_mut().flatten());
                if let Some(Probe::Command(words)) = service.healthcheck.as_mut().map(|health| &mut health.probe) {
                    found.extend(words);
                }
                found
            }
            Self::Job(job) => {
                let mut found = container_templates(&mut job.container);
                found.extend(job.rollback.iter_mut().flatten());
                found
            }
            Self::Database(database) => vec![&mut database.url],
            Self::Image(_)
            | Self::Network(_)
            | Self::Volume(_)
            | Self::Backup(_)
            | Self::Proof(_)
            | Self::Migration(_) => Vec::new(),
        }
    }
}

fn container_templates(container: &mut Container) -> Vec<&mut Template> {
    let commands = [&mut container.command, &mut container.entrypoint];
    let words = commands.into_iter().flat_map(|words| words.iter_mut().flatten());
    words.chain(container.environment.values_mut()).collect()
}
