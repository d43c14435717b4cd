//! The words of a proof in a plan: `down proven`, `down LOSES index users_email_idx`, `down does nothing`.

use crate::migration::catalogue::SchemaDifference;
use crate::migration::proof::{MigrationProof, Proof, RowChange, Rows, RowsTried, Verdict};

/// What a plan says of a migration that was never tried.
pub const UNPROVEN: &str = "unproven";

impl MigrationProof {
    /// What a plan says of its way back. `has_backup` says whether a backup has the rows that it destroys.
    #[must_use]
    pub fn words(&self, has_backup: bool) -> String {
        let whole = self.whole_words(has_backup);
        let leads_back = self.verdict.is_exact() || matches!(self.verdict, Verdict::ColumnOrder { .. });
        match self.stuck_at() {
            Some(stuck) if leads_back => format!("{whole}; NOT from the middle: {stuck}"),
            None if self.prefixes.is_some() && self.is_proven(has_backup) => format!("{whole}, from the middle too"),
            _ => whole,
        }
    }

    fn whole_words(&self, has_backup: bool) -> String {
        let lost = self.tried.as_ref().map(RowsTried::lost).unwrap_or_default();
        match &self.verdict {
            Verdict::Exact | Verdict::NoSchemaChange if !lost.is_empty() => format!("down {}", rows(lost)),
            Verdict::Exact | Verdict::NoSchemaChange if self.tried.as_ref().is_some_and(RowsTried::came_back) => {
                "down proven, the rows came back".to_owned()
            }
            Verdict::ColumnOrder { .. } | Verdict::Lossy { .. } if !lost.is_empty() => {
                format!("{}, {}", self.verdict.words(), rows(lost))
            }
            Verdict::Exact if self.rows == Rows::Kept => "down proven".to_owned(),
            Verdict::Exact if has_backup => "down proven, the rows are in the backup".to_owned(),
            Verdict::Exact => "down restores the schema, NOT the rows".to_owned(),
            verdict => verdict.words(),
        }
    }
}

impl Verdict {
    /// What a plan says of it, where no rows are lost.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Exact => "down proven".to_owned(),
            Self::ColumnOrder { differences } | Self::Lossy { differences } => listed(differences),
            Self::Empty => "down does nothing".to_owned(),
            Self::Fails { failure } => format!("down fails: {failure}"),
            Self::NoSchemaChange => "unproven: it changes no schema".to_owned(),
            Self::NoDown => "no down".to_owned(),
            Self::UpFails { failure } => format!("up fails: {failure}"),
            Self::NotReached => UNPROVEN.to_owned(),
        }
    }
}

fn rows(lost: &[RowChange]) -> String {
    match lost {
        [first, others @ ..] if !others.is_empty() => {
            format!("does NOT bring back {first}, and {} more", others.len())
        }
        _ => format!("does NOT bring back {}", lost.first().map(RowChange::to_string).unwrap_or_default()),
    }
}

fn listed(differences: &[SchemaDifference]) -> String {
    match differences {
        [] => "down differs".to_owned(),
        [one] => format!("down {}", one.brief),
        [first, others @ ..] => format!("down {}, and {} more", first.brief, others.len()),
    }
}

impl Proof {
    /// What a plan says of the way back of a migration; that it was never tried where the proof does not know it.
    #[must_use]
    pub fn words(&self, migration: &str, has_backup: bool) -> String {
        let Some(one) = self.migrations.iter().find(|one| one.migration == migration) else {
            return UNPROVEN.to_owned();
        };
        let words = one.words(has_backup);
        let groups = self.groups();
        let group = groups.iter().find(|group| group.iter().any(|other| other.migration == migration));
        match group {
            Some(group) if !one.verdict.is_exact() => {
                let others = group.iter().filter(|other| other.migration != migration);
                let others: Vec<_> = others.map(|other| other.migration.as_str()).collect();
                format!("{words} alone; proven together with {}", others.join(", "))
            }
            _ => words,
        }
    }

    /// What is said of taking back the whole batch.
    #[must_use]
    pub fn batch_words(&self) -> String {
        let said = self.batch_schema();
        match self.rows.as_deref() {
            Some([]) => format!("{said}, and all rows are back"),
            Some(lost) => format!("{said}, but it {}", rows(lost)),
            None => said,
        }
    }

    fn batch_schema(&self) -> String {
        match (&self.batch, self.migrations.iter().filter(|one| !one.verdict.is_exact()).count()) {
            (Verdict::Exact, 0) => "proven".to_owned(),
            (Verdict::Exact, 1) => "proven as a whole: one down does not hold alone".to_owned(),
            (Verdict::Exact, alone) => format!("proven as a whole: {alone} downs do not hold alone"),
            (verdict, _) => verdict.words(),
        }
    }
}
