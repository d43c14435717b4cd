//! Scripts of SQLite: what each statement does, by SQLite's own grammar.
//!
//! SQLite locks the whole file for one writer, so there is no lock on a table to tell of.

mod cut;
mod pragma;
mod rows;

use sqlite3_parser::ast::{self, AlterTableBody, Cmd, ColumnConstraint, CreateTableBody, Stmt};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

use crate::migration::sql::deed::Deed;
use crate::migration::sql::script::Part;
use crate::migration::sql::{Boundary, Effect, Kind, Loss, Name, Thing, Transactional};

/// The statements of a script, in order, each as it is read alone.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let part = |cut: cut::Cut| {
        let statement = &text[cut.span.clone()];
        let deed = match (cut.is_command, cut.is_readable) {
            (true, _) => Some(command(statement)),
            (false, true) => read(statement),
            (false, false) => None,
        };
        Part { span: cut.span, deed }
    };
    cut::cuts(text).into_iter().map(part).collect()
}

fn command(statement: &str) -> Deed {
    let mut deed = Deed::new();
    let word = statement.split_whitespace().next().unwrap_or_default();
    deed.is_refused(
        format!("`{word}` is a command of SQLite's shell, no SQL"),
        "omni sends SQL, not commands of the shell: write what it does as SQL",
    );
    deed
}

fn read(statement: &str) -> Option<Deed> {
    let arena = Bump::new();
    let mut parser = Parser::new(&arena, statement.as_bytes());
    let command = parser.next().ok()??;
    if !matches!(parser.next(), Ok(None)) {
        return None;
    }
    let mut deed = Deed::new();
    // What is only explained does nothing.
    if let Cmd::Stmt(statement) = command {
        does(&mut deed, &statement);
    }
    Some(deed)
}

/// A name of the tree.
fn name(name: &ast::QualifiedName<'_>) -> Name {
    Name { schema: name.db_name.as_ref().map(word), name: word(&name.name) }
}

/// A word of the tree without its quotes, of which SQLite knows four kinds.
fn word(word: &ast::Name<'_>) -> String {
    let text = word.0;
    for (open, close) in [('"', '"'), ('`', '`'), ('[', ']'), ('\'', '\'')] {
        if let Some(inner) = text.strip_prefix(open).and_then(|text| text.strip_suffix(close)) {
            return inner.replace(&format!("{close}{close}"), &close.to_string());
        }
    }
    text.to_owned()
}

fn does(deed: &mut Deed, statement: &Stmt<'_>) {
    match statement {
        Stmt::AlterTable(table, body) => alter_table(deed, &name(table), body),
        Stmt::CreateTable { if_not_exists, tbl_name, body, .. } => {
            deed.is_lenient = *if_not_exists;
            deed.creates(Kind::Table, name(tbl_name));
            if let CreateTableBody::AsSelect(select) = body {
                rows::reads(deed, select);
            }
        }
        Stmt::CreateVirtualTable { if_not_exists, tbl_name, .. } => {
            deed.is_lenient = *if_not_exists;
            deed.creates(Kind::Table, name(tbl_name));
        }
        Stmt::CreateIndex { if_not_exists, idx_name, tbl_name, .. } => {
            deed.is_lenient = *if_not_exists;
            let table = Name { schema: name(idx_name).schema, name: word(tbl_name) };
            deed.note(Effect::Creates(Thing::of(Kind::Index, word(&idx_name.name), &table)));
            deed.note(Effect::Scans(table));
        }
        Stmt::CreateTrigger { if_not_exists, trigger_name, tbl_name, .. } => {
            deed.is_lenient = *if_not_exists;
            deed.note(Effect::Creates(Thing::of(Kind::Trigger, word(&trigger_name.name), &name(tbl_name))));
        }
        Stmt::CreateView { if_not_exists, view_name, select, .. } => {
            deed.is_lenient = *if_not_exists;
            deed.creates(Kind::View, name(view_name));
            rows::reads(deed, select);
        }
        Stmt::DropTable { if_exists, tbl_name } => {
            deed.is_lenient = *if_exists;
            deed.drops(Kind::Table, name(tbl_name));
            deed.destroys(Thing::new(Kind::Table, name(tbl_name)), Loss::Dropped);
        }
        Stmt::DropIndex { if_exists, idx_name } => drops(deed, *if_exists, Kind::Index, name(idx_name)),
        Stmt::DropTrigger { if_exists, trigger_name } => drops(deed, *if_exists, Kind::Trigger, name(trigger_name)),
        Stmt::DropView { if_exists, view_name } => drops(deed, *if_exists, Kind::View, name(view_name)),
        Stmt::Insert { .. } | Stmt::Update { .. } | Stmt::Delete { .. } | Stmt::Select(_) => {
            rows::does(deed, statement);
        }
        _ => session(deed, statement),
    }
}

