//! `Backed`: one database of the spec that is backed up, and the way to its backups.
//!
//! A container engine is asked only where the URL names a service, whose address nobody else knows, or where a service
//! has the programs that dump and restore.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::address::Scope;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::histories::{connect, failed};
use crate::cli::project::{Engine, Project};
use crate::fingerprint::Key;
use crate::plain::plain;
use crate::provider::backup::tools::host::HostTools;
use crate::provider::backup::{Backups, Keys, Listed, Manifest, Shelf, Tools};
use crate::provider::database::Target;
use crate::provider::engine::Hear;
use crate::provider::site::{self, Known};
use crate::resource::{Backup, Resource};
use crate::spec::{Spec, near};
use crate::template::Vault;

/// How many backups an error lists.
const LISTED: usize = 10;

/// A database of the spec, and how it is backed up.
pub(crate) struct Backed {
    /// The database.
    pub(crate) known: Known,
    /// How it is backed up.
    pub(crate) backup: Backup,
    /// Where its backups lie.
    pub(crate) shelf: Shelf,
}

impl Backed {
    /// The databases that are backed up; only those of these names where some are asked for.
    ///
    /// # Errors
    /// Every problem of the spec; and where there is none of a name, or none at all.
    pub(crate) fn among(project: &Project, wanted: &[String]) -> Result<Vec<Self>, Failure> {
        let (spec, vault) = project.resolve(&Key::unset())?;
        let all = known(&spec, &vault, project)?;
        let (mut found, mut bare) = (Vec::new(), Vec::new());
        for known in all {
            let is_of = |resource: &Resource| match resource {
                Resource::Backup(backup) if backup.database == known.name => Some((**backup).clone()),
                _ => None,
            };
            if let Some(backup) = spec.resources.values().find_map(is_of) {
                let shelf = Shelf::new(&project.root.join(&backup.dir), &known.name);
                found.push(Self { known, backup, shelf });
            } else {
                bare.push(known.name);
            }
        }
        if found.is_empty() {
            let message = format!("`{}` has no database with backups", spec.source().name());
            return Err(Failure::new(Exit::Usage, "omni::backup::none", message)
                .help("add `[databases.NAME]` and `[backups.NAME]`"));
        }
        let names: Vec<_> = found.iter().map(|one| one.known.name.clone()).collect();
        if let Some(stray) = wanted.iter().find(|wanted| !names.contains(wanted)) {
            return Err(no_such_database(stray, bare.contains(stray), &names));
        }
        found.retain(|one| wanted.is_empty() || wanted.contains(&one.known.name));
        Ok(found)
    }

    /// The way to the database.
    ///
    /// # Errors
    /// Where its service does not run, or the engine does not answer.
    pub(crate) async fn reached(&self, project: &Project, doing: &str) -> Result<Reached, Failure> {
        Reached::new(&self.known, project, doing).await
    }

    /// The backups of the database, with what making and restoring them takes.
    pub(crate) fn backups<'a>(&'a self, reached: &'a Reached, tools: &'a dyn Tools, hear: Hear<'a>) -> Backups<'a> {
        let ledger = self.known.database.ledger.as_ref();
        Backups {
            connect: connect(),
            tools,
            target: reached.target.clone(),
            ledger: ledger.map(|ledger| (ledger, self.known.scripts.as_slice())),
            shelf: &self.shelf,
            safety: None,
            keys: &reached.keys,
            op: None,
            progress: hear,
        }
    }
}

/// The databases of the spec, backed up or not.
///
/// # Errors
/// Every problem of the spec; and where a secret of a URL is not at hand.
pub(crate) fn databases(project: &Project) -> Result<Vec<Known>, Failure> {
    let (spec, vault) = project.resolve(&Key::unset())?;
    known(&spec, &vault, project)
}

fn known(spec: &Spec, vault: &Vault, project: &Project) -> Result<Vec<Known>, Failure> {
    Known::among(&spec.resources, &project.root, |url| url.fill(vault))
        .map_err(|unfilled| Failure::new(Exit::Usage, "omni::backup::url", unfilled.to_string()))
}

/// The failure of a command that names a database which is not backed up.
pub(crate) fn no_such_database(stray: &str, is_known: bool, names: &[String]) -> Failure {
    let what = if is_known { "has no backups" } else { "is no database of this deployment" };
    let near = near(stray, names.iter().map(String::as_str)).filter(|_| !is_known);
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if is_known => format!("add `[backups.{}]`", plain(stray)),
        None => format!("there are: {}", names.join(", ")),
    };
    Failure::new(Exit::Usage, "omni::backup::no_such_database", format!("`{}` {what}", plain(stray))).help(help)
}

/// A database that can be spoken to, with the programs and the keys for its backups.
pub(crate) struct Reached {
    /// How it is spoken to.
    pub(crate) target: Target,
    keys: Keys,
    /// The engine that runs its service; none where no service runs it.
    engine: Option<Engine>,
    known: Known,
    scope: Scope,
}

