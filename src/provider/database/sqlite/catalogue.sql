-- The schema of one SQLite database (main) as rows (kind, name, attribute, value); SQLite 3.37 or newer.
-- Rows whose attribute ends in 'sql' hold text that the client has to bring to tokens before it compares
-- (see catalogue.md); all others are compared as they are. Views are asked for their columns one by one
-- (PRAGMA table_xinfo): a view that refers to something that is gone answers with an error, which is a fact too,
-- and which would end this query. Names that are not plain words are quoted. ?1: names to leave out, as a JSON array ('["schema_migrations"]').
WITH
tab AS MATERIALIZED (
  SELECT l.name, iif(l.name GLOB '*[^A-Za-z0-9_]*', '"' || replace(l.name, '"', '""') || '"', l.name) AS q, l.type, l.wr, l.strict, m.sql
  FROM pragma_table_list AS l JOIN main.sqlite_schema AS m ON m.type = 'table' AND m.name = l.name
  WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\_%' ESCAPE '\'
    AND l.name NOT IN (SELECT value FROM json_each(coalesce(?1, '[]')))),
-- The indexes of PRIMARY KEY and UNIQUE carry a number for a name: named here by what they hold.
ind AS MATERIALIZED (
  SELECT t.q AS tab, i.name AS idx, iif(i.name GLOB '*[^A-Za-z0-9_]*', '"' || replace(i.name, '"', '""') || '"', i.name) AS qidx, i."unique" AS uni, i.origin, i.partial,
         (SELECT group_concat(part, ', ') FROM (
            SELECT coalesce(x.name, CASE x.cid WHEN -1 THEN 'rowid' ELSE '(expression)' END) || ' collate ' || x.coll || CASE x."desc" WHEN 1 THEN ' desc' ELSE '' END AS part
            FROM pragma_index_xinfo(i.name) AS x WHERE x.key = 1 ORDER BY x.seqno)) AS cols
  FROM tab AS t JOIN pragma_index_list(t.name) AS i WHERE t.type = 'table'),
fk AS MATERIALIZED (
  SELECT t.q AS tab, f.id, f."table" AS parent, f.on_update, f.on_delete, f."match",
         group_concat(f."from", ', ') AS cols, coalesce(group_concat(f."to", ', '), 'primary key') AS refs
  FROM tab AS t JOIN (SELECT * FROM tab JOIN pragma_foreign_key_list(tab.name) AS p ORDER BY tab.name, p.id, p.seq) AS f ON f.name = t.name
  GROUP BY t.name, f.id),
facts (kind, name, attribute, value) AS (
  SELECT CASE type WHEN 'virtual' THEN 'virtual table' ELSE 'table' END, q, 'exists', 'yes' FROM tab
  UNION ALL SELECT CASE type WHEN 'virtual' THEN 'virtual table' ELSE 'table' END, q, 'sql', sql FROM tab
  UNION ALL SELECT 'table', q, 'without rowid', 'yes' FROM tab WHERE wr = 1 AND type = 'table'
  UNION ALL SELECT 'table', q, 'strict', 'yes' FROM tab WHERE strict = 1
  UNION ALL SELECT 'column order', t.q, 'columns', (SELECT group_concat(name, ', ') FROM (SELECT iif(x.name GLOB '*[^A-Za-z0-9_]*', '"' || replace(x.name, '"', '""') || '"', x.name) AS name FROM pragma_table_xinfo(t.name) AS x WHERE x.hidden <> 1 ORDER BY x.cid)) FROM tab AS t
  UNION ALL SELECT 'column', t.q || '.' || iif(c.name GLOB '*[^A-Za-z0-9_]*', '"' || replace(c.name, '"', '""') || '"', c.name), a.attribute,
      CASE a.attribute WHEN 'exists' THEN 'yes' WHEN 'type' THEN c.type WHEN 'not null' THEN nullif(c."notnull", 0)
        WHEN 'default sql' THEN c.dflt_value WHEN 'primary key' THEN nullif(c.pk, 0)
        WHEN 'generated' THEN CASE c.hidden WHEN 2 THEN 'virtual' WHEN 3 THEN 'stored' END END
    FROM tab AS t JOIN pragma_table_xinfo(t.name) AS c
    JOIN (SELECT 'exists' AS attribute UNION ALL VALUES ('type'), ('not null'), ('default sql'), ('primary key'), ('generated')) AS a
    WHERE c.hidden <> 1
  UNION ALL SELECT 'index', i.tab || '.' || i.qidx, a.attribute,
      CASE a.attribute WHEN 'exists' THEN 'yes' WHEN 'unique' THEN nullif(i.uni, 0) WHEN 'columns' THEN i.cols WHEN 'partial' THEN nullif(i.partial, 0)
        ELSE (SELECT m.sql FROM main.sqlite_schema AS m WHERE m.type = 'index' AND m.name = i.idx) END
    FROM ind AS i JOIN (SELECT 'exists' AS attribute UNION ALL VALUES ('unique'), ('columns'), ('partial'), ('sql')) AS a WHERE i.origin = 'c'
  UNION ALL SELECT 'constraint', tab, CASE origin WHEN 'pk' THEN 'primary key' ELSE 'unique' END || ' (' || cols || ')', 'yes' FROM ind WHERE origin <> 'c'
  UNION ALL SELECT 'constraint', tab, 'foreign key (' || cols || ') references ' || parent || ' (' || refs || ')', 'on update ' || on_update || ' on delete ' || on_delete || ' match ' || "match" FROM fk
  UNION ALL SELECT m.type, CASE m.type WHEN 'trigger' THEN iif(m.tbl_name GLOB '*[^A-Za-z0-9_]*', '"' || replace(m.tbl_name, '"', '""') || '"', m.tbl_name) || '.' ELSE '' END || iif(m.name GLOB '*[^A-Za-z0-9_]*', '"' || replace(m.name, '"', '""') || '"', m.name), a.attribute, CASE a.attribute WHEN 'sql' THEN m.sql ELSE 'yes' END
    FROM main.sqlite_schema AS m JOIN (SELECT 'exists' AS attribute UNION ALL VALUES ('sql')) AS a
    WHERE m.type IN ('view', 'trigger') AND m.tbl_name NOT IN (SELECT value FROM json_each(coalesce(?1, '[]')))
  UNION ALL SELECT 'database', '(this)', 'user_version', user_version FROM pragma_user_version
  UNION ALL SELECT 'database', '(this)', 'application_id', application_id FROM pragma_application_id)
SELECT kind, name, attribute, CAST(value AS TEXT) AS value FROM facts WHERE value IS NOT NULL ORDER BY 1, 2, 3, 4
