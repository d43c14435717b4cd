//! `PRAGMA` of SQLite: which of them a transaction swallows, refuses or keeps.

use sqlite3_parser::ast::PragmaBody;

use crate::migration::sql::deed::Deed;
use crate::migration::sql::{Effect, Kind, Name, Transactional};

/// What a pragma does. Without a value it only asks.
pub(super) fn does(deed: &mut Deed, name: &str, body: Option<&PragmaBody<'_>>) {
    let name = name.to_ascii_lowercase();
    if body.is_none() {
        if name == "wal_checkpoint" {
            deed.is_alone("`PRAGMA wal_checkpoint` does nothing in a transaction");
        }
        return;
    }
    match name.as_str() {
        // In a transaction the first does nothing, and the others fail or wait for its end.
        "foreign_keys" | "synchronous" | "temp_store" | "locking_mode" | "busy_timeout" => {
            deed.transactional = Transactional::Session;
            deed.note(Effect::Sets(name));
        }
        "journal_mode" => {
            deed.is_alone("`PRAGMA journal_mode` cannot be set in a transaction");
            deed.note(Effect::Sets(name));
        }
        "wal_checkpoint" => deed.is_alone("`PRAGMA wal_checkpoint` does nothing in a transaction"),
        "writable_schema" => {
            deed.note(Effect::Sets(name));
            deed.hides("may write to the schema itself, which a plan cannot see into");
        }
        // These stand in the file, and go with the transaction.
        "user_version" | "application_id" | "auto_vacuum" | "page_size" | "encoding" => {
            deed.alters(Kind::Setting, Name::bare(name));
        }
        name if ASKS.contains(&name) => {}
        _ => deed.note(Effect::Sets(name)),
    }
}

/// Pragmas that ask for what they are given as a value.
const ASKS: [&str; 11] = [
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "optimize",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];
