//! `Told`: one statement of a migration as a plan shows it.

use serde::{Deserialize, Serialize};

use crate::migration::sql::{Analysis, Effect, Kind, Loss, Statement, Thing};

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
    /// What is lost when it runs, or may be: ``column `posts.slug`: its values are lost``.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
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
        let loses = statement.effects.iter().filter_map(|effect| match effect {
            Effect::Destroys { what, how } => Some(loss(what, *how)),
            _ => None,
        });
        Self { text, cost: statement.cost(), destroys: statement.destroys(), loses: loses.collect() }
    }
}

/// What is lost of a thing, in a few words.
fn loss(what: &Thing, how: Loss) -> String {
    let of_rows = |rows: &'static str, values: &'static str| if what.kind == Kind::Column { values } else { rows };
    let lost = match how {
        Loss::Dropped if matches!(what.kind, Kind::Table | Kind::Column) => {
            of_rows("its rows are lost", "its values are lost")
        }
        Loss::Dropped => "all that is in it is lost",
        Loss::Truncated => "all its rows are lost",
        Loss::Deleted => "rows of it are lost",
        Loss::Overwritten => of_rows("values of it are overwritten", "its values are overwritten"),
        Loss::Converted => "values may be lost that its new type cannot hold",
        Loss::Rebuilt => "it is made anew, and what is not copied is lost",
    };
    format!("{what}: {lost}")
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

    #[test]
    fn what_a_statement_loses_is_named() {
        let lost = |text: &str| {
            let told = Told::of(&Analysis::of(Dialect::Postgres, text));
            told.into_iter().flat_map(|one| one.loses).collect::<Vec<_>>().join(", ")
        };
        for (text, wanted) in [
            ("ALTER TABLE posts DROP COLUMN slug", "column `posts.slug`: its values are lost"),
            ("DROP TABLE posts", "table `posts`: its rows are lost"),
            ("TRUNCATE posts", "table `posts`: all its rows are lost"),
            ("DELETE FROM posts WHERE id = 1", "table `posts`: rows of it are lost"),
            ("UPDATE posts SET slug = ''", "column `posts.slug`: its values are overwritten"),
            ("CREATE TABLE a (x int); DROP TABLE a", ""),
            ("ALTER TABLE posts ADD COLUMN slug text", ""),
        ] {
            assert_eq!(lost(text), wanted, "{text}");
        }
    }
}
