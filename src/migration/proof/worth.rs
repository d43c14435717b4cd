//! What a proof is worth to a plan: the `Worth` of each migration, and where a proof of it holds.

use crate::fingerprint::Fingerprint;
use crate::migration::Worth;
use crate::migration::proof::{MigrationProof, Proof, Rows, Verdict};

/// How many differences a plan names.
const NAMED: usize = 3;

impl MigrationProof {
    /// What its way back is worth.
    #[must_use]
    pub fn worth(&self) -> Worth {
        match (&self.verdict, self.rows) {
            (Verdict::Exact, Rows::Kept) => Worth::Proven,
            (Verdict::ColumnOrder { .. }, Rows::Kept) => Worth::ColumnOrder,
            (Verdict::Exact | Verdict::ColumnOrder { .. }, Rows::Destroyed) => Worth::SchemaOnly,
            (Verdict::Lossy { differences }, _) => {
                let mut named: Vec<_> = differences.iter().take(NAMED).map(|one| one.brief.clone()).collect();
                if let Some(more) = differences.len().checked_sub(NAMED).filter(|more| *more > 0) {
                    named.push(format!("and {more} more"));
                }
                Worth::Loses(named)
            }
            (Verdict::Empty, _) => Worth::Nothing,
            (Verdict::Fails { failure }, _) => Worth::Fails(failure.to_string()),
            (Verdict::UpFails { failure }, _) => Worth::UpFails(failure.to_string()),
            (Verdict::NoDown, _) => Worth::Absent,
            (Verdict::NoSchemaChange | Verdict::NotReached, _) => Worth::Unproven,
        }
    }
}

impl Proof {
    /// Each migration with the schema that it was run on; none where that is not known.
    pub fn runs(&self) -> impl Iterator<Item = (Option<Fingerprint>, &MigrationProof)> {
        let before = std::iter::once(Some(self.ground.base)).chain(self.migrations.iter().map(|one| one.after));
        before.zip(&self.migrations)
    }
}