impl Reached {
    /// The way to a database.
    ///
    /// # Errors
    /// Where its service does not run, or the engine does not answer.
    pub(crate) async fn new(known: &Known, project: &Project, doing: &str) -> Result<Self, Failure> {
        let engine = known.database.service.as_ref().map(|_| project.engine()).transpose()?;
        let url = match &engine {
            Some(engine) => engine.led(project.scope(), &known.database, &known.url).await?,
            None => known.url.clone(),
        };
        Ok(Self {
            target: site::target(&known.name, &known.database, url, &format!("omni/{doing}")),
            keys: project.keys()?,
            engine,
            known: known.clone(),
            scope: project.scope().clone(),
        })
    }

    /// The programs that dump and restore it.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(crate) async fn tools(&self) -> Result<Arc<dyn Tools + '_>, Failure> {
        match &self.engine {
            Some(engine) => Ok(engine.tools(&self.scope, &self.known.database, &self.known.url).await?),
            None => Ok(Arc::new(HostTools::default())),
        }
    }
}

/// What lies on the shelves of these databases.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) async fn listed(found: &[Backed]) -> Result<Vec<Listed>, Failure> {
    let mut all = Vec::new();
    for one in found {
        all.push(one.shelf.list().await.map_err(failed)?);
    }
    Ok(all)
}

/// The backup of this name, or of which this is the start, with its database.
///
/// # Errors
/// `Usage` where there is none, or several; what is wrong with it where it is damaged.
pub(crate) async fn called<'b>(found: &'b [Backed], name: &str) -> Result<(&'b Backed, Manifest), Failure> {
    let listed = listed(found).await?;
    let name = named(found, name)?;
    let spoilt = found.iter().zip(&listed).find_map(|(one, listed)| {
        let made = listed.spoilt.iter().find(|made| made.name == name)?;
        Some((one, made.clone()))
    });
    if let Some(spoilt) = spoilt {
        // Whether it is damaged yet shows when it is read.
        return Ok(spoilt);
    }
    let all = || found.iter().zip(&listed).flat_map(|(one, listed)| listed.whole.iter().map(move |made| (one, made)));
    if let Some((one, made)) = all().find(|(_, made)| made.name == name) {
        return Ok((one, made.clone()));
    }
    let damaged = found.iter().zip(&listed).find_map(|(one, listed)| {
        listed.damaged.iter().find(|fault| fault.message.contains(&format!("`{name}`"))).map(|fault| (one, fault))
    });
    if let Some((_, fault)) = damaged {
        return Err(failed(fault.clone()));
    }
    let begun: Vec<_> = all().filter(|(_, made)| !name.is_empty() && made.name.starts_with(name)).collect();
    match begun.as_slice() {
        [(one, made)] => Ok((one, (*made).clone())),
        [] => Err(absent(name, &all().map(|(_, made)| made.name.as_str()).collect::<Vec<_>>())),
        several => {
            let names: Vec<_> = several.iter().rev().take(LISTED).map(|(_, made)| plain(&made.name)).collect();
            let message = format!("`{}` is the start of {} backups", plain(name), several.len());
            Err(Failure::new(Exit::Usage, "omni::backup::ambiguous", message)
                .help(format!("name one of them: {}", names.join(", "))))
        }
    }
}

/// The name of a backup, of what may be its file, its manifest, or a path to one of them in a folder of backups.
fn named<'n>(found: &[Backed], name: &'n str) -> Result<&'n str, Failure> {
    let path = Path::new(name);
    let (Some(folder), Some(file)) = (path.parent(), path.file_name().and_then(OsStr::to_str)) else { return Ok(name) };
    let file = file.split_once('.').map_or(file, |(name, _)| name);
    if folder.as_os_str().is_empty() {
        return Ok(file);
    }
    let real = |folder: &Path| fs::canonicalize(folder).ok();
    let is_own = |one: &Backed| real(folder).is_some() && real(folder) == real(one.shelf.folder());
    if found.iter().any(is_own) {
        return Ok(file);
    }
    let folders: BTreeSet<_> = found.iter().map(|one| format!("`{}`", plain(&one.backup.dir))).collect();
    let folders: Vec<_> = folders.into_iter().collect();
    let message = format!("`{}` does not lie in {}", plain(name), folders.join(" or "));
    Err(Failure::new(Exit::Usage, "omni::backup::no_such_backup", message)
        .help("put the file and its manifest, `NAME.json`, there, then name it again"))
}

fn absent(name: &str, names: &[&str]) -> Failure {
    let near = near(name, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let newest: Vec<_> = names.iter().rev().take(LISTED).copied().collect();
    let help = match (near, newest.is_empty()) {
        (Some(near), _) => near,
        (None, true) => "there is no backup yet: make one with `omni backup create`".to_owned(),
        (None, false) => format!("there are: {}", newest.join(", ")),
    };
    let message = format!("there is no backup `{}`", plain(name));
    Failure::new(Exit::Usage, "omni::backup::no_such_backup", message).help(help)
}
