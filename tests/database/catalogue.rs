//! The catalogue of a server: each change of a schema is seen, and the way back from it is seen to be whole.

use crate::house::{House, difference};

/// Something of most kinds that a database can hold.
const SCHEMA: &str = include_str!("schema.sql");

/// A kind of change, the change, the way back (mostly anew, so that what identifies a thing inside differs), and what is
/// found in a line of the difference.
#[rustfmt::skip]
const CASES: [(&str, &str, &str, &str); 71] = [
    (
        "drop index",
        "DROP INDEX app.users_partial",
        "CREATE UNIQUE INDEX users_partial ON app.users (lower(name), created DESC NULLS LAST) INCLUDE (mood) WHERE balance > 10; ALTER INDEX app.users_partial ALTER COLUMN 1 SET STATISTICS 300",
        "-index | app.users.users_partial | exists",
    ),
    (
        "lose default",
        "ALTER TABLE app.users ALTER created DROP DEFAULT",
        "ALTER TABLE app.users ALTER created SET DEFAULT now()",
        "-column | app.users.created | default",
    ),
    (
        "grant",
        "REVOKE INSERT ON app.users FROM app_reader",
        "GRANT INSERT ON app.users TO app_reader",
        "+table | app.users | grant to app_reader | SELECT",
    ),
    (
        "grant option",
        "GRANT SELECT ON app.users TO app_reader WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR SELECT ON app.users FROM app_reader",
        "INSERT, SELECT*",
    ),
    (
        "null acl",
        "REVOKE SELECT ON app.base FROM ci",
        "GRANT SELECT ON app.base TO ci",
        "table | app.base | grant to (owner)",
    ),
    (
        "column grant",
        "REVOKE UPDATE (name) ON app.users FROM app_reader",
        "GRANT UPDATE (name) ON app.users TO app_reader WITH GRANT OPTION",
        "-column | app.users.name | grant to app_reader",
    ),
    (
        "sequence grant",
        "REVOKE ALL ON SEQUENCE app.ticket FROM app_reader",
        "GRANT USAGE ON SEQUENCE app.ticket TO app_reader",
        "sequence | app.ticket | grant",
    ),
    (
        "function grant",
        "GRANT EXECUTE ON FUNCTION app.greet(int) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION app.greet(int) FROM PUBLIC",
        "function | app.greet(integer) | grant to PUBLIC",
    ),
    (
        "type grant",
        "REVOKE USAGE ON TYPE app.mood FROM app_reader",
        "GRANT USAGE ON TYPE app.mood TO app_reader",
        "enum | app.mood | grant",
    ),
    (
        "schema grant",
        "REVOKE USAGE ON SCHEMA app FROM app_reader",
        "GRANT USAGE ON SCHEMA app TO app_reader",
        "schema | app | grant",
    ),
    (
        "default privileges",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM app_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO app_reader",
        "-default privileges",
    ),
    (
        "owner",
        "ALTER TABLE app.base OWNER TO app_owner",
        "ALTER TABLE app.base OWNER TO ci",
        "table | app.base | owner",
    ),
    (
        "system grant",
        "GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC",
        "-grants on system object | function pg_catalog.pg_sleep",
    ),
    (
        "drop trigger",
        "DROP TRIGGER users_touch ON app.users",
        "CREATE TRIGGER users_touch BEFORE UPDATE OF name ON app.users FOR EACH ROW WHEN (old.name IS DISTINCT FROM new.name) EXECUTE FUNCTION app.tf()",
        "-trigger | app.users.users_touch | exists",
    ),
    (
        "trigger enabled",
        "ALTER TABLE app.users ENABLE TRIGGER users_off",
        "ALTER TABLE app.users DISABLE TRIGGER users_off",
        "trigger | app.users.users_off | enabled",
    ),
    (
        "fk triggers off",
        "ALTER TABLE app.orders DISABLE TRIGGER ALL",
        "ALTER TABLE app.orders ENABLE TRIGGER ALL",
        "+constraint | app.orders.orders_user_fk | triggers",
    ),
    (
        "event trigger off",
        "ALTER EVENT TRIGGER et DISABLE",
        "ALTER EVENT TRIGGER et ENABLE",
        "+event trigger | et | enabled",
    ),
    (
        "enum value by recreate",
        "ALTER TYPE app.color RENAME TO old; CREATE TYPE app.color AS ENUM ('red','blue'); ALTER TABLE app.paint ALTER c DROP DEFAULT, ALTER c TYPE app.color USING c::text::app.color, ALTER c SET DEFAULT 'red'; DROP TYPE app.old",
        "ALTER TYPE app.color RENAME TO old; CREATE TYPE app.color AS ENUM ('red','blue'); ALTER TYPE app.color ADD VALUE 'green' BEFORE 'blue'; ALTER TABLE app.paint ALTER c DROP DEFAULT, ALTER c TYPE app.color USING c::text::app.color, ALTER c SET DEFAULT 'red'; DROP TYPE app.old",
        "+enum | app.color | labels | 'red', 'blue'",
    ),
    (
        "enum order",
        "ALTER TYPE app.color RENAME VALUE 'green' TO 'x'; ALTER TYPE app.color RENAME VALUE 'blue' TO 'green'; ALTER TYPE app.color RENAME VALUE 'x' TO 'blue'",
        "ALTER TYPE app.color RENAME VALUE 'green' TO 'x'; ALTER TYPE app.color RENAME VALUE 'blue' TO 'green'; ALTER TYPE app.color RENAME VALUE 'x' TO 'blue'",
        "enum | app.color | labels",
    ),
    (
        "sequence ownership",
        "ALTER SEQUENCE app.paint_id_seq OWNED BY NONE",
        "ALTER SEQUENCE app.paint_id_seq OWNED BY app.paint.id",
        "-sequence | app.paint_id_seq | owned by | app.paint.id",
    ),
    (
        "sequence options",
        "ALTER SEQUENCE app.ticket INCREMENT 3 NO CYCLE",
        "ALTER SEQUENCE app.ticket INCREMENT 2 CYCLE",
        "sequence | app.ticket | cycle",
    ),
    (
        "serial to identity",
        "ALTER TABLE app.paint ALTER id DROP DEFAULT; DROP SEQUENCE app.paint_id_seq; ALTER TABLE app.paint ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",
        "ALTER TABLE app.paint ALTER id DROP IDENTITY; CREATE SEQUENCE app.paint_id_seq AS int OWNED BY app.paint.id; ALTER TABLE app.paint ALTER id SET DEFAULT nextval('app.paint_id_seq')",
        "+column | app.paint.id | identity | by default",
    ),
    (
        "identity option",
        "ALTER TABLE app.orders ALTER id SET INCREMENT 7",
        "ALTER TABLE app.orders ALTER id SET INCREMENT 5",
        "sequence | app.orders_id_seq | increment | 7",
    ),
    (
        "identity kind",
        "ALTER TABLE app.orders ALTER id SET GENERATED BY DEFAULT",
        "ALTER TABLE app.orders ALTER id SET GENERATED ALWAYS",
        "column | app.orders.id | identity",
    ),
    (
        "invalid index",
        "CREATE UNIQUE INDEX CONCURRENTLY dup_i ON app.paint (dup)",
        "DROP INDEX app.dup_i",
        "+index | app.paint.dup_i | valid | no",
    ),
    (
        "table comment",
        "COMMENT ON TABLE app.users IS 'humans'",
        "COMMENT ON TABLE app.users IS 'people'",
        "table | app.users | comment",
    ),
    (
        "column comment",
        "COMMENT ON COLUMN app.users.email IS NULL",
        "COMMENT ON COLUMN app.users.email IS 'mail ''quoted'''",
        "-column | app.users.email | comment",
    ),
    (
        "constraint comment",
        "COMMENT ON CONSTRAINT users_balance_check ON app.users IS NULL",
        "COMMENT ON CONSTRAINT users_balance_check ON app.users IS 'no debt'",
        "-constraint | app.users.users_balance_check | comment",
    ),
    (
        "not valid",
        "ALTER TABLE app.users DROP CONSTRAINT users_balance_check, ADD CONSTRAINT users_balance_check CHECK (balance >= 0) NOT VALID;",
        "ALTER TABLE app.users VALIDATE CONSTRAINT users_balance_check; COMMENT ON CONSTRAINT users_balance_check ON app.users IS 'no debt'",
        "+constraint | app.users.users_balance_check | validated | no",
    ),
    (
        "fk action",
        "ALTER TABLE app.orders DROP CONSTRAINT orders_user_fk, ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES app.users DEFERRABLE INITIALLY DEFERRED",
        "ALTER TABLE app.orders DROP CONSTRAINT orders_user_fk, ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES app.users ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
        "constraint | app.orders.orders_user_fk | definition",
    ),
    (
        "fk deferrable",
        "ALTER TABLE app.orders ALTER CONSTRAINT orders_user_fk NOT DEFERRABLE",
        "ALTER TABLE app.orders ALTER CONSTRAINT orders_user_fk DEFERRABLE INITIALLY DEFERRED",
        "constraint | app.orders.orders_user_fk | definition",
    ),
    (
        "drop+add column: order only",
        "ALTER TABLE app.ord DROP a; ALTER TABLE app.ord ADD a int NOT NULL DEFAULT 3",
        "CREATE TABLE app.n (a int NOT NULL DEFAULT 3, b text, c int); DROP TABLE app.ord; ALTER TABLE app.n RENAME TO ord; REVOKE ALL ON app.ord FROM app_reader;",
        "+column order | app.ord | columns | b, c, a",
    ),
    (
        "rls off",
        "ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY",
        "-table | app.orders | row security | on",
    ),
    (
        "policy",
        "ALTER POLICY own_orders ON app.orders USING (user_id = 2)",
        "ALTER POLICY own_orders ON app.orders USING (user_id = 1)",
        "policy | app.orders.own_orders | using",
    ),
    (
        "policy roles",
        "ALTER POLICY own_orders ON app.orders TO app_owner",
        "ALTER POLICY own_orders ON app.orders TO app_owner, app_reader",
        "policy | app.orders.own_orders | roles",
    ),
    (
        "function body",
        "CREATE OR REPLACE FUNCTION app.tf() RETURNS trigger LANGUAGE plpgsql AS $$ begin return old; end $$",
        "CREATE OR REPLACE FUNCTION app.tf() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$",
        "function | app.tf() | body",
    ),
    (
        "function flags",
        "ALTER FUNCTION app.greet(int) VOLATILE SECURITY DEFINER NOT LEAKPROOF SET search_path = app",
        "ALTER FUNCTION app.greet(int) IMMUTABLE SECURITY INVOKER LEAKPROOF RESET search_path",
        "+function | app.greet(integer) | security definer",
    ),
    (
        "aggregate",
        "CREATE OR REPLACE AGGREGATE app.mysum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '1', PARALLEL = SAFE)",
        "CREATE OR REPLACE AGGREGATE app.mysum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', PARALLEL = SAFE)",
        "aggregate | app.mysum(integer) | definition",
    ),
    (
        "type change",
        "ALTER TABLE app.base2 ALTER c TYPE bigint",
        "ALTER TABLE app.base2 ALTER c TYPE int",
        "column | app.base2.c | type",
    ),
    (
        "typmod",
        "ALTER TABLE app.orders ADD m numeric(10,2)",
        "ALTER TABLE app.orders DROP m",
        "+column | app.orders.m | type | numeric(10,2)",
    ),
    (
        "not null",
        "ALTER TABLE app.orders ALTER user_id DROP NOT NULL",
        "ALTER TABLE app.orders ALTER user_id SET NOT NULL",
        "-column | app.orders.user_id | not null",
    ),
    (
        "statistics target",
        "ALTER TABLE app.users ALTER name SET STATISTICS -1",
        "ALTER TABLE app.users ALTER name SET STATISTICS 500",
        "-column | app.users.name | statistics target",
    ),
    (
        "storage",
        "ALTER TABLE app.users ALTER meta SET STORAGE EXTENDED",
        "ALTER TABLE app.users ALTER meta SET STORAGE EXTERNAL",
        "-column | app.users.meta | storage",
    ),
    (
        "reloptions",
        "ALTER TABLE app.users RESET (fillfactor, autovacuum_enabled)",
        "ALTER TABLE app.users SET (autovacuum_enabled=false, fillfactor=70)",
        "-table | app.users | options",
    ),
    (
        "toast options",
        "ALTER TABLE app.users RESET (toast.autovacuum_enabled)",
        "ALTER TABLE app.users SET (toast.autovacuum_enabled=false)",
        "-table | app.users | toast options",
    ),
    (
        "replica identity",
        "ALTER TABLE app.users REPLICA IDENTITY FULL",
        "ALTER TABLE app.users REPLICA IDENTITY USING INDEX users_ident",
        "table | app.users | replica identity",
    ),
    (
        "unlogged",
        "ALTER TABLE app.cachet SET LOGGED",
        "ALTER TABLE app.cachet SET UNLOGGED",
        "-table | app.cachet | persistence",
    ),
    (
        "partition bound",
        "ALTER TABLE app.events DETACH PARTITION app.events_2024; ALTER TABLE app.events ATTACH PARTITION app.events_2024 FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2025-01-01 00:00+00')",
        "ALTER TABLE app.events DETACH PARTITION app.events_2024; ALTER TABLE app.events ATTACH PARTITION app.events_2024 FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00')",
        "table | app.events_2024 | partition bound",
    ),
    (
        "no inherit",
        "ALTER TABLE app.child NO INHERIT app.base2",
        "DROP TABLE app.child; CREATE TABLE app.child (b text DEFAULT 'c', d date) INHERITS (app.base, app.base2); REVOKE ALL ON app.child FROM app_reader",
        "table | app.child | inherits",
    ),
    (
        "column rename",
        "ALTER TABLE app.users RENAME name TO nom",
        "ALTER TABLE app.users RENAME nom TO name",
        "-column | app.users.name | exists",
    ),
    (
        "table rename",
        "ALTER TABLE app.users RENAME TO people; ALTER SCHEMA app RENAME TO app2",
        "ALTER SCHEMA app2 RENAME TO app; ALTER TABLE app.people RENAME TO users",
        "-table | app.users | exists",
    ),
    (
        "view",
        "CREATE OR REPLACE VIEW app.v WITH (security_barrier) AS SELECT id, email, mood FROM app.users WHERE balance > 1",
        "CREATE OR REPLACE VIEW app.v WITH (security_barrier) AS SELECT id, email, mood FROM app.users WHERE balance > 0",
        "view | app.v | definition",
    ),
    (
        "view option",
        "ALTER VIEW app.v RESET (security_barrier)",
        "ALTER VIEW app.v SET (security_barrier)",
        "-view | app.v | options",
    ),
    (
        "matview populated",
        "REFRESH MATERIALIZED VIEW app.mv WITH NO DATA",
        "REFRESH MATERIALIZED VIEW app.mv",
        "+materialized view | app.mv | populated",
    ),
    (
        "domain",
        "ALTER DOMAIN app.email DROP NOT NULL",
        "ALTER DOMAIN app.email SET NOT NULL",
        "-domain | app.email | not null",
    ),
    (
        "domain default",
        "ALTER DOMAIN app.email SET DEFAULT 'a@b'",
        "SET search_path = public; ALTER DOMAIN app.email SET DEFAULT 'x@y'",
        "domain | app.email | default",
    ),
    (
        "domain constraint",
        "ALTER DOMAIN app.email DROP CONSTRAINT has_at; ALTER DOMAIN app.email ADD CONSTRAINT has_at CHECK (VALUE ~ '@') NOT VALID",
        "ALTER DOMAIN app.email VALIDATE CONSTRAINT has_at; COMMENT ON CONSTRAINT has_at ON DOMAIN app.email IS 'at!'",
        "+domain constraint | app.email.has_at | validated",
    ),
    (
        "composite",
        "ALTER TYPE app.addr ADD ATTRIBUTE x int",
        "ALTER TYPE app.addr DROP ATTRIBUTE x",
        "+column | app.addr.x | exists",
    ),
    (
        "range",
        "DROP TYPE app.frange; CREATE TYPE app.frange AS RANGE (subtype = float8)",
        "DROP TYPE app.frange; CREATE TYPE app.frange AS RANGE (subtype = float8, subtype_diff = app.fdiff)",
        "-range type | app.frange | difference",
    ),
    (
        "rule",
        "DROP RULE noins ON app.base2",
        "CREATE RULE noins AS ON INSERT TO app.base2 DO INSTEAD NOTHING; COMMENT ON RULE noins ON app.base2 IS 'none'",
        "-rule | app.base2.noins | exists",
    ),
    (
        "extension schema",
        "ALTER EXTENSION pg_trgm SET SCHEMA public",
        "ALTER EXTENSION pg_trgm SET SCHEMA ext",
        "extension | pg_trgm | schema",
    ),
    (
        "cast",
        "DROP CAST (app.mood AS int)",
        "CREATE CAST (app.mood AS int) WITH FUNCTION app.mood2int(app.mood) AS ASSIGNMENT",
        "-cast | app.mood as integer",
    ),
    (
        "publication",
        "ALTER PUBLICATION pub DROP TABLE app.orders",
        "ALTER PUBLICATION pub ADD TABLE app.orders",
        "-publication | pub | table app.orders",
    ),
    (
        "statistics",
        "DROP STATISTICS app.st",
        "CREATE STATISTICS app.st (dependencies, ndistinct) ON name, mood FROM app.users",
        "-statistics | app.st | exists",
    ),
    (
        "index recreated on partitions",
        "DROP INDEX app.events_kind; CREATE INDEX events_kind ON ONLY app.events (kind)",
        "DROP INDEX app.events_kind; CREATE INDEX events_kind ON app.events (kind)",
        "+index | app.events.events_kind | valid | no",
    ),
    (
        "database setting",
        "ALTER DATABASE a SET statement_timeout = '6s'",
        "ALTER DATABASE a SET statement_timeout = '5s'",
        "database | (this) | setting statement_timeout",
    ),
    (
        "database comment",
        "COMMENT ON DATABASE a IS NULL",
        "COMMENT ON DATABASE a IS 'db'",
        "-database | (this) | comment",
    ),
    (
        "unicode drop",
        r#"DROP INDEX "We ird.S"."Idx ☃""#,
        r#"CREATE INDEX "Idx ☃" ON "We ird.S"."Ta.ble ""x" ("select")"#,
        r#"-index | "We ird.S"."Ta.ble ""x"."Idx ☃" | exists"#,
    ),
    (
        "whole table dropped",
        "DROP TABLE app.eref",
        "CREATE TABLE app.eref (eid bigint, eat timestamptz, FOREIGN KEY (eid, eat) REFERENCES app.events); REVOKE SELECT ON app.eref FROM app_reader",
        "-table | app.eref | exists",
    ),
    (
        "generated expression",
        "ALTER TABLE app.users ADD g2 text GENERATED ALWAYS AS (upper(name)) STORED",
        "ALTER TABLE app.users DROP g2",
        "+column | app.users.g2 | generated | stored upper",
    ),
    (
        "new schema",
        "CREATE SCHEMA left_over",
        "DROP SCHEMA left_over",
        "+schema | left_over | exists",
    ),
];

