//! Reaching a database: where it is, until it answers, and with the right to change it alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use url::Url;

use crate::address::Scope;
use crate::failpoint::hastened;
use crate::lock::LONGEST_CALL;
use crate::migration::ledger::Ledger;
use crate::plain::plain;
use crate::provider::backup::Tools;
use crate::provider::backup::tools::inside::Inside;
use crate::provider::database::{Session, Target};
use crate::provider::engine::Engine;
use crate::provider::host::Host;
use crate::provider::site::{Site, rooted};
use crate::provider::{Fault, FaultKind, Order};
use crate::resource::Database;

/// The advisory lock of omni itself, of which each database has one.
pub const OWN: i64 = 0x6f6d_6e69_2e64_6221;
/// The wait between two tries.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl<E: Engine> Site<E> {
    /// A session on the database of an order, once it answers: the service that runs it may just have been started.
    pub(super) async fn reached(
        &self,
        order: &Order<'_>,
        name: &str,
        database: &Database,
    ) -> Result<Box<dyn Session>, Fault> {
        self.reached_as(order, name, database, false).await
    }

    /// The same, where the database is only looked at.
    pub(super) async fn reached_to_look(
        &self,
        order: &Order<'_>,
        name: &str,
        database: &Database,
    ) -> Result<Box<dyn Session>, Fault> {
        self.reached_as(order, name, database, true).await
    }

    async fn reached_as(
        &self,
        order: &Order<'_>,
        name: &str,
        database: &Database,
        is_look: bool,
    ) -> Result<Box<dyn Session>, Fault> {
        // Forward, a refusal turns the apply. An undo has nothing to turn to.
        let is_undo = order.turned.is_none();
        let is_failure = |fault: &Fault| matches!(fault.kind, FaultKind::Failed | FaultKind::Exhausted);
        let is_worth_it = |fault: &Fault| fault.kind.is_passing() || is_undo && is_failure(fault);
        let (until, mut pause) = (Instant::now() + database.connect_timeout.duration(), PAUSE);
        loop {
            let url = self.url(order, database).await?;
            let target = Target { is_look, ..target(name, database, url, &format!("omni/{}", order.op)) };
            match self.connect.connect(&target).await {
                Err(fault) if is_worth_it(&fault) && Instant::now() + pause < until => {
                    (order.progress)(format!("waiting for {}: {}", order.address(), fault.message));
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = order.unwanted() => return Err(fault),
                    }
                    pause = (pause * 3 / 2).min(LONGEST_PAUSE);
                }
                answer => return answer,
            }
        }
    }

    /// The URL of a database of an order, with every secret filled in.
    pub(super) async fn url(&self, order: &Order<'_>, database: &Database) -> Result<String, Fault> {
        let url = database
            .url
            .fill(order.vault)
            .map_err(|unfilled| Fault::new(FaultKind::Failed, unfilled.to_string()).help("run `omni plan` again"))?;
        self.led(order.scope, database, &rooted(&url, order.root)).await
    }

    /// The URL under which a database is reached from here: a service is known by its name to containers only.
    ///
    /// # Errors
    /// Where its service does not run, or the engine does not answer.
    pub async fn led(&self, scope: &Scope, database: &Database, url: &str) -> Result<String, Fault> {
        let Some(service) = &database.service else { return Ok(url.to_owned()) };
        let Ok(mut parsed) = Url::parse(url) else { return Ok(url.to_owned()) };
        if parsed.host_str() != Some(service.as_str()) {
            return Ok(url.to_owned());
        }
        let Some(address) = self.host.address_of(scope, service).await? else {
            return Err(Fault::new(FaultKind::Unreachable, format!("service.{} does not run", plain(service))));
        };
        let is_set = parsed.set_host(Some(&address)).is_ok();
        Ok(if is_set { parsed.into() } else { url.to_owned() })
    }

    /// The programs in the container of the service that runs a database at this URL; none where no service does, or
    /// its container has none that reach the server.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn inside(&self, scope: &Scope, database: &Database, url: &str) -> Result<Option<Inside<'_>>, Fault> {
        inside(&self.host, scope, database, url, self.tools.clone()).await
    }

    /// The programs that dump and restore a database at this URL: those of its own container where it has some.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn tools(&self, scope: &Scope, database: &Database, url: &str) -> Result<Arc<dyn Tools + '_>, Fault> {
        Ok(match self.inside(scope, database, url).await? {
            Some(inside) => Arc::new(inside),
            None => self.tools.clone(),
        })
    }
}

/// The programs in the container of the service that runs a database; `other` are used for a server newer than these.
pub(super) async fn inside<'h, E: Engine>(
    host: &'h Host<E>,
    scope: &Scope,
    database: &Database,
    url: &str,
    other: Arc<dyn Tools>,
) -> Result<Option<Inside<'h>>, Fault> {
    let Some(service) = &database.service else { return Ok(None) };
    let Some(live) = host.up(scope, service).await?.into_iter().next() else { return Ok(None) };
    Inside::of(host.engine(), &live, service, url, other).await
}

/// Gets the database to oneself: what an earlier process of the same apply still does there is ended first.
pub(super) async fn alone(session: &mut dyn Session, order: &Order<'_>, ledger: Option<&Ledger>) -> Result<(), Fault> {
    let mut keys = vec![OWN];
    let facts = session.facts();
    keys.extend(ledger.into_iter().flat_map(|ledger| ledger.locks(&facts.database, &facts.schema)));
    let until = Instant::now() + hastened(LONGEST_CALL);
    loop {
        if session.try_lock(&keys).await? {
            return Ok(());
        }
        let ended = session.end_others(&format!("omni/{}", order.op)).await?;
        if ended == 0 && Instant::now() > until {
            let text = format!("somebody else is migrating what {} needs", order.address());
            return Err(Fault::new(FaultKind::Conflict, text).help("wait until it is done, then run it again"));
        }
        sleep(PAUSE).await;
    }
}

/// How a database is spoken to.
#[must_use]
pub fn target(name: &str, database: &Database, url: String, application: &str) -> Target {
    Target {
        url,
        name: name.to_owned(),
        application: application.to_owned(),
        connect_timeout: database.connect_timeout.duration().min(hastened(LONGEST_CALL)),
        lock_timeout: database.lock_timeout.duration(),
        statement_timeout: database.statement_timeout.map(crate::units::Period::duration),
        is_look: false,
    }
}
