//! `Nature`: what a script does to data and schema, in one word.

use serde::{Deserialize, Serialize};

use crate::migration::sql::{Analysis, Effect, Kind, Name, Statement, Thing, Writing};

/// What a script does to data and schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It does nothing: there is no statement in it.
    Nothing,
    /// It only adds: what ran before it runs on after it.
    Adds,
    /// It changes what is there, and destroys nothing.
    Changes,
    /// It takes away what older code asks for by name, and neither rows nor values with it.
    Drops,
    /// It destroys data.
    Destroys,
    /// Nobody can tell from its text.
    Unclear,
}

impl Nature {
    /// The nature of a script. The gravest of its statements decides; what surely destroys outweighs what nobody can
    /// tell. What takes something away, and cannot be read as a whole, is taken for one that destroys.
    #[must_use]
    pub fn of(analysis: &Analysis) -> Self {
        let effects = || analysis.statements.iter().flat_map(|statement| &statement.effects);
        let made = Made::by(effects());
        let hides = analysis.statements.iter().any(Statement::hides);
        let drops = effects().any(|effect| made.drops(effect));
        if analysis.statements.is_empty() {
            Self::Nothing
        } else if analysis.statements.iter().any(|statement| made.destroys(statement)) || drops && hides {
            Self::Destroys
        } else if drops {
            Self::Drops
        } else if hides {
            Self::Unclear
        } else if effects().all(|effect| made.adds(effect)) {
            Self::Adds
        } else {
            Self::Changes
        }
    }
}

/// What a script makes itself, by the names that it gives.
struct Made(Vec<Thing>);

impl Made {
    fn by<'e>(effects: impl Iterator<Item = &'e Effect>) -> Self {
        let named = effects.filter_map(|effect| match effect {
            Effect::Creates(thing) => Some(thing.clone()),
            // An old type that makes room for a new one is dropped by the name that it was given.
            Effect::Renames { what, to } => {
                let name = Name { schema: what.name.schema.clone(), name: to.clone() };
                Some(Thing { name, ..what.clone() })
            }
            _ => None,
        });
        Self(named.collect())
    }

    fn has(&self, thing: &Thing) -> bool {
        self.0.iter().any(|made| made.kind == thing.kind && made.name.may_be(&thing.name))
    }

    fn has_table(&self, name: &Name) -> bool {
        self.has(&Thing::new(Kind::Table, name.clone()))
    }

    /// Whether data is surely lost, or goes with what is dropped without being named.
    fn destroys(&self, statement: &Statement) -> bool {
        statement.effects.iter().any(|effect| match effect {
            Effect::Destroys { how, .. } => how.is_certain(),
            Effect::Drops(thing) => self.drops(effect) && (statement.cascades || has_data(thing.kind)),
            _ => false,
        })
    }

    /// Whether something is gone afterwards that older code uses. What the script drops and makes, in whichever order,
    /// is there afterwards or was not before; the data in it is an effect of its own.
    fn drops(&self, effect: &Effect) -> bool {
        matches!(effect, Effect::Drops(thing) if is_used_by_code(thing.kind) && !self.has(thing))
    }

    /// Whether everything that was there before is as it was.
    fn adds(&self, effect: &Effect) -> bool {
        let is_of_new = |thing: &Thing| thing.of.as_ref().is_some_and(|table| self.has_table(table));
        match effect {
            // What watches over the rows of a table that was there before may refuse what older code writes.
            Effect::Creates(thing) => {
                let watches = matches!(thing.kind, Kind::Constraint | Kind::Trigger | Kind::Policy | Kind::Rule);
                !watches || is_of_new(thing)
            }
            Effect::Alters(thing) => self.has(thing) || is_of_new(thing),
            Effect::Drops(_) | Effect::Renames { .. } | Effect::Destroys { .. } | Effect::Hides(_) => false,
            Effect::Writes { how: Writing::Insert, .. } | Effect::Reads(_) | Effect::Scans(_) | Effect::Sets(_) => true,
            Effect::Requires(column) => is_of_new(column),
            Effect::Writes { table, .. } | Effect::Rewrites(table) => self.has_table(table),
        }
    }
}

