DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clerk') THEN
    CREATE ROLE clerk; CREATE ROLE stranger LOGIN;
  END IF;
END $$;
CREATE EXTENSION pgcrypto;
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('well', 'so-so', 'not ''well''');
CREATE DOMAIN shop.email AS text CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE shop.numbers START 100 INCREMENT 7;
SELECT nextval('shop.numbers'), nextval('shop.numbers');
CREATE TABLE shop.everything (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text DEFAULT 'a;b', mood shop.mood, mail shop.email,
  price numeric(20, 6), ratio double precision, raw bytea, tags text[], doc jsonb, at timestamptz, span interval,
  address inet, during tstzrange, place point, is_it boolean, key uuid DEFAULT gen_random_uuid(), words tsvector,
  twice numeric GENERATED ALWAYS AS (price * 2) STORED);
INSERT INTO shop.everything (note, mood, mail, price, ratio, raw, tags, doc, at, span, address, during, place, is_it, words)
SELECT E'line\n\\.\t' || i, 'so-so', 'u' || i || '@example.org', i / 7.0, CASE i % 5 WHEN 0 THEN 'NaN' ELSE i * 1e-200 END,
  sha256(i::text::bytea), ARRAY['a', NULL, 'c,"d'], jsonb_build_object('i', i, 'é', NULL),
  '2026-01-01'::timestamptz + i * interval '1 hour', i * interval '1 month 3 days', '10.0.0.0/8', '[2026-01-01,)',
  point(i, -i), i % 2 = 0, to_tsvector('simple', 'word ' || i)
FROM generate_series(1, 1000) i;
CREATE INDEX ON shop.everything USING gin (doc);
CREATE UNIQUE INDEX by_mail ON shop.everything (lower(mail)) WHERE mood = 'so-so';
CREATE TABLE shop.parts (day date, n int) PARTITION BY RANGE (day);
CREATE TABLE shop.parts_2026 PARTITION OF shop.parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO shop.parts SELECT '2026-01-01'::date + i, i FROM generate_series(0, 99) i;
CREATE TABLE shop."Odd ""name'" (a int REFERENCES shop.everything (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO shop."Odd ""name'" VALUES (1), (NULL);
CREATE VIEW shop.dear AS SELECT id, price FROM shop.everything WHERE price > 10;
CREATE MATERIALIZED VIEW shop.sums AS SELECT mood, sum(price) FROM shop.everything GROUP BY mood;
CREATE FUNCTION shop.secret(word text) RETURNS text LANGUAGE sql AS $$ SELECT public.crypt(word, '$1$abcdefgh') $$;
CREATE FUNCTION shop.watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER watch BEFORE UPDATE ON shop.everything FOR EACH ROW EXECUTE FUNCTION shop.watch();
ALTER TABLE shop.everything ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.everything FOR SELECT TO clerk USING (id > 10);
GRANT SELECT ON shop.everything TO clerk;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO clerk;
COMMENT ON COLUMN shop.everything.note IS 'what was said';
SELECT lo_from_bytea(0, decode(repeat('00ff', 5000), 'hex')), lo_from_bytea(0, 'small');
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET work_mem = ''7MB''', current_database());
  EXECUTE format('COMMENT ON DATABASE %I IS ''the shop''', current_database());
  EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 50', current_database());
  EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO clerk', current_database());
END $$;
