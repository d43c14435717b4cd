//! `Told`: one statement of a migration as a plan shows it.

use serde::{Deserialize, Serialize};

use crate::migration::sql::{Analysis, Statement};

/// The longest text that is kept of a statement, in characters: a plan is to be read, the script has the rest.
const LONGEST: usize = 300;

/// One statement of a migration as a plan shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its text on one line; where it is long, its beginning and `...`.
    pub text: String,
    /// What it costs those who use the database: `lock: ACCESS EXCLUSIVE, no rewrite`.
    pub cost: String,
    /// Whether it destroys data, or may do so.
    pub destroys: bool,
}

impl Told {
    /// The statements of a script, in order.
    #[must_use]
    pub fn of(analysis: &Analysis) -> Vec<Self> {
        analysis.statements.iter().map(Self::one).collect()
    }

    fn one(statement: &Statement) -> Self {
        let folded = statement.folded();
        let mut text: String = folded.chars().take(LONGEST).collect();
        if text.len() < folded.len() {
            text.push_str("...");
        }
        Self { text, cost: statement.cost(), destroys: statement.destroys() }
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Told};
    use crate::migration::Dialect;
    use crate::migration::sql::Analysis;

    #[test]
    fn a_statement_is_one_short_line() {
        let text = format!("ALTER TABLE a\n  DROP COLUMN b;\nINSERT INTO a VALUES ('{}');", "é".repeat(LONGEST));
        let told = Told::of(&Analysis::of(Dialect::Postgres, &text));
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].text.as_str(), told[0].destroys), ("ALTER TABLE a DROP COLUMN b", true));
        assert_eq!(told[0].cost, "lock: ACCESS EXCLUSIVE, no rewrite");
        assert_eq!((told[1].text.chars().count(), told[1].destroys), (LONGEST + 3, false));
    }
}
