//! `Nature`: what a script does to data and schema, in one word.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::migration::sql::{Analysis, Effect, Kind, Name, Statement, Thing, Writing};

/// What a script does to data and schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// It only adds: what ran before it runs on after it.
    Adds,
    /// It changes what is there, and destroys nothing.
    Changes,
    /// It destroys data, or what older code uses.
    Destroys,
    /// Nobody can tell from its text.
    Unclear,
}

impl Nature {
    /// The nature of a script. The gravest of its statements decides; what surely destroys outweighs what nobody can
    /// tell.
    #[must_use]
    pub fn of(analysis: &Analysis) -> Self {
        let effects = || analysis.statements.iter().flat_map(|statement| &statement.effects);
        let created: BTreeSet<&Thing> = effects()
            .filter_map(|effect| match effect {
                Effect::Creates(thing) => Some(thing),
                _ => None,
            })
            .collect();
        if effects().any(|effect| destroys(effect, &created)) {
            Self::Destroys
        } else if analysis.statements.iter().any(Statement::hides) {
            Self::Unclear
        } else if effects().all(|effect| adds(effect, &created)) {
            Self::Adds
        } else {
            Self::Changes
        }
    }
}

/// Whether data is surely lost, or something is gone afterwards that older code uses. What a script drops and makes
/// itself, in whichever order, is there afterwards or was not before; the data in it is an effect of its own.
fn destroys(effect: &Effect, created: &BTreeSet<&Thing>) -> bool {
    match effect {
        Effect::Destroys { how, .. } => how.is_certain(),
        Effect::Drops(thing) => is_used_by_code(thing.kind) && !created.contains(thing),
        _ => false,
    }
}

const fn is_used_by_code(kind: Kind) -> bool {
    match kind {
        Kind::Type
        | Kind::Value
        | Kind::Domain
        | Kind::Function
        | Kind::View
        | Kind::MaterializedView
        | Kind::Sequence
        | Kind::Extension
        | Kind::Schema
        | Kind::Database => true,
        // A table may be the old half of one that is made anew: whether its data is lost is an effect of its own.
        Kind::Table
        | Kind::Column
        | Kind::Index
        | Kind::Constraint
        | Kind::Trigger
        | Kind::Policy
        | Kind::Rule
        | Kind::Grant
        | Kind::Role
        | Kind::Comment
        | Kind::Setting
        | Kind::Other => false,
    }
}

/// Whether everything that was there before is as it was.
fn adds(effect: &Effect, created: &BTreeSet<&Thing>) -> bool {
    let is_new = |table: &Name| created.contains(&Thing::new(Kind::Table, table.clone()));
    match effect {
        // What watches over the rows of a table that was there before may refuse what older code writes.
        Effect::Creates(thing) => match (thing.kind, &thing.of) {
            (Kind::Constraint | Kind::Trigger | Kind::Policy | Kind::Rule, of) => of.as_ref().is_some_and(is_new),
            _ => true,
        },
        Effect::Drops(thing) | Effect::Alters(thing) | Effect::Renames { what: thing, .. } => {
            created.contains(thing) || thing.of.as_ref().is_some_and(is_new)
        }
        Effect::Writes { how: Writing::Insert, .. } | Effect::Reads(_) | Effect::Scans(_) | Effect::Sets(_) => true,
        Effect::Writes { table, .. } | Effect::Rewrites(table) => is_new(table),
        Effect::Destroys { .. } | Effect::Hides(_) => false,
    }
}