/// From 18 on the constraint of a column that may not be NULL keeps the name of the table for which it was made.
const RENAMED: (&str, &str) = ("order only", "ALTER TABLE app.ord RENAME CONSTRAINT n_a_not_null TO ord_a_not_null");

#[tokio::test]
async fn each_change_of_a_schema_is_seen_and_each_way_back() {
    let house = House::server().await;
    let mut session = house.session(&house.database("a").await).await;
    session.run("CREATE ROLE app_owner; CREATE ROLE app_reader").await.unwrap();
    session.run(SCHEMA).await.unwrap();
    let without = ["app.schema_migrations".to_owned()];
    let base = session.catalogue(&without).await.unwrap();
    assert!(base.0.len() > 400, "{} facts", base.0.len());
    let mut wrong = Vec::new();
    for (name, change, back, found) in CASES {
        let done = session.run(change).await;
        // An index that could not be made is left behind.
        assert_eq!(done.is_err(), change.contains("CONCURRENTLY"), "{name}: {done:?}");
        let changed = difference(&base, &session.catalogue(&without).await.unwrap());
        if !changed.iter().any(|line| line.contains(found)) {
            wrong.push(format!("{name}: no `{found}` in {changed:#?}"));
        }
        session.run(back).await.unwrap_or_else(|fault| panic!("{name}, back: {fault:?}"));
        if name.ends_with(RENAMED.0) && session.facts().major >= 18 {
            session.run(RENAMED.1).await.unwrap();
        }
        let left = difference(&base, &session.catalogue(&without).await.unwrap());
        assert!(left.is_empty(), "{name}: not back: {left:#?}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What is of the ledger, and what is no schema, is not seen.
    let unseen = "ALTER TABLE app.schema_migrations ADD y int; CREATE INDEX sm_j ON app.schema_migrations (y); \
                  CREATE SCHEMA omni; CREATE TABLE omni.more (i int); CREATE SCHEMA \"omni:shop/prod\"; \
                  INSERT INTO app.paint DEFAULT VALUES; SELECT nextval('app.ticket'); \
                  CREATE TEMPORARY TABLE pg_attribute (x int)";
    session.run(unseen).await.unwrap();
    assert_eq!(difference(&base, &session.catalogue(&without).await.unwrap()), [""; 0]);
    // The account that reads does not matter.
    let mut plain = house.session(&house.plain("a").await).await;
    assert_eq!(difference(&base, &plain.catalogue(&without).await.unwrap()), [""; 0]);
}
