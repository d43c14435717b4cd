//! What a script changes beyond its own database: a scratch database does not keep that from the server it is on.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::migration::{Dialect, Piece, Script};

/// Roles, databases, tablespaces and settings of the server. A word of it in a text is enough: nobody knows what a
/// block of code puts together.
static SHARED: LazyLock<Regex> = LazyLock::new(|| {
    let patterns = [
        r"\b(create|alter|drop)\s+(role|group|database|tablespace)\b",
        r"\b(create|drop)\s+user\s+(if\b|\w+\b)",
        r"\balter\s+user\s+\w+",
        r"\balter\s+system\b",
        r"\bon\s+(database|tablespace)\s+\w+",
        r"\bcomment\s+on\s+role\b",
        r"\b(reassign|drop)\s+owned\b",
        r"\bpg_(reload_conf|terminate_backend|cancel_backend|promote|create_\w*_?replication_slot)\b",
        r"\b(dblink|dblink_exec)\s*\(",
        r"\b(create|alter|drop)\s+subscription\b",
        r"\bcopy\b[^;]*\bprogram\b",
    ];
    Regex::new(&format!("(?i){}", patterns.join("|"))).expect("the patterns are valid")
});

/// A membership in a role; what is granted on a thing is of this database.
static MEMBERSHIP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(grant|revoke)\s+(admin\s+option\s+for\s+)?\w+(\s*,\s*\w+)*\s+(to|from)\b")
        .expect("the pattern is valid")
});

/// Another file.
static ATTACHED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(attach\s+(database\s+)?['\x22:]|vacuum\s+into\b)").expect("the pattern is valid")
});

/// The first words of a script that reach beyond its own database, and where they stand: the file and its line.
pub(super) fn beyond(dialect: Dialect, script: &Script) -> Option<(String, usize, String)> {
    let pieces = [Some(&script.up), script.down.as_ref(), script.verify.as_ref()];
    pieces.into_iter().flatten().find_map(|piece| in_piece(dialect, piece))
}

fn in_piece(dialect: Dialect, piece: &Piece) -> Option<(String, usize, String)> {
    // A whole line of comment does nothing.
    let is_code = |line: &&str| !line.trim_start().starts_with("--");
    let code: Vec<_> = piece.text.split('\n').map(|line| if is_code(&line) { line } else { "" }).collect();
    let code = code.join("\n");
    let of_user = |words: &str| words.to_lowercase().split_whitespace().nth(2) == Some("mapping");
    let found = match dialect {
        Dialect::Sqlite => ATTACHED.find(&code)?,
        Dialect::Postgres => {
            let shared = SHARED.find_iter(&code).find(|found| !of_user(found.as_str()));
            shared.or_else(|| MEMBERSHIP.find(&code))?
        }
    };
    let line = piece.line + code[..found.start()].matches('\n').count();
    let words: Vec<_> = found.as_str().split_whitespace().collect();
    Some((piece.path.clone(), line, words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::in_piece;
    use crate::migration::{Dialect, Piece};

    fn words(text: &str) -> Option<String> {
        let piece = Piece { path: "1/up.sql".to_owned(), line: 1, text: text.to_owned(), is_bare: false };
        in_piece(Dialect::Postgres, &piece).map(|(_, line, words)| format!("{line}: {words}"))
    }

    #[test]
    fn what_the_whole_server_shares_is_seen() {
        for (text, found) in [
            ("SELECT 1;\ncreate  role app", "2: create role"),
            ("DO $$ BEGIN EXECUTE 'DROP USER x'; END $$", "1: DROP USER x"),
            ("ALTER DATABASE shop SET work_mem = '1MB'", "1: ALTER DATABASE"),
            ("GRANT CONNECT ON DATABASE shop TO app", "1: ON DATABASE shop"),
            ("GRANT readers TO app", "1: GRANT readers TO"),
            ("ALTER SYSTEM SET work_mem = '1MB'", "1: ALTER SYSTEM"),
        ] {
            assert_eq!(words(text).as_deref(), Some(found));
        }
    }

    #[test]
    fn what_is_of_the_database_alone_is_not() {
        for text in [
            "GRANT SELECT ON users TO app",
            "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA app TO app",
            "CREATE TABLE roles (role text, user_id int)",
            "CREATE USER MAPPING FOR app SERVER other",
            "ALTER TABLE users ADD COLUMN database text",
            "DROP TABLE user_roles",
            "  -- create database objects\nCREATE INDEX i ON role (id)",
        ] {
            assert_eq!(words(text), None, "{text}");
        }
    }
}
