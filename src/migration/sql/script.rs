//! What only a whole script shows: what it made itself, and what it may therefore do with it.

use std::ops::Range;

use crate::migration::Dialect;
use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Effect, Kind, Loss, Name, Statement, Thing, Transactional, postgres};

/// One statement as it is read alone.
#[derive(Debug)]
pub(super) struct Part {
    /// Where it stands, in bytes.
    pub(super) span: Range<usize>,
    /// What it does; none where it could not be read.
    pub(super) deed: Option<Deed>,
}

/// The statements of a script, each with what it does to what was there before.
pub(super) fn statements(dialect: Dialect, text: &str, parts: Vec<Part>) -> Vec<Statement> {
    let mut made = Made::default();
    let (mut line, mut counted) = (1, 0);
    let mut statements: Vec<Statement> = Vec::with_capacity(parts.len());
    for Part { span, deed } in parts {
        line += text[counted..span.start].matches('\n').count();
        counted = span.start;
        let is_understood = deed.is_some();
        let mut deed = deed.unwrap_or_else(Deed::new);
        made.take(&mut deed);
        statements.push(Statement {
            text: text[span.clone()].to_owned(),
            span,
            line,
            effects: deed.effects,
            locks: deed.locks,
            transactional: deed.transactional,
            concurrent: deed.concurrent,
            is_lenient: deed.is_lenient,
            cascades: deed.cascades,
            is_understood,
        });
    }
    if dialect == Dialect::Postgres {
        part_new_values(&mut statements);
    }
    statements
}

/// What the script has made so far.
#[derive(Default)]
struct Made {
    /// Surely: nothing of them was there before.
    new: Vec<Thing>,
    /// With `IF NOT EXISTS`: it may have been there before.
    perhaps: Vec<Thing>,
    /// Tables whose rows went into a new table: from, to.
    copied: Vec<(Name, Name)>,
}

impl Made {
    fn has(list: &[Thing], thing: &Thing) -> bool {
        let same_owner = |known: &Thing| match (&known.of, &thing.of) {
            (Some(a), Some(b)) => a.may_be(b),
            (None, None) => true,
            // An index is dropped without its table.
            _ => thing.kind == Kind::Index,
        };
        list.iter().any(|known| known.kind == thing.kind && known.name.may_be(&thing.name) && same_owner(known))
    }

    fn is_new_relation(list: &[Thing], name: &Name) -> bool {
        [Kind::Table, Kind::View, Kind::MaterializedView]
            .into_iter()
            .any(|kind| Self::has(list, &Thing::new(kind, name.clone())))
    }

    /// Whether it is new, or belongs to something new.
    fn is_new(&self, thing: &Thing) -> bool {
        Self::has(&self.new, thing) || thing.of.as_ref().is_some_and(|of| Self::is_new_relation(&self.new, of))
    }

    /// Takes out of a deed what concerns nobody but the script, and notes what it makes.
    fn take(&mut self, deed: &mut Deed) {
        self.note_copies(deed);
        deed.locks.retain(|locked| {
            let known = |list| {
                Self::is_new_relation(list, &locked.table)
                    || Self::has(list, &Thing::new(Kind::Index, locked.table.clone()))
            };
            !known(&self.new) && !known(&self.perhaps)
        });
        deed.effects.retain(|effect| match effect {
            Effect::Rewrites(table) | Effect::Scans(table) => {
                !Self::is_new_relation(&self.new, table) && !Self::is_new_relation(&self.perhaps, table)
            }
            Effect::Destroys { what, .. } | Effect::Requires(what) => !self.is_new(what),
            _ => true,
        });
        for effect in &mut deed.effects {
            if let Effect::Destroys { what, how } = effect
                && *how == Loss::Dropped
                && what.kind == Kind::Table
                && self.copied.iter().any(|(from, _)| from.may_be(&what.name))
            {
                *how = Loss::Rebuilt;
            }
        }
        for effect in &deed.effects {
            match effect {
                Effect::Creates(thing) if deed.is_lenient => self.perhaps.push(thing.clone()),
                Effect::Creates(thing) => self.new.push(thing.clone()),
                _ => {}
            }
        }
        self.rename(deed);
        self.forget(deed);
    }

    /// What has another name now, is as new as it was.
    fn rename(&mut self, deed: &Deed) {
        for effect in &deed.effects {
            let Effect::Renames { what, to } = effect else { continue };
            for list in [&mut self.new, &mut self.perhaps] {
                if Self::has(list, what) {
                    let name = Name { schema: what.name.schema.clone(), name: to.clone() };
                    list.push(Thing { name, ..what.clone() });
                }
            }
        }
    }

    /// What is dropped is not there any more: a table of the same name that is met later may be an old one.
    fn forget(&mut self, deed: &Deed) {
        for effect in &deed.effects {
            if let Effect::Drops(thing) = effect {
                let is_other = |known: &Thing| known.kind != thing.kind || !known.name.may_be(&thing.name);
                self.new.retain(is_other);
                self.perhaps.retain(is_other);
            }
        }
    }

    fn note_copies(&mut self, deed: &Deed) {
        let into = deed.effects.iter().find_map(|effect| match effect {
            Effect::Writes { table, .. } if Self::is_new_relation(&self.new, table) => Some(table),
            Effect::Creates(thing) if thing.kind == Kind::Table => Some(&thing.name),
            _ => None,
        });
        let Some(into) = into else { return };
        for effect in &deed.effects {
            if let Effect::Reads(from) = effect {
                self.copied.push((from.clone(), into.clone()));
            }
        }
    }
}

/// A new value of an enum cannot be used in the transaction that adds it, unless that makes the enum too. Where a later
/// statement quotes the value, the one that adds it is a unit of its own.
fn part_new_values(statements: &mut [Statement]) {
    let is_new_type = |statements: &[Statement], at: usize, of: &Name| {
        statements[..at]
            .iter()
            .flat_map(|statement| &statement.effects)
            .any(|effect| matches!(effect, Effect::Creates(thing) if thing.kind == Kind::Type && thing.name.may_be(of)))
    };
    for at in 0..statements.len() {
        let added = statements[at].effects.iter().find_map(|effect| match effect {
            Effect::Creates(Thing { kind: Kind::Value, name, of: Some(of) }) => Some((name.name.clone(), of.clone())),
            _ => None,
        });
        let Some((value, of)) = added else { continue };
        if is_new_type(statements, at, &of) {
            continue;
        }
        let uses = |later: &Statement| {
            let adds = later
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Creates(thing) if thing.kind == Kind::Value));
            let quoted = format!("'{}'", value.replace('\'', "''"));
            !adds
                && postgres::quotes(&later.text)
                    .iter()
                    .any(|quote| quote.contains(&quoted) || quote.contains(&format!("${value}$")))
        };
        if statements[at + 1..].iter().any(uses) {
            statements[at].transactional =
                Transactional::No("a new value of an enum cannot be used in the transaction that adds it");
        }
    }
}
