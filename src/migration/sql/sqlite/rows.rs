//! Statements of SQLite that read and change rows.

use sqlite3_parser::ast::{
    FromClause, InsertBody, OneSelect, ResolveType, Select, SelectTable, Set, Stmt, Upsert, UpsertDo, With,
};

use super::{name, word};
use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Effect, Kind, Loss, Name, Thing, Writing};

/// What `INSERT`, `UPDATE`, `DELETE` and `SELECT` do.
pub(super) fn does(deed: &mut Deed, statement: &Stmt<'_>) {
    match statement {
        Stmt::Insert { with, or_conflict, tbl_name, body, .. } => {
            let table = name(tbl_name);
            deed.writes(&table, Writing::Insert);
            if matches!(or_conflict, Some(ResolveType::Replace)) {
                deed.destroys(Thing::new(Kind::Table, table.clone()), Loss::Overwritten);
            }
            if let InsertBody::Select(select, upsert) = body {
                reads(deed, select);
                upserts(deed, &table, *upsert);
            }
            queries(deed, with.as_ref());
        }
        Stmt::Update { with, tbl_name, sets, from, .. } => {
            overwrites(deed, &name(tbl_name), sets);
            if let Some(from) = from {
                sources(deed, from);
            }
            queries(deed, with.as_ref());
        }
        Stmt::Delete { with, tbl_name, .. } => {
            let table = name(tbl_name);
            deed.writes(&table, Writing::Delete);
            deed.destroys(Thing::new(Kind::Table, table), Loss::Deleted);
            queries(deed, with.as_ref());
        }
        Stmt::Select(select) => reads(deed, select),
        _ => {}
    }
}

fn overwrites(deed: &mut Deed, table: &Name, sets: &[Set<'_>]) {
    deed.writes(table, Writing::Update);
    for column in sets.iter().flat_map(|set| set.col_names.iter()) {
        deed.destroys(Thing::of(Kind::Column, word(column), table), Loss::Overwritten);
    }
}

fn upserts(deed: &mut Deed, table: &Name, upsert: Option<&Upsert<'_>>) {
    let mut next = upsert;
    while let Some(upsert) = next {
        if let UpsertDo::Set { sets, .. } = upsert.do_clause {
            overwrites(deed, table, sets);
        }
        next = upsert.next;
    }
}

fn queries(deed: &mut Deed, with: Option<&With<'_>>) {
    with.iter().flat_map(|with| with.ctes).for_each(|query| reads(deed, query.select));
}

/// The tables that a query names; those inside of expressions are left out.
pub(super) fn reads(deed: &mut Deed, select: &Select<'_>) {
    queries(deed, select.with.as_ref());
    let more = select.body.compounds.iter().flat_map(|list| list.iter()).map(|compound| &compound.select);
    for one in [&select.body.select].into_iter().chain(more) {
        if let OneSelect::Select { from: Some(from), .. } = one {
            sources(deed, from);
        }
    }
    let own: Vec<_> =
        select.with.iter().flat_map(|with| with.ctes).map(|query| Name::bare(word(&query.tbl_name))).collect();
    deed.effects.retain(|effect| !matches!(effect, Effect::Reads(table) if own.contains(table)));
}

fn sources(deed: &mut Deed, from: &FromClause<'_>) {
    let joined = from.joins.iter().flat_map(|joins| joins.iter()).map(|joined| &joined.table);
    for table in from.select.into_iter().chain(joined) {
        match table {
            SelectTable::Table(table, ..) => deed.note(Effect::Reads(name(table))),
            SelectTable::Select(select, _) => reads(deed, select),
            SelectTable::Sub(from, _) => sources(deed, from),
            SelectTable::TableCall(..) => {}
        }
    }
}
