//! Who uses which database: found in what services and jobs are given, since they need its schema before they start.
//!
//! A URL in a variable says it, or a folder that holds the file, or `depends_on` the service that runs it. The value of
//! a secret says nothing: where a whole URL is one, it is known again by its name.

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use super::databases::sqlite_path;
use super::host::{is_under, normal};
use crate::address::{Address, Kind};
use crate::migration::Dialect;
use crate::resource::{Container, Database, MountSource, Resource};
use crate::spec::syntax::postgres_url::{self, PostgresUrl, with_holes};
use crate::spec::tree;

/// How containers reach a database.
struct Reached {
    name: String,
    /// Its URL, with holes.
    text: String,
    /// Where its URL leads; none for a file, and where the whole URL is a secret.
    url: Option<PostgresUrl>,
    /// Its file, absolute; none for a server.
    file: Option<String>,
    /// The service that runs it.
    service: Option<Address>,
    /// What containers call that service.
    hosts: BTreeSet<String>,
}

/// Somebody who uses a database, and where deploy.toml says so.
struct User {
    who: Address,
    database: String,
    at: Vec<String>,
}

impl Resolver<'_> {
    /// Tells each service and job which databases it uses.
    pub(super) fn uses(&mut self) {
        let databases = self.resources.iter().filter_map(|(address, resource)| Some((address, resource.database()?)));
        let reached: Vec<_> = databases.map(|(address, database)| self.reached(address.name(), database)).collect();
        let containers = self.resources.iter().filter_map(|(address, resource)| Some((address, resource.container()?)));
        let users: Vec<_> = containers
            .flat_map(|(who, container)| reached.iter().filter_map(move |one| one.used_by(who, container)))
            .collect();
        let newest = self.newest_migrations();
        for User { who, database, at } in users {
            let link = self.tree.place(&at);
            for migration in newest.get(&database).into_iter().flatten() {
                self.links.insert((who.clone(), migration.clone()), link.clone());
            }
            if let Some(container) = self.resources.get_mut(&who).and_then(Resource::container_mut) {
                container.databases.insert(database);
            }
        }
    }

    fn reached(&self, name: &str, database: &Database) -> Reached {
        let text = with_holes(&database.url);
        let service = database.service.as_ref().map(Address::service);
        let container = service.as_ref().and_then(|address| self.resources.get(address)?.container());
        let aliases = container.into_iter().flat_map(|container| container.networks.values());
        let aliases = aliases.flat_map(|network| network.aliases.iter().map(|alias| alias.to_ascii_lowercase()));
        let root = self.root.to_string_lossy();
        // Where a secret leads to is known to nobody here.
        let is_file = database.dialect == Dialect::Sqlite && !database.url.is_secret();
        Reached {
            name: name.to_owned(),
            url: postgres_url::all(&text).into_iter().next(),
            file: is_file.then(|| normal(&format!("{root}/{}", sqlite_path(&text)))),
            hosts: database.service.iter().cloned().chain(aliases).collect(),
            text,
            service,
        }
    }

    /// The migration of each database that no other one follows.
    fn newest_migrations(&self) -> BTreeMap<String, BTreeSet<Address>> {
        let mut newest: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        let all = self.resources.iter().filter_map(|(address, resource)| Some((address, resource.migration()?)));
        for (address, migration) in all.clone() {
            newest.entry(migration.database.clone()).or_default().insert(address.clone());
        }
        for (_, migration) in all {
            if let (Some(previous), Some(left)) = (&migration.previous, newest.get_mut(&migration.database)) {
                left.remove(&Address::migration(&migration.database, &previous.name));
            }
        }
        newest
    }
}

impl Reached {
    /// How a container uses the database; none where it does not, or runs it.
    fn used_by(&self, who: &Address, container: &Container) -> Option<User> {
        if self.service.as_ref() == Some(who) {
            return None;
        }
        let section = if who.kind() == Kind::Job { "jobs" } else { "services" };
        let user = |key: &str, name: &str| User {
            who: who.clone(),
            database: self.name.clone(),
            at: tree::path(&[section, who.name(), key, name]),
        };
        let variable = container.environment.iter().find(|(_, value)| self.is_led_to(&with_holes(value)));
        let named = self.service.as_ref().filter(|service| container.depends_on.contains_key(service));
        let holds = |source: &MountSource| match (source, &self.file) {
            (MountSource::Host(folder), Some(file)) => is_under(file, folder),
            _ => false,
        };
        let mounted = container.volumes.values().any(|mount| holds(&mount.source));
        variable
            .map(|(name, _)| user("environment", name))
            .or_else(|| named.map(|service| user("depends_on", service.name())))
            .or_else(|| mounted.then(|| user("volumes", "")))
    }

    /// Whether a text is the database's URL, or holds one that leads to it.
    fn is_led_to(&self, text: &str) -> bool {
        text == self.text || postgres_url::all(text).iter().any(|url| self.is_at(url))
    }

    fn is_at(&self, url: &PostgresUrl) -> bool {
        match &self.url {
            Some(own) => url.database == own.database && (self.hosts.contains(&url.host) || own.is_same_server(url)),
            // Its own URL is a secret: which of the server's databases it is cannot be told.
            None => self.hosts.contains(&url.host),
        }
    }
}
