//! Scripts of PostgreSQL: what each statement does, by the grammar of PostgreSQL and the locks that its manual names.

mod alter_table;
mod cut;
mod naming;
mod objects;
mod rows;
mod session;
mod tables;
mod tree;
mod typing;

use squawk_parser::SyntaxKind as K;

use crate::migration::sql::deed::Deed;
use crate::migration::sql::script::Part;
use crate::migration::sql::{Effect, Kind, Lock, Thing};
use tree::{Node, Tree};

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

/// The texts that a statement quotes, and the bodies of functions: what may use a value of an enum.
pub(super) fn quotes(statement: &str) -> Vec<&str> {
    let mut at = 0;
    let tokens = squawk_lexer::tokenize(statement).filter_map(|token| {
        let span = at..at + token.len as usize;
        at = span.end;
        matches!(token.kind, squawk_lexer::TokenKind::Literal { .. }).then(|| statement.get(span)).flatten()
    });
    tokens.collect()
}

fn command(statement: &str) -> Deed {
    let mut deed = Deed::new();
    let word = statement.split_whitespace().next().unwrap_or_default();
    deed.is_refused(
        format!("`{word}` is a command of psql, no SQL"),
        "omni sends SQL, not psql commands: write what it does as SQL",
    );
    deed
}

fn read(statement: &str) -> Option<Deed> {
    let tree = Tree::read(statement)?;
    let mut deed = Deed::new();
    does(&mut deed, tree.statement()?);
    Some(deed)
}

/// What one statement does.
fn does(deed: &mut Deed, statement: Node<'_>) {
    let lenient = |node: &Node<'_>| matches!(node.kind(), K::IF_EXISTS | K::IF_NOT_EXISTS | K::OR_REPLACE);
    deed.is_lenient |=
        statement.children().flat_map(|child| [child].into_iter().chain(child.children())).any(|node| lenient(&node));
    match statement.kind() {
        K::ALTER_TABLE | K::ALTER_FOREIGN_TABLE => alter_table::alter_table(deed, statement),
        K::CREATE_TABLE | K::CREATE_TABLE_AS | K::CREATE_FOREIGN_TABLE | K::SELECT_INTO => {
            tables::create_table(deed, statement);
        }
        K::CREATE_INDEX => tables::create_index(deed, statement),
        K::DROP_INDEX => tables::drop_index(deed, statement),
        K::REINDEX => tables::reindex(deed, statement),
        K::TRUNCATE => tables::truncate(deed, statement),
        K::VACUUM | K::ANALYZE => tables::upkeep(deed, statement),
        K::CLUSTER => tables::cluster(deed, statement),
        K::REFRESH => tables::refresh(deed, statement),
        K::LOCK => tables::lock(deed, statement),
        K::INSERT | K::UPDATE | K::DELETE | K::MERGE => rows::walk(deed, statement),
        K::SELECT | K::VALUES | K::TABLE | K::COMPOUND_SELECT | K::PAREN_SELECT => query(deed, statement),
        K::GRANT | K::REVOKE | K::ALTER_DEFAULT_PRIVILEGES => rights(deed, statement),
        K::COMMENT_ON | K::SECURITY_LABEL => comment(deed, statement),
        K::CREATE_SCHEMA => schema(deed, statement),
        _ => {
            let is_known = session::reads(deed, statement)
                || objects::of_a_table(deed, statement)
                || objects::creates(deed, statement);
            if !is_known {
                rest(deed, statement);
            }
        }
    }
}

fn query(deed: &mut Deed, statement: Node<'_>) {
    rows::walk(deed, statement);
    deed.effects.extend(rows::settings(statement).map(Effect::Sets));
    if rows::calls_unknown(statement) {
        deed.hides("calls a function that a plan cannot see into");
    }
}

fn rights(deed: &mut Deed, statement: Node<'_>) {
    let object = statement.child(K::ON_PRIVILEGE_OBJECTS_CLAUSE);
    let name = object.and_then(|on| on.descendants().find(|node| is_reference(*node))).map(naming::name);
    let thing = Thing::new(Kind::Grant, name.unwrap_or_default());
    deed.note(match statement.kind() {
        K::GRANT => Effect::Creates(thing),
        K::REVOKE => Effect::Drops(thing),
        _ => Effect::Alters(thing),
    });
}

/// Whether a node names something.
fn is_reference(node: Node<'_>) -> bool {
    !node.is_token() && format!("{:?}", node.kind()).ends_with("_REF")
}

fn comment(deed: &mut Deed, statement: Node<'_>) {
    let Some(object) = statement.children().find(|child| !child.is_token()) else { return };
    match object.kind() {
        K::OBJECT_COLUMN => {
            let (table, column) = naming::column(object);
            deed.note(Effect::Alters(Thing::of(Kind::Comment, column, &table)));
            deed.locks(&table, Lock::ShareUpdateExclusive);
        }
        kind => {
            let name = naming::name(object);
            deed.alters(Kind::Comment, name.clone());
            let is_relation = matches!(
                kind,
                K::OBJECT_TABLE | K::OBJECT_VIEW | K::OBJECT_MATERIALIZED_VIEW | K::OBJECT_FOREIGN_TABLE
            );
            if is_relation {
                deed.locks(&name, Lock::ShareUpdateExclusive);
            }
        }
    }
}

fn schema(deed: &mut Deed, statement: Node<'_>) {
    let name = statement.below(K::SCHEMA).map(naming::name).unwrap_or_default();
    deed.creates(Kind::Schema, name);
    let inner =
        |node: &Node<'_>| !matches!(node.kind(), K::NAMED_SCHEMA | K::IF_NOT_EXISTS | K::ROLE_REF) && !node.is_token();
    for statement in statement.children().filter(inner) {
        does(deed, statement);
    }
}

/// Everything that is rare: it is said what kind of act it is, or that it is not known.
fn rest(deed: &mut Deed, statement: Node<'_>) {
    let kind = format!("{:?}", statement.kind());
    let name =
        || statement.children().find(|child| !child.is_token() && child.kind() != K::IF_EXISTS).map(naming::name);
    match kind.split_once('_') {
        Some(("CREATE", _)) => {
            deed.creates(Kind::Other, name().unwrap_or_default());
            if matches!(statement.kind(), K::CREATE_STATISTICS | K::CREATE_PUBLICATION) {
                for table in statement.all(K::TABLE_NAME_REF).chain(statement.all(K::RELATION_NAME_REF)) {
                    deed.locks(&naming::name(table), Lock::ShareUpdateExclusive);
                }
            }
        }
        Some(("ALTER", _)) => {
            if !objects::alters(deed, statement) {
                deed.alters(Kind::Other, name().unwrap_or_default());
            }
        }
        Some(("DROP", _)) => {
            if !objects::drops(deed, statement) {
                deed.drops(Kind::Other, name().unwrap_or_default());
            }
        }
        _ => deed.hides("does what omni does not know"),
    }
}
