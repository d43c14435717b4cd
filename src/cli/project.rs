//! `Project`: the deploy.toml that a command is about, and the way to its engine and its store.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;
use std::sync::Arc;

use crate::address::Scope;
use crate::cli::args::Global;
use crate::cli::disk::{self, Disk, FromHere};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::histories;
use crate::cli::identity;
use crate::cli::proofs;
use crate::cli::store_place::StorePlace;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::failpoint::hastened;
use crate::fingerprint::Key;
use crate::graph::Graph;
use crate::lock::{Holder, LONGEST_CALL};
use crate::migration::proof::Proof;
use crate::provider::backup::Keys;
use crate::provider::database::Anywhere;
use crate::provider::docker::{Docker, Target};
use crate::provider::folder;
use crate::provider::host::Host;
use crate::provider::site::{Evidence, Known, Site, Workshop};
use crate::spec::{self, Label, Outline, Problem, Problems, Request, Severity, Spec};
use crate::store::{Machine, Store};
use crate::template::Vault;

/// A spec larger than this is refused before it is read.
const LARGEST_SPEC: u64 = 512 << 10;

/// The engine a project is deployed on.
pub(crate) type Engine = Site<Docker>;

/// The deploy.toml that a command is about.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder of deploy.toml, absolute.
    pub(crate) root: PathBuf,
    /// The spec's name, as messages show it.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// What it says of itself.
    pub(crate) outline: Outline,
    variables: BTreeMap<String, String>,
    global: Global,
}

impl Project {
    /// Reads the spec that the command line names.
    ///
    /// # Errors
    /// When there is none, it is too large, or it cannot be parsed.
    pub(crate) fn open(global: &Global) -> Result<Self, Failure> {
        let path = path(global);
        let text = read(&path)?;
        let name = global.file.display().to_string();
        let variables = variables(global)?;
        let outline = spec::outline(&text, &name, global.env.as_deref(), &variables)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let root = folder.canonicalize().map_err(|error| unreadable(&path, &error))?;
        Ok(Self { root, name, text, outline, variables, global: global.clone() })
    }

    /// The deployment.
    #[must_use]
    pub(crate) const fn scope(&self) -> &Scope {
        &self.outline.scope
    }

    /// The spec with every name and variable resolved, and the values it only names.
    ///
    /// # Errors
    /// Every problem of the spec.
    pub(crate) fn resolve(&self, key: &Key) -> Result<(Spec, Vault), Failure> {
        let files = Disk::new(&self.root);
        let request = Request {
            text: &self.text,
            file_name: &self.name,
            root: &self.root,
            environment: self.global.env.as_deref(),
            variables: &self.variables,
            key,
            profiles: &self.global.profile,
            files: &files,
        };
        let (spec, vault) = Spec::resolve(&request)?;
        // A circle is found by the graph, which knows nothing of places in a text; the spec shows it in its own.
        match Graph::build(&spec.resources) {
            Ok(_) => Ok((spec, vault)),
            Err(ring) => Err(spec.cycle(ring.links()).into()),
        }
    }

    /// The engine and the databases, not yet asked anything. A spec that cannot be resolved leads to no database.
    ///
    /// # Errors
    /// When the engine's address cannot be understood, or nothing is there.
    pub(crate) fn engine(&self) -> Result<Engine, Failure> {
        let host = self.global.engine.clone().or_else(|| self.outline.engine_host.clone());
        let docker = Docker::connect(&target(host), hastened(LONGEST_CALL))?;
        let host = Host::new(docker, Arc::new(FromHere), disk::context, identity::is_alive);
        let site = Site::new(host, Arc::new(Anywhere::default()), self.databases()).with_keys(age_keys()?);
        Ok(site.with_workshop(self.workshop()))
    }

    /// The keys that open encrypted backups: those of the file that `OMNI_AGE_KEYS` names.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    #[expect(clippy::unused_self, reason = "who has a project need not know that the keys are not the project's")]
    pub(crate) fn keys(&self) -> Result<Keys, Failure> {
        age_keys()
    }

    /// Where migrations are proven, and what keeps the proofs.
    fn workshop(&self) -> Workshop {
        let root = self.root.clone();
        let evidence: Evidence = Arc::new(move |proof, scripts| {
            let key = Proof::key(scripts, &proof.ground);
            proofs::keep(&root, &key, proof).map_err(|failure| failure.words())
        });
        Workshop { holder: prover(), folder: std::env::temp_dir(), evidence }
    }

    fn databases(&self) -> Vec<Known> {
        if !self.outline.databases {
            return Vec::new();
        }
        let Ok((spec, vault)) = self.resolve(&Key::unset()) else { return Vec::new() };
        Known::among(&spec.resources, &self.root, |url| url.fill(&vault)).unwrap_or_default()
    }

