CREATE SCHEMA ext; CREATE EXTENSION pg_trgm SCHEMA ext;
CREATE SCHEMA app; COMMENT ON SCHEMA app IS 'the app'; GRANT USAGE ON SCHEMA app TO app_reader;
CREATE SCHEMA "We ird.S";
CREATE TYPE app.mood AS ENUM ('sad','ok','happy'); COMMENT ON TYPE app.mood IS 'moods'; GRANT USAGE ON TYPE app.mood TO app_reader;
CREATE DOMAIN app.email AS text COLLATE "C" DEFAULT 'x@y' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@');
COMMENT ON CONSTRAINT has_at ON DOMAIN app.email IS 'at!';
CREATE TYPE app.addr AS (street text, city varchar(30), zip int); COMMENT ON COLUMN app.addr.zip IS 'post code';
CREATE FUNCTION app.fdiff(float8,float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'select $1-$2';
CREATE TYPE app.frange AS RANGE (subtype = float8, subtype_diff = app.fdiff);
CREATE TABLE app.users (
  id bigserial PRIMARY KEY, email app.email UNIQUE, name varchar(50) COLLATE "C" NOT NULL DEFAULT 'anon',
  gone text, mood app.mood DEFAULT 'ok', balance numeric(10,2) CHECK (balance >= 0), created timestamptz DEFAULT now(),
  lname text GENERATED ALWAYS AS (lower(name)) STORED, tags text[], home app.addr, gone2 int, meta jsonb);
ALTER TABLE app.users DROP COLUMN gone, DROP COLUMN gone2;
COMMENT ON TABLE app.users IS 'people'; COMMENT ON COLUMN app.users.email IS 'mail ''quoted''';
COMMENT ON CONSTRAINT users_balance_check ON app.users IS 'no debt';
ALTER TABLE app.users ALTER COLUMN name SET STATISTICS 500, ALTER COLUMN meta SET STORAGE EXTERNAL;
ALTER TABLE app.users SET (fillfactor=70, autovacuum_enabled=false, toast.autovacuum_enabled=false);
CREATE INDEX users_name_trgm ON app.users USING gin (name ext.gin_trgm_ops); COMMENT ON INDEX app.users_name_trgm IS 'search';
CREATE UNIQUE INDEX users_partial ON app.users (lower(name), created DESC NULLS LAST) INCLUDE (mood) WHERE balance > 10;
ALTER INDEX app.users_partial ALTER COLUMN 1 SET STATISTICS 300;
CREATE UNIQUE INDEX users_ident ON app.users (name, id);
ALTER TABLE app.users REPLICA IDENTITY USING INDEX users_ident;
GRANT SELECT, INSERT ON app.users TO app_reader; GRANT UPDATE (name) ON app.users TO app_reader WITH GRANT OPTION; GRANT SELECT ON app.users TO PUBLIC;
CREATE TABLE app.orders (
  id int GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY, user_id bigint NOT NULL, during tstzrange, qty int,
  CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES app.users ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&));