/// Whether older code asks for it by name. Tables and columns are not among these: that their data is lost is an effect
/// of its own, which knows an old half of a table that is made anew.
const fn is_used_by_code(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Type
            | Kind::Value
            | Kind::Domain
            | Kind::Function
            | Kind::View
            | Kind::MaterializedView
            | Kind::Sequence
            | Kind::Extension
            | Kind::Schema
            | Kind::Database
    )
}

/// Whether something that older code uses has data of its own: how far a sequence has counted, and the tables that an
/// extension brings along.
const fn has_data(kind: Kind) -> bool {
    matches!(kind, Kind::Sequence | Kind::Extension | Kind::Database)
}

#[cfg(test)]
mod tests {
    use super::Nature;
    use crate::migration::Dialect;
    use crate::migration::sql::Analysis;

    #[test]
    fn the_gravest_statement_of_a_script_decides() {
        let of = |text: &str| Nature::of(&Analysis::of(Dialect::Postgres, text));
        for (text, wanted) in [
            ("", Nature::Nothing),
            ("-- there is no way back\n", Nature::Nothing),
            ("CREATE TABLE a (x int CHECK (x > 0)); CREATE INDEX ON a (x); INSERT INTO a VALUES (1);", Nature::Adds),
            ("ALTER TABLE a ADD COLUMN y int;", Nature::Adds),
            ("CREATE TABLE a (x int); ALTER TABLE a ADD CONSTRAINT c UNIQUE (x);", Nature::Adds),
            ("ALTER TABLE a ADD CONSTRAINT c UNIQUE (x);", Nature::Changes),
            ("ALTER TABLE a ALTER COLUMN x SET NOT NULL;", Nature::Changes),
            ("ALTER TABLE a RENAME COLUMN x TO y;", Nature::Changes),
            ("DROP INDEX i;", Nature::Changes),
            ("DROP VIEW v; CREATE VIEW v AS SELECT 1;", Nature::Changes),
            ("ALTER TYPE r RENAME TO r_old; CREATE TYPE r AS ENUM ('a'); DROP TYPE r_old;", Nature::Changes),
            ("DROP VIEW v;", Nature::Drops),
            ("DROP FUNCTION f(int); DROP TYPE mood; ALTER TABLE a ALTER COLUMN x DROP DEFAULT;", Nature::Drops),
            ("DROP MATERIALIZED VIEW v;", Nature::Drops),
            ("DROP VIEW v; ALTER TABLE a DROP COLUMN x;", Nature::Destroys),
            // What goes with them is known to the database only.
            ("DROP VIEW v CASCADE;", Nature::Destroys),
            ("DROP FUNCTION f CASCADE;", Nature::Destroys),
            ("DROP VIEW v; DO $$ BEGIN PERFORM 1; END $$;", Nature::Destroys),
            // How far it has counted is gone, and so are the tables of an extension.
            ("DROP SEQUENCE s;", Nature::Destroys),
            ("DROP EXTENSION postgis;", Nature::Destroys),
            ("ALTER TABLE a DROP COLUMN x;", Nature::Destroys),
            ("DROP TABLE a; SELECT this is no SQL;", Nature::Destroys),
            ("DELETE FROM a WHERE x = 1;", Nature::Destroys),
            ("DO $$ BEGIN PERFORM 1; END $$;", Nature::Unclear),
            ("CREATE TABLE a (x int); THIS IS NO SQL;", Nature::Unclear),
        ] {
            assert_eq!(of(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_taken_away_is_kept_apart_from_data_also_in_sqlite() {
        let of = |text: &str| Nature::of(&Analysis::of(Dialect::Sqlite, text));
        assert_eq!(of("DROP VIEW v;"), Nature::Drops);
        assert_eq!(of("DROP TABLE v;"), Nature::Destroys);
    }

    #[test]
    fn what_older_releases_recorded_is_read() {
        for (text, nature) in [("\"destroys\"", Nature::Destroys), ("\"changes\"", Nature::Changes)] {
            assert_eq!(serde_json::from_str::<Nature>(text).expect("known"), nature);
        }
    }

    #[test]
    fn a_table_of_sqlite_that_is_made_anew_is_changed() {
        let text = "CREATE TABLE new (x); INSERT INTO new SELECT x FROM a; DROP TABLE a; ALTER TABLE new RENAME TO a;";
        assert_eq!(Nature::of(&Analysis::of(Dialect::Sqlite, text)), Nature::Changes);
    }
}
