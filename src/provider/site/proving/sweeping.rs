//! Sweeping: what a proof that was cut off has left behind is known by its name, and removed.
//!
//! Nothing of it is of use to anybody. When this is due is left to whoever proves.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::address::Scope;
use crate::migration::Dialect;
use crate::provider::backup::moment;
use crate::provider::database::scratch::postgres::PostgresScratch;
use crate::provider::database::{Session, Target};
use crate::provider::engine::Engine;
use crate::provider::site::proving::{Prover, server};
use crate::provider::{Fault, FaultKind};
use crate::resource::Database;

/// How often a server is asked, and the wait between two tries.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);
/// After how many seconds a scratch database that nobody uses was left behind by a crash.
const ABANDONED: i64 = 3600;

impl<E: Engine> Prover<'_, E> {
    /// Removes what an earlier proof of this name has left behind, in this folder and on the engine. `is_late` says
    /// whether some of it may still appear.
    ///
    /// # Errors
    /// When the engine does not answer, or keeps it.
    pub(in crate::provider::site) async fn sweep_beside(
        &self,
        (scope, database): (&Scope, &Database),
        (folder, run): (&Path, &str),
        is_late: bool,
    ) -> Result<(), Fault> {
        if database.dialect == Dialect::Sqlite {
            // What is left in it is of no use to anybody.
            let _ = tokio::fs::remove_dir_all(folder).await;
        }
        match self.host.filter(|_| database.dialect == Dialect::Postgres && database.service.is_some()) {
            Some(host) => host.remove_scratch(&server::name(scope, run), is_late).await,
            None => Ok(()),
        }
    }

    /// The same on the server of the database itself, which is left to later proofs where it does not answer.
    pub(in crate::provider::site) async fn sweep_server(&self, real: &Target, run: &str) {
        for _ in 0..TRIES {
            let swept = async { swept(&mut *self.connect.connect(real).await?, real, run).await };
            match swept.await {
                Err(fault) if fault.kind != FaultKind::Denied => sleep(PAUSE).await,
                _ => return,
            }
        }
    }

    /// Removes the scratch databases that crashed runs left behind on a server.
    pub(super) async fn sweep(&self, server: &Target) {
        // Nothing of a proof depends on it, and the next run does it again.
        if let Ok(mut session) = self.connect.connect(server).await
            && let Ok(now) = moment(&mut *session).await
        {
            let _ = PostgresScratch::sweep(&mut *session, now.as_second(), ABANDONED).await;
        }
    }
}

/// Ends what still makes scratch databases of a name, and removes those that there are. Nobody else may be at work in
/// the database for the same apply.
pub(in crate::provider::site) async fn swept(session: &mut dyn Session, real: &Target, run: &str) -> Result<(), Fault> {
    session.end_others(&real.application).await?;
    PostgresScratch::sweep_runs(session, &[run.to_owned()]).await
}