    /// Where the store is: what the command line says, else the spec.
    ///
    /// # Errors
    /// When the address is none that this version knows.
    pub(crate) fn store_place(&self) -> Result<StorePlace, Failure> {
        let url = self.global.store.as_ref().or(self.outline.store.as_ref());
        StorePlace::new(url.map(String::as_str), &self.root, self.scope())
    }

    /// The store's name for people, without a password; none where it is a file.
    ///
    /// # Errors
    /// When the address is none that this version knows.
    pub(crate) fn store_name(&self) -> Result<Option<String>, Failure> {
        self.store_place()?.name(self.scope())
    }

    /// The store, where there is one.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) async fn store(&self) -> Result<Option<Box<dyn Store>>, Failure> {
        self.store_place()?.open(self.scope(), machine()).await
    }

    /// The store; it is made where there is none.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) async fn made_store(&self) -> Result<Box<dyn Store>, Failure> {
        self.store_place()?.make(self.scope(), machine()).await
    }
}

/// This process as a holder of the lock.
#[must_use]
pub(crate) fn holder(doing: &str, store: &dyn Store) -> Holder {
    identity::myself(who(), doing, store.lineage())
}

/// This process as one that proves migrations: it has no store.
#[must_use]
pub(crate) fn prover() -> Holder {
    identity::myself(who(), "prove", "")
}

/// Who applies, for the record: `ci@runner-3`.
#[must_use]
pub(crate) fn by(holder: &Holder) -> String {
    format!("{}@{}", holder.who, holder.host)
}

/// Where the spec is.
#[must_use]
pub(crate) fn path(global: &Global) -> PathBuf {
    match &global.directory {
        Some(directory) => directory.join(&global.file),
        None => global.file.clone(),
    }
}

/// The text of the spec.
///
/// # Errors
/// When there is none, or it is too large.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let bytes = folder::read(path, LARGEST_SPEC).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => {
            let (most, size) = (LARGEST_SPEC >> 10, std::fs::metadata(path).map_or(0, |about| about.len() >> 10));
            // A pipe does not say how much is in it.
            let has = if size > most { format!("{size} KiB") } else { "more".to_owned() };
            let message = format!("`{}` has {has}; a spec has at most {most} KiB", path.display());
            Failure::new(Exit::Usage, "omni::spec::too_large", message).help("check that this is the file you mean")
        }
        _ => unreadable(path, &error),
    })?;
    String::from_utf8(bytes).map_err(|error| not_utf8(path, &error).into())
}

fn not_utf8(path: &Path, error: &FromUtf8Error) -> Problems {
    // Up to there the text that can be shown is the one that was read.
    let at = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes());
    let name = path.display().to_string();
    let problem = Problem {
        code: "omni::spec::not_utf8",
        severity: Severity::Error,
        message: format!("`{name}` is no UTF-8 text"),
        help: Some("save the file as UTF-8".to_owned()),
        path: String::new(),
        labels: vec![Label { span: at..at + char::REPLACEMENT_CHARACTER.len_utf8(), text: format!("byte {at}") }],
    };
    Problems::of(&name, &text, vec![problem])
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let failure =
        Failure::new(Exit::Usage, "omni::spec::unreadable", format!("cannot read `{}`: {error}", path.display()));
    failure.help(match error.kind() {
        ErrorKind::NotFound => "write one with `omni init`, or name it with `-f`",
        ErrorKind::IsADirectory => "it is a folder: name the file with `-f`, or move the folder away",
        _ => "give this account the right to read it, or name another with `-f`",
    })
}

fn machine() -> Machine {
    Machine::new(|| SystemClock.now(), identity::is_alive)
}

/// The keys that open encrypted backups: those of the file that `OMNI_AGE_KEYS` names.
///
/// # Errors
/// When the file cannot be read, or holds something else.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(crate) fn age_keys() -> Result<Keys, Failure> {
    match std::env::var("OMNI_AGE_KEYS") {
        Ok(path) if !path.is_empty() => {
            Keys::read(&disk::text(Path::new(&path), disk::LARGEST)?).map_err(histories::failed)
        }
        _ => Ok(Keys::default()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn target(host: Option<String>) -> Target {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let config = set("DOCKER_CONFIG").map(PathBuf::from);
    let home = set("HOME").or_else(|| set("USERPROFILE")).map(|home| PathBuf::from(home).join(".docker"));
    Target { host: host.or_else(|| set("DOCKER_HOST")), docker_config_dir: config.or(home) }
}

/// The variables of `--env-file` and of the process environment, which wins.
fn variables(global: &Global) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    for file in &global.env_file {
        let text = disk::text(file, disk::LARGEST)?;
        let read = spec::env_file(&text).map_err(|error| {
            Failure::new(Exit::Usage, "omni::cli::env_file", format!("`{}`: {error}", file.display()))
                .help("write one `NAME=value` in each line")
        })?;
        found.extend(read);
    }
    let process = std::env::vars_os();
    found.extend(process.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))));
    Ok(found)
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn who() -> Option<String> {
    ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "SUDO_USER", "USER", "USERNAME", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .or_else(identity::account)
}