ALTER TABLE app.orders ADD CONSTRAINT qty_pos CHECK (qty > 0) NOT VALID;
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_orders ON app.orders FOR SELECT TO app_reader, app_owner USING (user_id = 1);
CREATE POLICY strict ON app.orders AS RESTRICTIVE FOR ALL USING (true) WITH CHECK (qty < 100);
CREATE SEQUENCE app.ticket AS smallint INCREMENT 2 MINVALUE 5 MAXVALUE 500 CACHE 3 CYCLE; GRANT USAGE ON SEQUENCE app.ticket TO app_reader;
CREATE UNLOGGED TABLE app.cachet (k text PRIMARY KEY DEFERRABLE, v bytea DEFAULT '\xdead', f float8 DEFAULT 0.1, iv interval DEFAULT '1 day 02:00');
CREATE TABLE app.events (id bigint, at timestamptz NOT NULL, kind text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
CREATE TABLE app.events_2025 PARTITION OF app.events FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00');
CREATE INDEX events_kind ON app.events (kind);
CREATE TABLE app.eref (eid bigint, eat timestamptz, FOREIGN KEY (eid, eat) REFERENCES app.events);
CREATE TABLE app.base (a int NOT NULL CHECK (a > 0), b text DEFAULT 'p'); CREATE TABLE app.base2 (c int);
CREATE TABLE app.child (b text DEFAULT 'c', d date) INHERITS (app.base, app.base2);
CREATE TABLE "We ird.S"."Ta.ble ""x" ("Col umn" int PRIMARY KEY, "ünï.cödé" text UNIQUE, "select" int DEFAULT 1);
CREATE INDEX "Idx ☃" ON "We ird.S"."Ta.ble ""x" ("select");
CREATE TABLE public.pg_class (oid int, note text);
CREATE VIEW app.v WITH (security_barrier) AS SELECT id, email, mood FROM app.users WHERE balance > 0; COMMENT ON VIEW app.v IS 'a view'; ALTER VIEW app.v ALTER COLUMN mood SET DEFAULT 'sad'; GRANT SELECT ON app.v TO app_reader;
CREATE MATERIALIZED VIEW app.mv AS SELECT mood, count(*) AS n FROM app.users GROUP BY 1; CREATE UNIQUE INDEX mv_mood ON app.mv (mood);
CREATE FUNCTION app.greet(n int) RETURNS SETOF int LANGUAGE sql IMMUTABLE PARALLEL SAFE LEAKPROOF COST 7 ROWS 9 AS 'select n';
REVOKE EXECUTE ON FUNCTION app.greet(int) FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.greet(int) TO app_reader;
CREATE PROCEDURE app.proc(INOUT a int) LANGUAGE plpgsql AS $$ begin a := a + 1; end $$;
CREATE AGGREGATE app.mysum(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0', PARALLEL = SAFE);
CREATE FUNCTION app.tf() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$;
CREATE TRIGGER users_touch BEFORE UPDATE OF name ON app.users FOR EACH ROW WHEN (old.name IS DISTINCT FROM new.name) EXECUTE FUNCTION app.tf();
CREATE TRIGGER users_off AFTER INSERT ON app.users FOR EACH STATEMENT EXECUTE FUNCTION app.tf(); ALTER TABLE app.users DISABLE TRIGGER users_off;
CREATE FUNCTION app.etf() RETURNS event_trigger LANGUAGE plpgsql AS $$ begin null; end $$;
CREATE EVENT TRIGGER et ON ddl_command_end WHEN TAG IN ('CREATE FUNCTION','CREATE AGGREGATE') EXECUTE FUNCTION app.etf();
CREATE RULE noins AS ON INSERT TO app.base2 DO INSTEAD NOTHING; COMMENT ON RULE noins ON app.base2 IS 'none';
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO app_reader;
CREATE STATISTICS app.st (dependencies, ndistinct) ON name, mood FROM app.users;
CREATE FUNCTION app.mood2int(app.mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'select 1'; CREATE CAST (app.mood AS int) WITH FUNCTION app.mood2int(app.mood) AS ASSIGNMENT;
CREATE PUBLICATION pub FOR TABLE app.users, app.orders WITH (publish = 'insert, update');
ALTER DATABASE a SET statement_timeout = '5s'; COMMENT ON DATABASE a IS 'db';
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC;
CREATE TABLE app.schema_migrations (version bigserial PRIMARY KEY, note text CHECK (note <> ''), x int GENERATED BY DEFAULT AS IDENTITY); CREATE INDEX sm_i ON app.schema_migrations (note);
CREATE TABLE app.ord (a int NOT NULL DEFAULT 3, b text, c int); REVOKE ALL ON app.ord, app.child FROM app_reader;
CREATE TYPE app.color AS ENUM ('red','green','blue'); CREATE TABLE app.paint (id serial, c app.color DEFAULT 'red', dup int); INSERT INTO app.paint (c, dup) VALUES ('red',1),('red',1);
