//! Pairs on files of `SQLite`.

use crate::bench::Bench;
use crate::pairs::{Pair, pair, wrong};

const BASE: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL DEFAULT 'none', name TEXT, age INT CHECK (age > 0));
    CREATE UNIQUE INDEX users_email ON users (email);
    CREATE INDEX users_name ON users (name);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES users (id) ON DELETE CASCADE, title TEXT);
    CREATE TRIGGER touch AFTER UPDATE ON posts BEGIN SELECT 1; END;
    CREATE VIEW authors AS SELECT id, name FROM users;
    CREATE TABLE ledger (version TEXT)";

/// A table made anew, as it has to be for what `ALTER TABLE` cannot do.
const REBUILT: &str = "
    CREATE TABLE posts_new (id INTEGER PRIMARY KEY, author INT REFERENCES users (id) ON DELETE CASCADE, title TEXT);
    INSERT INTO posts_new SELECT id, author, title FROM posts;
    DROP TABLE posts;
    ALTER TABLE posts_new RENAME TO posts;
    CREATE TRIGGER touch AFTER UPDATE ON posts BEGIN SELECT 1; END;";

const PAIRS: &[Pair] = &[
    pair("table", "CREATE TABLE tags (id INTEGER PRIMARY KEY)", "DROP TABLE tags", "exact"),
    pair("last column", "ALTER TABLE posts ADD COLUMN slug TEXT", "ALTER TABLE posts DROP COLUMN slug", "exact"),
    pair("index", "CREATE INDEX posts_title ON posts (title)", "DROP INDEX posts_title", "exact"),
    pair("rename", "ALTER TABLE posts RENAME title TO head", "ALTER TABLE posts RENAME head TO title", "exact"),
    pair("table made anew", "ALTER TABLE posts ADD COLUMN body TEXT", REBUILT, "exact"),
    pair(
        "trigger with statements of its own",
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; SELECT 2; END;\nCREATE TABLE a (id INT);",
        "DROP TABLE a;\nDROP TRIGGER t;",
        "exact",
    ),
    pair(
        "lost trigger of a table made anew",
        "ALTER TABLE posts ADD COLUMN body TEXT",
        "CREATE TABLE n (id INTEGER PRIMARY KEY, author INT REFERENCES users (id) ON DELETE CASCADE, title TEXT);
         INSERT INTO n SELECT id, author, title FROM posts; DROP TABLE posts; ALTER TABLE n RENAME TO posts;",
        "lossy: trigger touch of posts is missing | redo works",
    ),
    pair(
        "column that was not the last",
        "DROP INDEX users_email; ALTER TABLE users DROP COLUMN email",
        "ALTER TABLE users ADD COLUMN email TEXT NOT NULL DEFAULT 'none';
         CREATE UNIQUE INDEX users_email ON users (email)",
        "column_order: column order of users | rows lost | redo works",
    ),
    pair(
        "lost index, default and not null",
        "DROP INDEX users_email; ALTER TABLE users DROP COLUMN email",
        "ALTER TABLE users ADD COLUMN email TEXT",
        "lossy: index users_email is missing; column users.email: default 'none' is lost; \
         column users.email: not null is lost; column order of users | rows lost | redo fails: \
         no such index: users_email (1)",
    ),
    pair(
        "lost check",
        "ALTER TABLE users DROP COLUMN age",
        "ALTER TABLE users ADD COLUMN age INT",
        "lossy: column users.age: definition int check ( age > 0 ) → int | rows lost | redo works",
    ),
    pair(
        "lost action of a foreign key",
        "DROP TRIGGER touch; ALTER TABLE posts DROP COLUMN author; ALTER TABLE posts ADD COLUMN author INT",
        "ALTER TABLE posts DROP COLUMN author; ALTER TABLE posts ADD COLUMN author INT REFERENCES users (id);
         CREATE TRIGGER touch AFTER UPDATE ON posts BEGIN SELECT 1; END",
        "lossy: column posts.author: definition int references users ( id ) on delete cascade → int references users ( id ); \
         constraint posts: foreign key (author) references users (id) on update NO ACTION on delete CASCADE match NONE → \
         on update NO ACTION on delete NO ACTION match NONE; column order of posts | rows lost | redo works",
    ),
    pair("lost view", "DROP VIEW authors", "SELECT 1", "empty | redo fails: no such view: authors (1)"),
    pair(
        "table left behind",
        "CREATE TABLE a (id INT); CREATE TABLE b (id INT)",
        "DROP TABLE a",
        "lossy: table b is left behind | redo fails: table b already exists (1)",
    ),
    Pair { name: "no down", before: "", up: "CREATE TABLE a (id INT)", down: None, said: "no_down" },
    pair("down of comments", "CREATE TABLE a (id INT)", "-- nothing; yet", "empty"),
    pair("rows only", "INSERT INTO users (email) VALUES ('a')", "DELETE FROM users", "no_schema_change"),
    pair("deleted rows", "DELETE FROM users", "SELECT 1", "no_schema_change | rows lost"),
    pair(
        "dropped table comes back empty",
        "DROP VIEW authors; DROP TABLE posts",
        "CREATE VIEW authors AS SELECT id, name FROM users;
         CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES users (id) ON DELETE CASCADE, title TEXT);
         CREATE TRIGGER touch AFTER UPDATE ON posts BEGIN SELECT 1; END;",
        "exact | rows lost",
    ),
    pair(
        "down fails",
        "CREATE TABLE a (id INT)",
        "DROP TABLE a;\nDROP TABLE a;",
        "fails on line 2: no such table: a (1)",
    ),
    pair(
        "the column is indexed",
        "ALTER TABLE posts ADD COLUMN x INT;\nCREATE INDEX posts_x ON posts (x);",
        "ALTER TABLE posts DROP COLUMN x",
        "fails on line 1: error in index posts_x after drop column: no such column: x (1)",
    ),
    pair(
        "up fails",
        "CREATE TABLE users (id INT)",
        "DROP TABLE users",
        "up_fails on line 1: table users already exists (1)",
    ),
    pair(
        "outside of a transaction",
        "-- bare\nPRAGMA foreign_keys = off;\nCREATE TABLE a (id INT);\nPRAGMA foreign_keys = on;",
        "-- bare\nPRAGMA foreign_keys = off;\nDROP TABLE a;\nPRAGMA foreign_keys = on;",
        "exact",
    ),
];

#[tokio::test]
async fn every_pair_on_a_file_has_its_verdict() {
    assert!(PAIRS.len() >= 12, "{}", PAIRS.len());
    let bench = Bench::folder();
    let wrong = wrong(&bench, BASE, PAIRS).await;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), PAIRS.len(), wrong.join("\n"));
}
