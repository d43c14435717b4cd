//! `Script`: the migrations of the shop, and what each of them makes, so that one can tell how much of it is there.

/// A migration with both its ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
    /// Questions, each of which is answered with true where a part of it is there.
    pub(crate) parts: &'static [&'static str],
}

impl Script {
    pub(crate) fn version(&self) -> i64 {
        self.name.split('_').next().and_then(|digits| digits.parse().ok()).expect("a number")
    }
}

/// What is there from the start.
pub(crate) const NOTES: Script = Script {
    name: "0001_notes",
    up: "CREATE TABLE notes (id bigserial PRIMARY KEY, text text NOT NULL, legacy text);",
    down: "DROP TABLE notes;",
    parts: &["to_regclass('notes') IS NOT NULL"],
};

/// Several statements in one transaction.
pub(crate) const TAGS: Script = Script {
    name: "0002_tags",
    up: "CREATE TABLE tags (id int PRIMARY KEY, name text NOT NULL);\n\
         INSERT INTO tags SELECT g, 'tag ' || g FROM generate_series(1, 20) AS g;\n\
         ALTER TABLE notes ADD COLUMN rank int NOT NULL DEFAULT 0;\n\
         CREATE VIEW ranked AS SELECT id, rank FROM notes;",
    down: "DROP VIEW ranked;\nALTER TABLE notes DROP COLUMN rank;\nDROP TABLE tags;",
    parts: &["to_regclass('tags') IS NOT NULL", "to_regclass('ranked') IS NOT NULL", RANK],
};
const RANK: &str =
    "EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'rank' AND NOT attisdropped)";

/// What runs in no transaction, mixed with what could.
pub(crate) const INDEXES: Script = Script {
    name: "0003_indexes",
    up: "-- no-transaction\n\
         CREATE INDEX CONCURRENTLY notes_text ON notes (text);\n\
         CREATE TABLE hues (id int PRIMARY KEY);\n\
         INSERT INTO hues VALUES (1), (2);\n\
         CREATE INDEX CONCURRENTLY notes_rank ON notes (id, text);",
    down: "-- no-transaction\n\
           DROP INDEX CONCURRENTLY notes_rank;\n\
           DROP TABLE hues;\n\
           DROP INDEX CONCURRENTLY notes_text;",
    parts: &["to_regclass('hues') IS NOT NULL", VALID_TEXT, VALID_RANK],
};
const VALID_TEXT: &str = "EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('notes_text') AND indisvalid)";
const VALID_RANK: &str = "EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('notes_rank') AND indisvalid)";

/// What loses something.
pub(crate) const LEGACY: Script = Script {
    name: "0004_legacy",
    up: "CREATE TABLE archive (id int PRIMARY KEY);\nALTER TABLE notes DROP COLUMN legacy;",
    down: "ALTER TABLE notes ADD COLUMN legacy text;\nDROP TABLE archive;",
    parts: &["to_regclass('archive') IS NOT NULL", NO_LEGACY],
};
const NO_LEGACY: &str = "to_regclass('notes') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute \
     WHERE attrelid = to_regclass('notes') AND attname = 'legacy' AND NOT attisdropped)";

/// What fails after something was done.
pub(crate) const FAILS: Script = Script {
    name: "0005_fails",
    up: "CREATE TABLE never (id int);\nSELECT 1 / (SELECT count(*) FROM never);",
    down: "DROP TABLE never;",
    parts: &["to_regclass('never') IS NOT NULL"],
};

/// What cannot be taken back: its way down fails.
pub(crate) const STUCK: Script = Script {
    name: "0002_stuck",
    up: "CREATE INDEX notes_legacy ON notes (legacy);",
    down: "DROP INDEX notes_legacy;\nSELECT 1 / (count(*) - count(*)) FROM notes;",
    parts: &["to_regclass('notes_legacy') IS NOT NULL"],
};

/// What runs in no transaction, and whose way down loses nothing.
pub(crate) const LIGHT: Script = Script {
    name: "0003_light",
    up: "-- no-transaction\nCREATE INDEX CONCURRENTLY notes_text ON notes (text);\n\
         CREATE INDEX notes_old ON notes (id, legacy);\nCREATE INDEX CONCURRENTLY notes_rank ON notes (id, text);",
    down: "-- no-transaction\nDROP INDEX CONCURRENTLY notes_rank;\nDROP INDEX notes_old;\n\
           DROP INDEX CONCURRENTLY notes_text;",
    parts: &["to_regclass('notes_old') IS NOT NULL", VALID_TEXT, VALID_RANK],
};

/// The same in one transaction.
pub(crate) const PLAIN: Script = Script {
    name: "0004_plain",
    up: "ALTER TABLE notes ALTER COLUMN text SET DEFAULT '';\nCREATE INDEX notes_all ON notes (id, text, legacy);",
    down: "DROP INDEX notes_all;\nALTER TABLE notes ALTER COLUMN text DROP DEFAULT;",
    parts: &["to_regclass('notes_all') IS NOT NULL"],
};
