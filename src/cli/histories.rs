//! `History`: the scripts of one database of the spec, and the way to the database itself.
//!
//! A container engine is asked only where the URL names a service, whose address nobody else knows.

use std::sync::Arc;

use url::Url;

use crate::address::{Address, Kind};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::fingerprint::Key;
use crate::migration::Script;
use crate::migration::ledger::Ledger;
use crate::plain::plain;
use crate::provider::database::{Anywhere, Connect, Session, Target};
use crate::provider::{Fault, FaultKind, site};
use crate::resource::{Backup, Database, Migration, Resource};
use crate::spec::{Spec, near};

/// The scripts of one database of the spec.
pub(crate) struct History {
    /// The database's name.
    pub(crate) name: String,
    /// The database.
    pub(crate) database: Database,
    /// The table that says what was applied.
    pub(crate) ledger: Ledger,
    /// Its migrations, with their texts, in the order of their tool.
    pub(crate) scripts: Vec<Script>,
    /// How it is backed up; none where it is not.
    pub(crate) backup: Option<Backup>,
    /// The folder of the scripts, below that of deploy.toml.
    pub(crate) dir: String,
    url: String,
}

impl History {
    /// The databases that omni migrates; only the one of this name where one is asked for.
    ///
    /// # Errors
    /// Every problem of the spec; and where there is none of that name, or none at all.
    pub(crate) fn among(project: &Project, wanted: Option<&str>) -> Result<Vec<Self>, Failure> {
        let (spec, vault) = project.resolve(&Key::unset())?;
        let mut found = Vec::new();
        for (address, resource) in &spec.resources {
            let Some((database, ledger)) = resource.database().and_then(|one| Some((one, one.ledger.as_ref()?))) else {
                continue;
            };
            let scripts = Migration::ordered(spec.resources.iter(), address.name()).into_iter();
            let scripts = scripts.map(|(at, migration)| site::script(&vault, migration.name_in(at), migration));
            let url = database.url.fill(&vault);
            let url = url.map_err(|unfilled| Failure::new(Exit::Usage, "omni::migrate::url", unfilled.to_string()))?;
            found.push(Self {
                name: address.name().to_owned(),
                scripts: scripts.collect::<Result<_, _>>()?,
                dir: project.outline.migrations.get(address.name()).cloned().unwrap_or_default(),
                url: site::rooted(&url, &project.root),
                ledger: ledger.clone(),
                database: database.clone(),
                backup: match spec.resources.get(&Address::new(Kind::Backup, address.name())) {
                    Some(Resource::Backup(backup)) => Some(backup.as_ref().clone()),
                    _ => None,
                },
            });
        }
        picked(found, wanted, &spec)
    }

    /// The one that is meant.
    ///
    /// # Errors
    /// As `among`; and where there are several and none is named.
    pub(crate) fn one(project: &Project, wanted: Option<&str>) -> Result<Self, Failure> {
        let mut found = Self::among(project, wanted)?;
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(Failure::new(Exit::Usage, "omni::migrate::which", "there are several databases with migrations")
                .help("name one with `--db`")),
        }
    }

    /// How the database is reached.
    ///
    /// # Errors
    /// Where its service does not run, or the engine does not answer.
    pub(crate) async fn target(&self, project: &Project, doing: &str) -> Result<Target, Failure> {
        let host = Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let url = if self.database.service.is_some() && self.database.service == host {
            project.engine()?.led(project.scope(), &self.database, &self.url).await?
        } else {
            self.url.clone()
        };
        Ok(site::target(&self.name, &self.database, url, &format!("omni/{doing}")))
    }

    /// A session on the database.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn session(&self, project: &Project, doing: &str) -> Result<Box<dyn Session>, Failure> {
        let target = self.target(project, doing).await?;
        Anywhere::default().connect(&target).await.map_err(failed)
    }
}

/// What opens sessions.
pub(crate) fn connect() -> Arc<dyn Connect> {
    Arc::new(Anywhere::default())
}

/// Why a database could not do what was asked of it.
pub(crate) fn failed(fault: Fault) -> Failure {
    let (exit, code) = match fault.kind {
        FaultKind::Unreachable | FaultKind::Unknown | FaultKind::NotFound => {
            (Exit::Unusable, "omni::database::unreachable")
        }
        FaultKind::Conflict => (Exit::Refused, "omni::database::busy"),
        FaultKind::Denied | FaultKind::Failed | FaultKind::Exhausted => (Exit::Unusable, "omni::database::failed"),
    };
    let failure = Failure::new(exit, fault.code.unwrap_or(code), plain(&fault.message));
    match fault.help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

fn picked(mut found: Vec<History>, wanted: Option<&str>, spec: &Spec) -> Result<Vec<History>, Failure> {
    let names: Vec<_> = found.iter().map(|one| one.name.clone()).collect();
    let Some(wanted) = wanted else {
        if found.is_empty() {
            let message = format!("`{}` has no database with migrations", spec.source().name());
            return Err(Failure::new(Exit::Usage, "omni::migrate::none", message)
                .help("add `[databases.NAME]` and `[migrations.NAME]`"));
        }
        return Ok(found);
    };
    found.retain(|one| one.name == wanted);
    if found.is_empty() {
        let is_known =
            spec.resources.iter().any(|(at, one)| at.name() == wanted && matches!(one, Resource::Database(_)));
        let what = if is_known { "has no migrations" } else { "is no database of this deployment" };
        let failure =
            Failure::new(Exit::Usage, "omni::migrate::no_such_database", format!("`{}` {what}", plain(wanted)));
        let near = near(wanted, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        return Err(failure.help(near.unwrap_or_else(|| format!("with migrations are: {}", names.join(", ")))));
    }
    Ok(found)
}
