//! What a proof is worth to a plan: the `Worth` of each migration, and where a proof of it holds.

use crate::fingerprint::Fingerprint;
use crate::migration::Worth;
use crate::migration::proof::{MigrationProof, Proof, RowChange, Rows, RowsTried, Verdict};

/// How many differences a plan names.
const NAMED: usize = 3;

impl MigrationProof {
    /// What its way back is worth. What nothing but a backup brings back, or nothing at all, is no worse in the middle.
    #[must_use]
    pub fn worth(&self) -> Worth {
        match (self.whole_worth(), self.stuck_at()) {
            (Worth::Proven | Worth::ColumnOrder | Worth::Unproven, Some(stuck)) => {
                Worth::NotFromMiddle(stuck.to_string())
            }
            (worth, _) => worth,
        }
    }

    /// What it is worth once all of it is applied.
    fn whole_worth(&self) -> Worth {
        let lost = || self.tried.iter().flat_map(RowsTried::lost).map(RowChange::to_string);
        let came_back = self.tried.as_ref().is_some_and(RowsTried::came_back);
        match (&self.verdict, self.rows) {
            (Verdict::Exact | Verdict::ColumnOrder { .. } | Verdict::NoSchemaChange, _) if lost().next().is_some() => {
                Worth::RowsLost(named(lost().collect()))
            }
            (Verdict::Exact | Verdict::NoSchemaChange, _) if came_back => Worth::Proven,
            (Verdict::ColumnOrder { .. }, _) if came_back => Worth::ColumnOrder,
            (Verdict::Exact, Rows::Kept) => Worth::Proven,
            (Verdict::ColumnOrder { .. }, Rows::Kept) => Worth::ColumnOrder,
            (Verdict::Exact | Verdict::ColumnOrder { .. }, Rows::Destroyed) => Worth::SchemaOnly,
            (Verdict::Lossy { differences }, _) => {
                let lost = lost().map(|rows| format!("does NOT bring back {rows}"));
                Worth::Loses(named(differences.iter().map(|one| one.brief.clone()).chain(lost).collect()))
            }
            (Verdict::Empty, _) => Worth::Nothing,
            (Verdict::Fails { failure }, _) => Worth::Fails(failure.to_string()),
            (Verdict::UpFails { failure }, _) => Worth::UpFails(failure.to_string()),
            (Verdict::NoDown, _) => Worth::Absent,
            (Verdict::NoSchemaChange | Verdict::NotReached, _) => Worth::Unproven,
        }
    }
}

/// The first of these, and how many more there are.
fn named(mut all: Vec<String>) -> Vec<String> {
    if let Some(more) = all.len().checked_sub(NAMED).filter(|more| *more > 0) {
        all.truncate(NAMED);
        all.push(format!("and {more} more"));
    }
    all
}

impl Proof {
    /// What came of a script on this very schema; none where it was not run on that.
    #[must_use]
    pub fn of(&self, script: &Fingerprint, before: Fingerprint) -> Option<&MigrationProof> {
        self.runs().find(|(on, one)| *on == Some(before) && one.digest == *script).map(|(_, one)| one)
    }

    /// Each migration with the schema that it was run on; none where that is not known.
    pub fn runs(&self) -> impl Iterator<Item = (Option<Fingerprint>, &MigrationProof)> {
        let before = std::iter::once(Some(self.ground.base)).chain(self.migrations.iter().map(|one| one.after));
        before.zip(&self.migrations)
    }
}
