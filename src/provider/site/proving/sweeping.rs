//! Sweeping: what a proof that was cut off has left behind is known by its name, and removed.
//!
//! Nothing of it is of use to anybody. When this is due is left to whoever proves.

use std::path::Path;

use crate::address::Scope;
use crate::migration::Dialect;
use crate::provider::Fault;
use crate::provider::backup::moment;
use crate::provider::database::Target;
use crate::provider::database::scratch::postgres::PostgresScratch;
use crate::provider::engine::Engine;
use crate::provider::site::proving::{Prover, server};
use crate::resource::Database;

/// After how many seconds a scratch database that nobody uses was left behind by a crash.
const ABANDONED: i64 = 3600;

impl<E: Engine> Prover<'_, E> {
    /// Removes what an earlier proof of this name has left behind, in this folder, on the server at `real`, on the
    /// engine. `is_late` says whether some of it may still appear. What a database server keeps is left to later proofs.
    ///
    /// # Errors
    /// When the engine does not answer, or keeps it.
    pub(in crate::provider::site) async fn sweep_run(
        &self,
        (scope, database): (&Scope, &Database),
        real: Option<&Target>,
        (folder, run): (&Path, &str),
        is_late: bool,
    ) -> Result<(), Fault> {
        if database.dialect == Dialect::Sqlite {
            // What is left in it is of no use to anybody.
            let _ = tokio::fs::remove_dir_all(folder).await;
            return Ok(());
        }
        if let Some(real) = real
            && let Ok(mut session) = self.connect.connect(real).await
        {
            let _ = PostgresScratch::sweep_runs(&mut *session, &[run.to_owned()]).await;
        }
        match self.host.filter(|_| database.service.is_some()) {
            Some(host) => host.remove_scratch(&server::name(scope, run), is_late).await,
            None => Ok(()),
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
