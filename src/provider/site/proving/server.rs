//! `Throwaway`: a server that is made for one proof, in a container of the image that the real one runs in.
//!
//! It has the roles of the real one, and an owner whose password nobody knows; migrations are run on it by the account
//! that runs them on the real one, with just its rights.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::address::Scope;
use crate::migration::Dialect;
use crate::plain::plain;
use crate::provider::database::scratch::roles;
use crate::provider::database::{Session, Target};
use crate::provider::engine::Engine;
use crate::provider::host::{Host, Model};
use crate::provider::site::proving::folder::Folder;
use crate::provider::site::proving::{Prover, Proving, Stage};
use crate::provider::{Fault, FaultKind};

/// How long a new server may take until it answers a query.
const READY: Duration = Duration::from_mins(3);
/// How long one try to reach it may take, and the wait between two.
const TRY: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);
/// What to do where it cannot be had.
const OTHER: &str = "name a server that is there for nothing else: `omni migrate prove --scratch URL`";

/// A server that is made for one proof.
pub(in crate::provider::site) struct Throwaway {
    /// The container.
    pub(super) name: String,
    /// The image as people know it.
    pub(super) image: String,
    /// The way to it with all rights.
    pub(super) owner: Target,
    /// The way to it with the rights of the account of the real one.
    pub(super) user: Target,
    /// What belongs to the database itself, as statements.
    pub(super) rights: Vec<String>,
}

/// The name of the container.
pub(super) fn name(scope: &Scope, run: &str) -> String {
    format!("omni-scratch-{}-{run}", scope.prefix())
}

/// 32 random hexadecimal digits.
pub(super) fn random() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Fault::new(FaultKind::Failed, format!("the system gives no random numbers: {error}")))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

impl<E: Engine> Prover<'_, E> {
    /// Where the copy is made, with what the reader should know of that.
    pub(super) async fn stage(
        &self,
        proving: &Proving<'_>,
        real: &mut dyn Session,
        name: &str,
    ) -> Result<(Stage, Vec<String>), Fault> {
        let own = || Stage::Server(proving.real.clone());
        if proving.database.dialect == Dialect::Sqlite {
            return Ok((Stage::Folder(Folder::make(&proving.folder)?), Vec::new()));
        }
        if let Some(url) = proving.scratch {
            return Ok((Stage::Server(Target { url: url.to_owned(), ..proving.real.clone() }), Vec::new()));
        }
        let (Some(service), Some(host)) = (&proving.database.service, self.host) else {
            return Ok((own(), Vec::new()));
        };
        host.sweep_scratch(proving.scope).await?;
        let Some(model) = host.model(proving.scope, service).await? else {
            let why = format!("service.{service} has no container: the copy was made on the server itself");
            return Ok((own(), vec![why]));
        };
        let made = self.throwaway(proving, real, (host, name, &model)).await.map_err(|fault| unmade(fault, &model))?;
        Ok((Stage::Throwaway(Box::new(made)), Vec::new()))
    }

    /// Starts a server, and gives it the roles of the real one.
    async fn throwaway(
        &self,
        proving: &Proving<'_>,
        real: &mut dyn Session,
        (host, name, model): (&Host<E>, &str, &Model),
    ) -> Result<Throwaway, Fault> {
        (proving.hear)(format!("starting a container of {}", model.reference));
        let (first, password, key) = (roles::first(real).await?, random()?, random()?);
        let account = roles::account(real).await?;
        let own = [("POSTGRES_USER", first.as_str()), ("POSTGRES_PASSWORD", &password), ("POSTGRES_DB", "postgres")];
        let settings = roles::settings(real).await?;
        host.start_scratch(proving.scope, name, model, &own, &settings, proving.holder).await?;
        let way = |address: &str, user: &str, password: &str| {
            let user: String = url::form_urlencoded::byte_serialize(user.as_bytes()).collect();
            let url =
                format!("postgres://{}:{password}@{address}:5432/postgres?sslmode=disable", user.replace('+', "%20"));
            Target { url, connect_timeout: TRY, ..proving.real.clone() }
        };
        let (address, mut session) = self.until_ready(host, name, |address| way(address, &first, &password)).await?;
        (proving.hear)("copying the roles".to_owned());
        for statement in ["ALTER SYSTEM SET fsync = off", "SELECT pg_catalog.pg_reload_conf()"] {
            session.run(statement).await?;
        }
        for statement in roles::roles(real).await? {
            session.run(&statement).await?;
        }
        let owner = way(&address, &first, &password);
        let mut user = owner.clone();
        if account != first {
            let quoted = account.replace('"', "\"\"");
            session.run(&format!("ALTER ROLE \"{quoted}\" WITH LOGIN PASSWORD '{key}'")).await?;
            user = way(&address, &account, &key);
        }
        let rights = roles::rights(real).await?;
        let timeout = proving.real.connect_timeout;
        let patient = |target: Target| Target { connect_timeout: timeout, ..target };
        let (name, image) = (name.to_owned(), model.reference.clone());
        Ok(Throwaway { name, image, owner: patient(owner), user: patient(user), rights })
    }

    /// Waits until a server answers a query. It is asked at the address of the container: while the image prepares it,
    /// it listens nowhere but inside.
    async fn until_ready(
        &self,
        host: &Host<E>,
        name: &str,
        way: impl Fn(&str) -> Target,
    ) -> Result<(String, Box<dyn Session>), Fault> {
        let until = Instant::now() + READY;
        let mut last = Fault::new(FaultKind::Unreachable, "its container has no address");
        while Instant::now() < until {
            if let Some(address) = host.scratch_address(name).await? {
                let answered = async {
                    let mut session = self.connect.connect(&way(&address)).await?;
                    session.value("SELECT 1").await?;
                    Ok(session)
                };
                match answered.await {
                    Ok(session) => return Ok((address, session)),
                    Err(fault) => last = fault,
                }
            }
            sleep(PAUSE).await;
        }
        let text = format!("it did not answer a query within {} s: {}", READY.as_secs(), last.message);
        Err(Fault::new(FaultKind::Failed, text))
    }
}

fn unmade(fault: Fault, model: &Model) -> Fault {
    let text = format!("no scratch server in a container of `{}`: {}", plain(&model.reference), fault.message);
    Fault::new(FaultKind::Failed, text).help(OTHER).log(fault.log)
}
