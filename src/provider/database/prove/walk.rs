//! The way back of a whole batch, in earnest: what an apply that failed at its end would do.

use crate::migration::catalogue::Catalogue;
use crate::migration::proof::{Contents, RowChange, Verdict};
use crate::provider::Fault;
use crate::provider::database::prove::attempt::judged;
use crate::provider::database::prove::sending::{Went, apply};
use crate::provider::database::prove::{Phase, Run};

impl Run<'_> {
    /// Takes all migrations back, newest first, and says what is left of it. A migration without a way back is passed
    /// over: it may be that those around it do its work.
    pub(super) async fn back(
        &mut self,
        base: &Catalogue,
        top: &Catalogue,
        had: Option<&Contents>,
    ) -> Result<(Verdict, Option<Vec<RowChange>>), Fault> {
        // While every step so far led back exactly, an exact one does so again; there is no need to look.
        let (mut is_on_track, mut has_all_downs) = (true, true);
        for at in (0..self.scripts.len()).rev() {
            let script = &self.scripts[at];
            self.tell(script, Phase::Back, 3 * self.scripts.len() - at - 1);
            let changes = self.schemas[at] != self.schemas[at + 1];
            if let Some(down) = &script.down {
                let mut session = self.desk.take(self.scratch).await?;
                if let Went::Refused(failure) = apply(session.as_mut(), self.dialect, down).await? {
                    return Ok((Verdict::Fails { failure }, None));
                }
                if !(is_on_track && self.made[at].verdict.is_exact()) {
                    is_on_track = self.options.read(session.as_mut()).await?.fingerprint() == self.schemas[at];
                }
                self.desk.give_back(session).await?;
            } else if changes {
                has_all_downs = false;
                is_on_track = false;
            }
            self.made[at].is_back = Some(is_on_track);
        }
        let mut session = self.desk.take(self.scratch).await?;
        let left = self.options.read(session.as_mut()).await?;
        let rows = self.options.contents(session.as_mut()).await?;
        let rows = had.zip(rows.as_ref()).map(|(had, now)| had.changes(now));
        match judged(base, top, Some(&left)) {
            verdict if verdict.is_exact() || has_all_downs => Ok((verdict, rows)),
            _ => Ok((Verdict::NoDown, rows)),
        }
    }
}
