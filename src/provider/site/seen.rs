//! What the databases of a deployment tell when they are looked at. Nothing is waited for and nothing is changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::address::Scope;
use crate::migration::Script;
use crate::migration::ledger::Ledger;
use crate::observed::{SeenDatabase, Unasked};
use crate::provider::database::{Session, Target};
use crate::provider::engine::Engine;
use crate::provider::site::reach::target;
use crate::provider::site::{Known, Site};
use crate::provider::{Fault, FaultKind};

/// How often a database is looked at before it counts as one that cannot be asked, and the wait in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

impl<E: Engine> Site<E> {
    pub(super) async fn seen(&self, scope: &Scope) -> BTreeMap<String, Result<SeenDatabase, Unasked>> {
        let looks = self.known.iter().map(async |known| {
            let mut seen = self.look(scope, known).await;
            for _ in 1..TRIES {
                match &seen {
                    Err(fault) if fault.kind.is_passing() => sleep(PAUSE).await,
                    Err(Fault { kind: FaultKind::Failed | FaultKind::Exhausted, .. }) => sleep(PAUSE).await,
                    _ => break,
                }
                seen = self.look(scope, known).await;
            }
            (known.name.clone(), seen.map_err(|fault| Unasked { why: fault.message, help: fault.help }))
        });
        join_all(looks).await.into_iter().collect()
    }

    async fn look(&self, scope: &Scope, known: &Known) -> Result<SeenDatabase, Fault> {
        let url = self.led(scope, &known.database, &known.url).await?;
        let target = Target { is_look: true, ..target(&known.name, &known.database, url, "omni/look") };
        let mut session = self.connect.connect(&target).await?;
        told(&mut *session, known.database.ledger.as_ref(), &known.scripts).await
    }
}

/// What a database tells, with its ledger read as these scripts say.
///
/// # Errors
/// When it does not answer any more.
pub async fn told(
    session: &mut dyn Session,
    ledger: Option<&Ledger>,
    scripts: &[Script],
) -> Result<SeenDatabase, Fault> {
    let facts = session.facts().clone();
    let (mut entries, mut through, mut without) = (None, None, Vec::new());
    if let Some(ledger) = ledger {
        let rows = session.ledger(ledger).await?;
        through = rows.as_ref().and_then(|rows| ledger.through(rows));
        entries = rows.map(|rows| ledger.entries(&rows, scripts));
        without = ledger.tables(&facts.schema);
    }
    let catalogue = session.catalogue(&without).await?;
    Ok(SeenDatabase {
        version: facts.version,
        major: facts.major,
        ledger: entries,
        through,
        marks: session.marks().await?,
        schema: catalogue.fingerprint(),
        is_empty: !catalogue.has_tables(),
        catalogue: Arc::new(catalogue),
    })
}
