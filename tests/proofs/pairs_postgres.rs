//! Pairs on a server of `PostgreSQL`: each cause of loss that was seen in real histories, and each way to fail.

use crate::bench::Bench;
use crate::pairs::{Pair, pair, wrong};

const BASE: &str = "
    DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN CREATE ROLE app; END IF; END $$;
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE users (
        id serial PRIMARY KEY, email text NOT NULL DEFAULT 'none', name varchar(40), age integer, mood mood,
        CONSTRAINT users_age CHECK (age > 0));
    CREATE UNIQUE INDEX users_email_idx ON users (email);
    COMMENT ON COLUMN users.name IS 'as they write it';
    GRANT SELECT ON users TO app;
    CREATE TABLE posts (id bigint PRIMARY KEY, author integer REFERENCES users ON DELETE CASCADE, title text, body text);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE VIEW authors AS SELECT id, name FROM users;
    CREATE TABLE ledger (version text)";

const PAIRS: &[Pair] = &[
    // Exact.
    pair("table", "CREATE TABLE tags (id serial PRIMARY KEY, name text)", "DROP TABLE tags", "exact"),
    pair("last column", "ALTER TABLE posts ADD COLUMN slug text", "ALTER TABLE posts DROP COLUMN slug", "exact"),
    pair("index", "CREATE INDEX posts_title ON posts (title)", "DROP INDEX posts_title", "exact"),
    pair("rename", "ALTER TABLE posts RENAME title TO head", "ALTER TABLE posts RENAME head TO title", "exact"),
    pair("enum", "CREATE TYPE colour AS ENUM ('red')", "DROP TYPE colour", "exact"),
    pair(
        "several statements with comments",
        "-- one;\nCREATE TABLE a (id int);\n/* two; */ CREATE INDEX a_id ON a (id);\nCOMMENT ON TABLE a IS 'it''s; a';",
        "DROP INDEX a_id;\n-- and\nDROP TABLE a;",
        "exact",
    ),
    pair("default", "ALTER TABLE users ALTER age SET DEFAULT 1", "ALTER TABLE users ALTER age DROP DEFAULT", "exact"),
    pair(
        "function replaced and put back",
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "exact",
    ),
    pair("extension", "CREATE EXTENSION pg_trgm", "DROP EXTENSION pg_trgm", "exact"),
    pair(
        "concurrent index",
        "CREATE INDEX CONCURRENTLY posts_title ON posts (title)",
        "DROP INDEX CONCURRENTLY posts_title",
        "exact",
    ),
    pair(
        "concurrent index beside others",
        "ALTER TABLE posts ADD COLUMN slug text;\nCREATE INDEX CONCURRENTLY posts_slug ON posts (slug);",
        "DROP INDEX CONCURRENTLY posts_slug;\nALTER TABLE posts DROP COLUMN slug;",
        "exact",
    ),
    pair("own transaction", "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;", "BEGIN;\nDROP TABLE a;\nCOMMIT;", "exact"),
    pair("marked as bare", "-- bare\nCREATE TABLE a (id int);", "-- bare\nDROP TABLE a;", "exact"),
    // Exact, and the rows are gone.
    pair(
        "dropped column comes back empty",
        "ALTER TABLE posts DROP COLUMN body",
        "ALTER TABLE posts ADD COLUMN body text",
        "exact | rows lost",
    ),
    pair(
        "dropped table comes back empty",
        "DROP TABLE ledger; CREATE TABLE x (id int); DROP TABLE x",
        "CREATE TABLE ledger (version text)",
        "no_schema_change | rows lost",
    ),
    pair("deleted rows", "DELETE FROM users WHERE age > 90", "SELECT 1", "no_schema_change | rows lost"),
    // The order of columns.
    pair(
        "column that was not the last",
        "ALTER TABLE posts DROP COLUMN title",
        "ALTER TABLE posts ADD COLUMN title text",
        "column_order: column order of posts | rows lost | redo works",
    ),
    // Lost.
    pair(
        "lost default and not null",
        "ALTER TABLE users ALTER email DROP DEFAULT, ALTER email DROP NOT NULL",
        "ALTER TABLE users ALTER email SET NOT NULL",
        "lossy: column users.email: default 'none'::text is lost | redo works",
    ),
    pair(
        "lost not null",
        "ALTER TABLE users ALTER email DROP NOT NULL, ALTER age SET DEFAULT 1",
        "ALTER TABLE users ALTER age DROP DEFAULT",
        "lossy: column users.email: not null is lost | redo works",
    ),
    pair(
        "lost index of a dropped column",
        "ALTER TABLE users DROP COLUMN email",
        "ALTER TABLE users ADD COLUMN email text NOT NULL DEFAULT 'none'",
        "lossy: index users_email_idx is missing; column order of users | rows lost | redo works",
    ),
    pair(
        "lost uniqueness",
        "DROP INDEX users_email_idx",
        "CREATE INDEX users_email_idx ON users (email)",
        "lossy: index users_email_idx: definition differs | redo works",
    ),
    pair(
        "lost type",
        "ALTER TABLE posts ALTER title TYPE varchar(40)",
        "ALTER TABLE posts ALTER title TYPE varchar(80)",
        "lossy: column posts.title: type text → character varying(80) | rows lost | redo works",
    ),
    pair(
        "lost grant",
        "CREATE TABLE keep AS SELECT * FROM posts; REVOKE SELECT ON users FROM app",
        "DROP TABLE keep",
        "lossy: grant SELECT on users to app is missing | redo works",
    ),
    pair(
        "lost trigger",
        "DROP TRIGGER touch ON users; DROP FUNCTION touch()",
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "lossy: trigger touch of users is missing | redo fails: trigger \"touch\" for table \"users\" does not exist (42704)",
    ),
    pair(
        "trigger left off",
        "ALTER TABLE users DISABLE TRIGGER touch; ALTER TABLE users ADD COLUMN x int",
        "ALTER TABLE users DROP COLUMN x",
        "lossy: trigger touch of users is not enabled | redo works",
    ),
    pair(
        "lost enum value",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; CREATE TABLE a (id int)",
        "DROP TABLE a",
        "lossy: value 'sad' of enum mood is missing, value 'blue' of enum mood is left behind | redo fails: \
         \"sad\" is not an existing enum label (22023)",
    ),
    pair(
        "enum value left behind",
        "ALTER TYPE mood ADD VALUE 'glad'",
        "SELECT 1",
        "empty | redo fails: enum label \"glad\" already exists (42710)",
    ),
    pair(
        "lost sequence ownership",
        "ALTER SEQUENCE users_id_seq OWNED BY NONE; ALTER TABLE users ALTER id DROP DEFAULT",
        "ALTER TABLE users ALTER id SET DEFAULT nextval('users_id_seq')",
        "lossy: sequence users_id_seq: owned by public.users.id is lost | redo works",
    ),
    pair(
        "serial became identity",
        "ALTER TABLE users ALTER id DROP DEFAULT; DROP SEQUENCE users_id_seq",
        "ALTER TABLE users ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "lossy: column users.id: default nextval('public.users_id_seq'::regclass) is lost; \
         sequence users_id_seq: owned by public.users.id is lost; column users.id: identity always is left behind; \
         sequence users_id_seq: identity of public.users.id is left behind | redo fails: \
         column \"id\" of relation \"users\" is an identity column (42601)",
    ),
    pair(
        "lost comment",
        "ALTER TABLE users DROP COLUMN name CASCADE",
        "ALTER TABLE users ADD COLUMN name varchar(40); CREATE VIEW authors AS SELECT id, name FROM users",
        "lossy: column users.name: comment as they write it is lost; column order of users | rows lost | redo works",
    ),
    pair(
        "lost check",
        "ALTER TABLE users DROP CONSTRAINT users_age; ALTER TABLE posts ADD x int",
        "ALTER TABLE posts DROP COLUMN x",
        "lossy: constraint users_age of users is missing | redo fails: constraint \"users_age\" of relation \"users\" does not exist (42704)",
    ),
    pair(
        "check that is not validated",
        "ALTER TABLE users DROP CONSTRAINT users_age",
        "ALTER TABLE users ADD CONSTRAINT users_age CHECK (age > 0) NOT VALID",
        "lossy: constraint users_age of users is not validated | redo works",
    ),
    pair(
        "foreign key without its action",
        "ALTER TABLE posts DROP CONSTRAINT posts_author_fkey",
        "ALTER TABLE posts ADD FOREIGN KEY (author) REFERENCES users",
        "lossy: constraint posts_author_fkey of posts: definition differs | redo works",
    ),
    pair(
        "unique constraint in the place of an index",
        "DROP INDEX users_email_idx",
        "ALTER TABLE users ADD CONSTRAINT users_email_idx UNIQUE (email)",
        "lossy: constraint users_email_idx of users is left behind | redo fails: \
         cannot drop index users_email_idx because constraint users_email_idx on table users requires it (2BP01)",
    ),
    pair(
        "lost view",
        "ALTER TABLE users DROP COLUMN name CASCADE",
        "ALTER TABLE users ADD COLUMN name varchar(40); COMMENT ON COLUMN users.name IS 'as they write it'",
        "lossy: view authors is missing; column order of users | rows lost | redo works",
    ),
    pair(
        "lost table",
        "DROP TABLE posts",
        "SELECT 1",
        "empty | rows lost | redo fails: table \"posts\" does not exist (42P01)",
    ),
    pair(
        "table left behind",
        "CREATE TABLE a (id int); CREATE TABLE b (id int)",
        "DROP TABLE a",
        "lossy: table b is left behind | redo fails: relation \"b\" already exists (42P07)",
    ),
    pair(
        "function left behind",
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE INDEX i ON posts (title)",
        "DROP INDEX i",
        "lossy: function f(integer) is left behind | redo fails: \
         function \"f\" already exists with same argument types (42723)",
    ),
    pair(
        "extension left behind",
        "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX i ON posts USING gin (title gin_trgm_ops)",
        "DROP INDEX i",
        "lossy: extension pg_trgm is left behind | redo works",
    ),
    pair(
        "constraint renamed",
        "ALTER TABLE posts RENAME CONSTRAINT posts_pkey TO posts_key; ALTER TABLE posts ADD x int",
        "ALTER TABLE posts DROP x",
        "lossy: constraint posts_pkey of posts is missing; constraint posts_key of posts is left behind | redo fails: \
         constraint \"posts_pkey\" for table \"posts\" does not exist (42704)",
    ),
    pair(
        "row security left on",
        "ALTER TABLE posts ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON posts USING (true)",
        "DROP POLICY own ON posts",
        "lossy: table posts: row security is left behind | redo works",
    ),
    // Nothing.
    Pair { name: "no down", before: "", up: "CREATE TABLE a (id int)", down: None, said: "no_down" },
    pair("down of comments", "CREATE TABLE a (id int)", "-- later\n/* nothing; yet */", "empty"),
    pair("blank down", "CREATE TABLE a (id int)", "\n", "empty"),
    pair(
        "down of conditions",
        "CREATE TABLE a (id int)",
        "DROP TABLE IF EXISTS b",
        "empty | redo fails: relation \"a\" already exists (42P07)",
    ),
    pair(
        "rows only",
        "INSERT INTO users (email) VALUES ('a')",
        "DELETE FROM users WHERE email = 'a'",
        "no_schema_change",
    ),
    pair("the ledger is no part of it", "ALTER TABLE ledger ADD COLUMN at int", "SELECT 1", "no_schema_change"),
    pair(
        "down undoes what was not done",
        "SELECT 1",
        "DROP VIEW authors",
        "lossy: view authors is missing | redo works",
    ),
    // Fails.
    pair(
        "down twice",
        "CREATE TABLE a (id int)",
        "DROP TABLE a;\n\nDROP TABLE a;",
        "fails on line 3: table \"a\" does not exist (42P01)",
    ),
    pair(
        "down with a slip",
        "CREATE TABLE a (id int)",
        "DROP TABEL a",
        "fails on line 1: syntax error at or near \"TABEL\" (42601)",
    ),
    pair(
        "column went with its index",
        "ALTER TABLE posts ADD slug text;\nCREATE INDEX posts_slug ON posts (slug);",
        "ALTER TABLE posts DROP slug;\nDROP INDEX posts_slug;",
        "fails on line 2: index \"posts_slug\" does not exist (42704)",
    ),
    pair(
        "still needed",
        "CREATE TYPE size AS ENUM ('s');\nALTER TABLE posts ADD size size;",
        "DROP TYPE size",
        "fails on line 1: cannot drop type size because other objects depend on it (2BP01)",
    ),
    Pair {
        name: "rows in the way",
        before: "INSERT INTO users (email) VALUES ('a')",
        up: "ALTER TABLE users DROP COLUMN email",
        down: Some("ALTER TABLE users ADD email text NOT NULL"),
        said: "fails on line 1: column \"email\" of relation \"users\" contains null values (23502) | rows lost",
    },
    pair(
        "constraint that is checked at the end",
        "CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO n VALUES (1, 1);",
        "INSERT INTO n VALUES (2, 3)",
        "fails on line 1: insert or update on table \"n\" violates foreign key constraint \"n_up_fkey\" (23503)",
    ),
    pair(
        "concurrent down in the wrong order",
        "CREATE INDEX CONCURRENTLY posts_title ON posts (title)",
        "DROP INDEX CONCURRENTLY posts_titel",
        "fails on line 1: index \"posts_titel\" does not exist (42704)",
    ),
    // The way up.
    pair(
        "needs an extension",
        "CREATE EXTENSION vector_of_nobody",
        "DROP EXTENSION vector_of_nobody",
        "up_fails on line 1: needs the extension `vector_of_nobody`, which the server lacks",
    ),
    pair(
        "up fails",
        "ALTER TABLE posts\n  ADD x nowhere",
        "SELECT 1",
        "up_fails on line 2: type \"nowhere\" does not exist (42704)",
    ),
];

#[tokio::test]
async fn every_pair_on_a_server_has_its_verdict() {
    assert!(PAIRS.len() >= 40, "{}", PAIRS.len());
    let bench = Bench::server().await;
    let wrong = wrong(&bench, BASE, PAIRS).await;
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), PAIRS.len(), wrong.join("\n"));
}