fn drops(deed: &mut Deed, if_exists: bool, kind: Kind, name: Name) {
    deed.is_lenient = if_exists;
    deed.drops(kind, name);
}

fn session(deed: &mut Deed, statement: &Stmt<'_>) {
    match statement {
        Stmt::Begin(..) => deed.transactional = Transactional::Boundary(Boundary::Begin),
        Stmt::Commit(_) => deed.transactional = Transactional::Boundary(Boundary::Commit),
        Stmt::Rollback { savepoint_name: None, .. } => {
            deed.transactional = Transactional::Boundary(Boundary::Rollback);
        }
        Stmt::Pragma(pragma, body) => pragma::does(deed, &word(&pragma.name), body.as_ref()),
        Stmt::Vacuum(..) => deed.is_alone("`VACUUM` cannot run in a transaction"),
        Stmt::Attach { .. } => {
            deed.transactional = Transactional::Session;
            deed.hides("attaches another database");
        }
        Stmt::Detach(_) => deed.transactional = Transactional::Session,
        _ => {}
    }
}

fn alter_table(deed: &mut Deed, table: &Name, body: &AlterTableBody<'_>) {
    let column = |column: &ast::Name<'_>| Thing::of(Kind::Column, word(column), table);
    match body {
        AlterTableBody::RenameTo(to) => {
            let what = Thing::new(Kind::Table, table.clone());
            deed.note(Effect::Renames { what, to: word(to) });
        }
        AlterTableBody::RenameColumn { old, new } => {
            deed.note(Effect::Renames { what: column(old), to: word(new) });
        }
        AlterTableBody::AddColumn(added) => {
            deed.note(Effect::Creates(column(&added.col_name)));
            let is_checked = added.constraints.iter().any(|constraint| match constraint.constraint {
                ColumnConstraint::Check(_) => true,
                ColumnConstraint::NotNull { nullable, .. } => !nullable,
                _ => false,
            });
            if is_checked {
                deed.note(Effect::Scans(table.clone()));
            }
            let has = |test: fn(&ColumnConstraint<'_>) -> bool| {
                added.constraints.iter().any(|constraint| test(&constraint.constraint))
            };
            let is_required = has(|one| matches!(one, ColumnConstraint::NotNull { nullable: false, .. }));
            let is_filled = has(|one| matches!(one, ColumnConstraint::Default(_) | ColumnConstraint::Generated { .. }));
            if is_required && !is_filled {
                deed.note(Effect::Requires(column(&added.col_name)));
            }
        }
        AlterTableBody::DropColumn(dropped) => {
            deed.note(Effect::Drops(column(dropped)));
            deed.destroys(column(dropped), Loss::Dropped);
            deed.note(Effect::Rewrites(table.clone()));
        }
        AlterTableBody::SetColumnNotNull(altered, _) => {
            deed.note(Effect::Alters(column(altered)));
            deed.note(Effect::Scans(table.clone()));
        }
        AlterTableBody::DropColumnNotNull(altered) => deed.note(Effect::Alters(column(altered))),
        AlterTableBody::AddConstraint(added) => {
            let name = added.name.as_ref().map(word).unwrap_or_default();
            deed.note(Effect::Creates(Thing::of(Kind::Constraint, name, table)));
            deed.note(Effect::Scans(table.clone()));
        }
        AlterTableBody::DropConstraint(dropped) => {
            deed.note(Effect::Drops(Thing::of(Kind::Constraint, word(dropped), table)));
        }
    }
}
