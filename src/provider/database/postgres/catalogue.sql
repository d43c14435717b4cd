-- The schema of one PostgreSQL database as rows (kind, name, attribute, value): one row per fact,
-- sorted bytewise. ONE statement, no trailing semicolon, PostgreSQL 12 to 18, reads catalogues only,
-- needs no privilege beyond CONNECT.
--
-- $1 text[]: what to leave out. 'schema.table' (plain or as quote_ident writes it) leaves out a table with
--            everything that hangs on it (columns, indexes, constraints, triggers, owned sequences);
--            'schema.*' leaves out a whole schema. '{}' or NULL: nothing.
-- Always left out: omni's own schemas, the one of the marks and those of stores that are kept in this database.
--
-- Run it in a transaction of its own after these settings, every one of which changes deparsed text:
--   BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
--   SET LOCAL search_path = pg_catalog, pg_temp;   -- pg_temp LAST: else a temp table "pg_class" hides the real one
--   SET LOCAL quote_all_identifiers = off;         SET LOCAL TimeZone = 'UTC';
--   SET LOCAL DateStyle = 'ISO, YMD';              SET LOCAL IntervalStyle = 'postgres';
--   SET LOCAL extra_float_digits = 3;              SET LOCAL bytea_output = 'hex';
--   SET LOCAL lc_monetary = 'C';                   SET LOCAL jit = off;  -- jit: only for time (seconds)
--
-- Rules: a fact whose value is the default of PostgreSQL gives no row (NULL is dropped at the end);
-- every object gives the row ('exists', 'yes'). kind 'column order' stands apart from kind 'column'.
-- attribute 'owner' stands apart from 'grant to …' (there the owner is written '(owner)').
-- No column is named that one of the majors 12 to 18 lacks: those go through to_jsonb(row) ->> 'column', which is dear:
-- where there are many rows, only for those that can have a value.
WITH
skip AS (SELECT coalesce($1::text[], '{}'::text[]) AS names),

-- Members of an extension.
ext AS MATERIALIZED (
  SELECT classid, objid FROM pg_depend
  WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass),

-- Made by the system for another object (functions and casts of range types).
made AS MATERIALIZED (
  SELECT DISTINCT classid, objid FROM pg_depend
  WHERE deptype = 'i' AND classid IN ('pg_proc'::regclass, 'pg_cast'::regclass)),

nsp AS MATERIALIZED (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl, quote_ident(n.nspname) AS name
  FROM pg_namespace n, skip
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND n.nspname <> 'omni' AND n.nspname NOT LIKE 'omni:%'
    AND NOT (n.nspname || '.*' = ANY (skip.names) OR quote_ident(n.nspname) || '.*' = ANY (skip.names))),

skipped AS MATERIALIZED (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, skip
  WHERE n.nspname || '.' || c.relname = ANY (skip.names)
     OR quote_ident(n.nspname) || '.' || quote_ident(c.relname) = ANY (skip.names)),

rel AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, n.name || '.' || quote_ident(c.relname) AS name,
         CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table'
                        WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' END AS kind
  FROM pg_class c JOIN nsp n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    AND c.oid NOT IN (SELECT oid FROM skipped)
    AND NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
    AND NOT EXISTS (SELECT FROM ext e WHERE c.relkind = 'c' AND e.classid = 'pg_type'::regclass AND e.objid = c.reltype)
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass
                      AND d.refobjid IN (SELECT oid FROM skipped))),

col AS MATERIALIZED (
  SELECT a.attrelid, a.attnum, a.attname, a.attacl, r.relowner, r.relkind, r.name AS rel,
         r.name || '.' || quote_ident(a.attname) AS name
  FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'S'),

idx AS MATERIALIZED (
  SELECT c.oid, c.relname, r.oid AS indrelid, r.name || '.' || quote_ident(c.relname) AS name
  FROM rel r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid),

typ AS MATERIALIZED (
  SELECT t.oid, t.typtype, t.typrelid, t.typowner, t.typacl, n.name || '.' || quote_ident(t.typname) AS name,
         CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type'
                        WHEN 'r' THEN 'range type' WHEN 'p' THEN 'shell type' ELSE 'base type' END AS kind
  FROM pg_type t JOIN nsp n ON n.oid = t.typnamespace
  WHERE (t.typtype IN ('e', 'd', 'r', 'p', 'b')
         OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    AND NOT EXISTS (SELECT FROM pg_type e WHERE t.typelem <> 0 AND e.oid = t.typelem AND e.typarray = t.oid)
    AND NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)),

-- A foreign key to a partitioned table has one more row for each partition of the referenced table: left out.
-- Constraints of constraint triggers ('t') are said with the trigger. NOT NULL (18) is keyed by its column,
-- since its name is usually the system's choice; the name is a fact of its own.
con AS MATERIALIZED (
  SELECT o.oid, o.contype, coalesce(r.oid, 0) AS conrelid,
         CASE WHEN o.contypid <> 0 THEN 'domain constraint' WHEN o.contype = 'n' THEN 'not null constraint' ELSE 'constraint' END AS kind,
         coalesce(r.name, t.name) || '.' ||
           quote_ident(CASE WHEN o.contype = 'n' AND o.conrelid <> 0 THEN a.attname ELSE o.conname END) AS name
  FROM pg_constraint o
  LEFT JOIN rel r ON o.conrelid <> 0 AND r.oid = o.conrelid
  LEFT JOIN typ t ON o.contypid <> 0 AND t.oid = o.contypid
  LEFT JOIN pg_constraint p ON o.conparentid <> 0 AND p.oid = o.conparentid
  LEFT JOIN pg_attribute a ON o.contype = 'n' AND a.attrelid = o.conrelid AND a.attnum = o.conkey[1]
  WHERE (r.oid IS NOT NULL OR t.oid IS NOT NULL) AND o.contype <> 't'
    AND NOT (o.contype = 'f' AND p.oid IS NOT NULL AND p.confrelid <> o.confrelid)),

-- Triggers of people: also the clones on partitions, which are marked internal up to 14.
trg AS MATERIALIZED (
  SELECT t.oid, r.name || '.' || quote_ident(t.tgname) AS name
  FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid
  LEFT JOIN pg_constraint o ON t.tgconstraint <> 0 AND o.oid = t.tgconstraint
  WHERE NOT t.tgisinternal OR t.tgconstraint = 0 OR o.contype = 't'),

fun AS MATERIALIZED (
  SELECT p.oid, p.proowner, p.proacl, p.prokind,
         n.name || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')' AS name,
         CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind
  FROM pg_proc p JOIN nsp n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
    AND NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)),

-- Every object once: what it is called, whom it belongs to, who may use it.
-- acltype: the letter that acldefault() wants; NULL for what has no grants.
obj (classid, objid, subid, kind, name, owner, acl, acltype) AS MATERIALIZED (
  SELECT 'pg_namespace'::regclass::oid, oid, 0, 'schema', name, nspowner, nspacl, 'n'::"char" FROM nsp
    WHERE NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = nsp.oid)
  UNION ALL SELECT 'pg_class'::regclass, oid, 0, kind, name, relowner, relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char"
    FROM rel WHERE relkind <> 'c'
  UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, 'column', name, NULL, attacl, NULL FROM col
  UNION ALL SELECT 'pg_class'::regclass, oid, 0, 'index', name, NULL, NULL, NULL FROM idx
  UNION ALL SELECT 'pg_type'::regclass, oid, 0, kind, name, typowner, typacl, 'T' FROM typ
  UNION ALL SELECT 'pg_constraint'::regclass, oid, 0, kind, name, NULL, NULL, NULL FROM con
  UNION ALL SELECT 'pg_trigger'::regclass, oid, 0, 'trigger', name, NULL, NULL, NULL FROM trg
  UNION ALL SELECT 'pg_proc'::regclass, oid, 0, kind, name, proowner, proacl, 'f' FROM fun
  UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, 0, 'rule', r.name || '.' || quote_ident(w.rulename), NULL, NULL, NULL
    FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
  UNION ALL SELECT 'pg_policy'::regclass, p.oid, 0, 'policy', r.name || '.' || quote_ident(p.polname), NULL, NULL, NULL
    FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid, 0, 'statistics', n.name || '.' || quote_ident(s.stxname), s.stxowner, NULL, NULL
    FROM pg_statistic_ext s JOIN nsp n ON n.oid = s.stxnamespace WHERE s.stxrelid IN (SELECT oid FROM rel)
  UNION ALL SELECT 'pg_collation'::regclass, c.oid, 0, 'collation', n.name || '.' || quote_ident(c.collname), c.collowner, NULL, NULL
    FROM pg_collation c JOIN nsp n ON n.oid = c.collnamespace
  UNION ALL SELECT 'pg_conversion'::regclass, c.oid, 0, 'conversion', n.name || '.' || quote_ident(c.conname), c.conowner, NULL, NULL
    FROM pg_conversion c JOIN nsp n ON n.oid = c.connamespace
  UNION ALL SELECT 'pg_operator'::regclass, o.oid, 0, 'operator',
      n.name || '.' || o.oprname || '(' || coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE') || ', '
        || coalesce(format_type(nullif(o.oprright, 0), NULL), 'NONE') || ')', o.oprowner, NULL, NULL
    FROM pg_operator o JOIN nsp n ON n.oid = o.oprnamespace
  UNION ALL SELECT 'pg_opclass'::regclass, o.oid, 0, 'operator class', n.name || '.' || quote_ident(o.opcname) || ' using ' || m.amname, o.opcowner, NULL, NULL
    FROM pg_opclass o JOIN nsp n ON n.oid = o.opcnamespace JOIN pg_am m ON m.oid = o.opcmethod
  UNION ALL SELECT 'pg_opfamily'::regclass, o.oid, 0, 'operator family', n.name || '.' || quote_ident(o.opfname) || ' using ' || m.amname, o.opfowner, NULL, NULL
    FROM pg_opfamily o JOIN nsp n ON n.oid = o.opfnamespace JOIN pg_am m ON m.oid = o.opfmethod
  UNION ALL SELECT 'pg_ts_config'::regclass, c.oid, 0, 'text search configuration', n.name || '.' || quote_ident(c.cfgname), c.cfgowner, NULL, NULL
    FROM pg_ts_config c JOIN nsp n ON n.oid = c.cfgnamespace
  UNION ALL SELECT 'pg_ts_dict'::regclass, d.oid, 0, 'text search dictionary', n.name || '.' || quote_ident(d.dictname), d.dictowner, NULL, NULL
    FROM pg_ts_dict d JOIN nsp n ON n.oid = d.dictnamespace
  UNION ALL SELECT 'pg_ts_parser'::regclass, p.oid, 0, 'text search parser', n.name || '.' || quote_ident(p.prsname), NULL, NULL, NULL
    FROM pg_ts_parser p JOIN nsp n ON n.oid = p.prsnamespace
  UNION ALL SELECT 'pg_ts_template'::regclass, t.oid, 0, 'text search template', n.name || '.' || quote_ident(t.tmplname), NULL, NULL, NULL
    FROM pg_ts_template t JOIN nsp n ON n.oid = t.tmplnamespace
  -- What belongs to no schema: the system's own have an OID below 16384.
  UNION ALL SELECT 'pg_cast'::regclass, c.oid, 0, 'cast', format_type(c.castsource, NULL) || ' as ' || format_type(c.casttarget, NULL), NULL, NULL, NULL
    FROM pg_cast c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_cast'::regclass AND m.objid = c.oid)
  UNION ALL SELECT 'pg_transform'::regclass, t.oid, 0, 'transform', format_type(t.trftype, NULL) || ' for ' || l.lanname, NULL, NULL, NULL
    FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE t.oid >= 16384
  UNION ALL SELECT 'pg_language'::regclass, l.oid, 0, 'language', quote_ident(l.lanname), l.lanowner, l.lanacl, 'l' FROM pg_language l WHERE l.oid >= 16384
  UNION ALL SELECT 'pg_am'::regclass, m.oid, 0, 'access method', quote_ident(m.amname), NULL, NULL, NULL FROM pg_am m WHERE m.oid >= 16384
  UNION ALL SELECT 'pg_event_trigger'::regclass, e.oid, 0, 'event trigger', quote_ident(e.evtname), e.evtowner, NULL, NULL FROM pg_event_trigger e
  UNION ALL SELECT 'pg_extension'::regclass, e.oid, 0, 'extension', quote_ident(e.extname), e.extowner, NULL, NULL FROM pg_extension e
  UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, f.oid, 0, 'foreign data wrapper', quote_ident(f.fdwname), f.fdwowner, f.fdwacl, 'F' FROM pg_foreign_data_wrapper f
  UNION ALL SELECT 'pg_foreign_server'::regclass, s.oid, 0, 'server', quote_ident(s.srvname), s.srvowner, s.srvacl, 'S' FROM pg_foreign_server s
  UNION ALL SELECT 'pg_publication'::regclass, p.oid, 0, 'publication', quote_ident(p.pubname), p.pubowner, NULL, NULL FROM pg_publication p
  UNION ALL SELECT 'pg_database'::regclass, d.oid, 0, 'database', '(this)', d.datdba, d.datacl, 'd' FROM pg_database d WHERE d.datname = current_database()),

own AS MATERIALIZED (
  SELECT o.* FROM obj o WHERE NOT EXISTS (SELECT FROM ext e WHERE e.classid = o.classid AND e.objid = o.objid)),

facts (kind, name, attribute, value) AS (
  SELECT kind, name, 'exists', 'yes' FROM own
  UNION ALL SELECT kind, name, 'owner', quote_ident(pg_get_userbyid(owner)) FROM own WHERE owner IS NOT NULL
  UNION ALL SELECT o.kind, o.name, 'comment', d.description
    FROM own o JOIN pg_description d ON d.classoid = o.classid AND d.objoid = o.objid AND d.objsubid = o.subid
  UNION ALL SELECT o.kind, o.name, 'comment', d.description
    FROM own o JOIN pg_shdescription d ON d.classoid = o.classid AND d.objoid = o.objid
  UNION ALL SELECT o.kind, o.name, 'security label of ' || l.provider, l.label
    FROM own o JOIN pg_seclabel l ON l.classoid = o.classid AND l.objoid = o.objid AND l.objsubid = o.subid
  UNION ALL SELECT o.kind, o.name, 'depends on extension', string_agg(quote_ident(x.extname), ', ' ORDER BY x.extname)
    FROM own o JOIN pg_depend d ON d.classid = o.classid AND d.objid = o.objid AND d.objsubid = o.subid AND d.deptype = 'x'
    JOIN pg_extension x ON d.refclassid = 'pg_extension'::regclass AND x.oid = d.refobjid
    GROUP BY o.kind, o.name

  -- Grants. No ACL means the built-in one: both are written out, so GRANT and REVOKE come back to the same rows.
  -- An asterisk: with grant option.
  UNION ALL SELECT g.kind, g.name, g.attribute, string_agg(g.privilege, ', ' ORDER BY g.privilege COLLATE "C")
    FROM (SELECT o.kind, o.name, o.objid, o.classid, o.subid,
                 'grant to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN o.owner THEN '(owner)' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
                   || CASE WHEN o.owner <> a.grantor THEN ' by ' || quote_ident(pg_get_userbyid(a.grantor)) ELSE '' END AS attribute,
                 a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END AS privilege
          FROM (SELECT o.classid, o.objid, o.subid, o.kind, o.name, coalesce(o.owner, c.relowner) AS owner,
                       coalesce(o.acl, acldefault(o.acltype, o.owner)) AS acl
                FROM own o LEFT JOIN col c ON o.subid <> 0 AND o.classid = 'pg_class'::regclass AND c.attrelid = o.objid AND c.attnum = o.subid
                WHERE o.acl IS NOT NULL OR o.acltype IS NOT NULL) o
          CROSS JOIN LATERAL aclexplode(o.acl) a) g
    GROUP BY g.classid, g.objid, g.subid, g.kind, g.name, g.attribute

  -- Grants that people changed on what the system or an extension brought.
  UNION ALL SELECT 'grants on system object', i.type || ' ' || i.identity, 'grants', s.acl::text
    FROM (SELECT 'pg_class'::regclass::oid AS classid, oid, relacl AS acl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) AS base FROM pg_class WHERE relacl IS NOT NULL AND relnamespace <> 'pg_toast'::regnamespace AND relnamespace <> 'information_schema'::regnamespace
          UNION ALL SELECT 'pg_proc'::regclass, oid, proacl, acldefault('f', proowner) FROM pg_proc WHERE proacl IS NOT NULL
          UNION ALL SELECT 'pg_type'::regclass, oid, typacl, acldefault('T', typowner) FROM pg_type WHERE typacl IS NOT NULL
          UNION ALL SELECT 'pg_language'::regclass, oid, lanacl, acldefault('l', lanowner) FROM pg_language WHERE lanacl IS NOT NULL
          UNION ALL SELECT 'pg_namespace'::regclass, oid, nspacl, acldefault('n', nspowner) FROM pg_namespace WHERE nspacl IS NOT NULL AND nspname !~ '^pg_(toast|temp)' AND nspname NOT IN ('public', 'information_schema')
         ) w
    LEFT JOIN pg_init_privs p ON p.classoid = w.classid AND p.objoid = w.oid AND p.objsubid = 0
    CROSS JOIN LATERAL (SELECT array_agg(x::text ORDER BY x::text COLLATE "C") AS acl FROM unnest(w.acl) x) s
    CROSS JOIN LATERAL (SELECT array_agg(x::text ORDER BY x::text COLLATE "C") AS acl FROM unnest(coalesce(p.initprivs, w.base)) x) b
    CROSS JOIN LATERAL pg_identify_object(w.classid, w.oid, 0) i
    WHERE (w.oid < 16384 OR EXISTS (SELECT FROM ext e WHERE e.classid = w.classid AND e.objid = w.oid))
      AND w.acl IS DISTINCT FROM coalesce(p.initprivs, w.base) AND s.acl IS DISTINCT FROM b.acl

  UNION ALL SELECT 'default privileges', d.name, f.attribute, f.value
    FROM (SELECT 'for role ' || quote_ident(pg_get_userbyid(a.defaclrole)) || coalesce(' in schema ' || n.name, '') || ' on '
                   || CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                           WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' ELSE a.defaclobjtype::text END AS name,
                 a.defaclacl AS acl, a.defaclrole AS role
          FROM pg_default_acl a LEFT JOIN nsp n ON n.oid = a.defaclnamespace
          WHERE a.defaclnamespace = 0 OR n.oid IS NOT NULL) d
    CROSS JOIN LATERAL (
      SELECT 'exists' AS attribute, 'yes' AS value
      UNION ALL SELECT 'grant to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN d.role THEN '(owner)' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                       string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY a.privilege_type COLLATE "C")
                FROM aclexplode(d.acl) a GROUP BY a.grantee) f

  -- Tables, views, materialized views, foreign tables (and what of it sequences have).
  UNION ALL SELECT r.kind, r.name, f.attribute, f.value
    FROM rel r JOIN pg_class c ON c.oid = r.oid
    LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
    LEFT JOIN pg_am m ON m.oid = c.relam
    LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
    CROSS JOIN LATERAL (VALUES
      ('partitioned', CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END),
      ('persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END),
      (CASE WHEN c.relispartition THEN 'partition of' ELSE 'inherits' END,
        (SELECT string_agg(h.inhparent::regclass::text || CASE to_jsonb(h) ->> 'inhdetachpending' WHEN 'true' THEN ' (detach pending)' ELSE '' END, ', ' ORDER BY h.inhseqno)
         FROM pg_inherits h WHERE h.inhrelid = c.oid)),
      ('partition bound', pg_get_expr(c.relpartbound, c.oid)),
      ('of type', CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END),
      ('row security', CASE WHEN c.relrowsecurity THEN 'on' END),
      ('row security forced', CASE WHEN c.relforcerowsecurity THEN 'on' END),
      ('options', CASE WHEN c.reloptions IS NOT NULL THEN (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) o) END),
      ('toast options', CASE WHEN toast.reloptions IS NOT NULL THEN (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(toast.reloptions) o) END),
      ('access method', m.amname::text),
      ('tablespace', quote_ident(s.spcname)),
      ('replica identity', CASE WHEN c.relkind IN ('r', 'p', 'm') THEN CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN 'index' END END),
      ('definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END),
      ('populated', CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'no' END)
    ) AS f (attribute, value)
    WHERE c.relkind <> 'c'
  UNION ALL SELECT r.kind, r.name, f.attribute, f.value
    FROM rel r JOIN pg_foreign_table t ON t.ftrelid = r.oid JOIN pg_foreign_server s ON s.oid = t.ftserver
    CROSS JOIN LATERAL (VALUES
      ('server', quote_ident(s.srvname)),
      ('foreign options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(t.ftoptions) o))
    ) AS f (attribute, value)

  -- Columns. Their order is a fact apart; that of views is in their definition.
  UNION ALL SELECT 'column order', rel, 'columns', string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    FROM col WHERE relkind NOT IN ('v', 'm') GROUP BY rel
  UNION ALL SELECT 'column', c.name, f.attribute, f.value
    FROM col c JOIN pg_attribute a ON a.attrelid = c.attrelid AND a.attnum = c.attnum
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON a.attcollation <> t.typcollation AND l.oid = a.attcollation
    LEFT JOIN pg_namespace ln ON ln.oid = l.collnamespace
    -- where a major lacks the column, its name is taken for this one
    CROSS JOIN (SELECT ''::"char" AS attcompression) AS lacking
    CROSS JOIN LATERAL (
      SELECT 'type', format_type(a.atttypid, a.atttypmod)
      UNION ALL SELECT 'not null', 'yes' WHERE a.attnotnull
      UNION ALL SELECT 'default', pg_get_expr(d.adbin, d.adrelid) WHERE a.attgenerated = '' AND d.adbin IS NOT NULL
      UNION ALL SELECT 'compression', x.attcompression::text                                                  -- 14; no other has one
        FROM (SELECT (SELECT attcompression FROM pg_attribute y WHERE y.attrelid = a.attrelid AND y.attnum = a.attnum)) AS x (attcompression)
        WHERE t.typlen = -1 AND x.attcompression <> ''
      -- what hardly any column has
      UNION ALL SELECT r.attribute, r.value FROM (VALUES
        ('collation', quote_ident(ln.nspname) || '.' || quote_ident(l.collname)),
        ('generated', CASE a.attgenerated WHEN '' THEN NULL WHEN 's' THEN 'stored ' ELSE 'virtual ' END || pg_get_expr(d.adbin, d.adrelid)),
        ('identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END),
        ('inherited', CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN 'yes, and its own' ELSE 'yes' END END),
        ('statistics target', nullif(a.attstattarget, -1)::text),                                          -- NULL from 17 on
        ('storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END),
        ('options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) o)),
        ('foreign options', (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attfdwoptions) o))
        ) AS r (attribute, value)
        WHERE l.oid IS NOT NULL OR a.attgenerated <> '' OR a.attidentity <> '' OR a.attinhcount > 0 OR a.attstattarget <> -1
          OR a.attstorage <> t.typstorage OR a.attoptions IS NOT NULL OR a.attfdwoptions IS NOT NULL
    ) AS f (attribute, value)

  UNION ALL SELECT c.kind, c.name, f.attribute, f.value
    FROM con c JOIN pg_constraint o ON o.oid = c.oid
    CROSS JOIN LATERAL (VALUES
      ('definition', regexp_replace(pg_get_constraintdef(o.oid), ' NOT VALID$', '')),  -- says deferrable, NO INHERIT, NOT ENFORCED (18)
      ('validated', CASE WHEN NOT o.convalidated THEN 'no' END),
      ('name', CASE WHEN c.kind = 'not null constraint' THEN quote_ident(o.conname) END),
      ('inherited', CASE WHEN o.coninhcount > 0 OR o.conparentid <> 0 THEN CASE WHEN o.conislocal THEN 'yes, and its own' ELSE 'yes' END END),
      ('triggers', (SELECT string_agg(DISTINCT CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE 'on' END, ', ')
                    FROM pg_trigger t WHERE o.contype IN ('f', 'p', 'u', 'x') AND t.tgconstraint = o.oid AND t.tgisinternal
                    HAVING bool_or(t.tgenabled <> 'O')))
    ) AS f (attribute, value)

  UNION ALL SELECT 'index', x.name, f.attribute, f.value
    FROM idx x JOIN pg_index i ON i.indexrelid = x.oid JOIN pg_class c ON c.oid = x.oid
    LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
    CROSS JOIN LATERAL (VALUES
      ('definition', pg_get_indexdef(x.oid)),
      ('valid', CASE WHEN NOT i.indisvalid THEN 'no' END),
      ('ready', CASE WHEN NOT i.indisready THEN 'no' END),
      ('live', CASE WHEN NOT i.indislive THEN 'no' END),
      ('clustered', CASE WHEN i.indisclustered THEN 'yes' END),
      ('replica identity', CASE WHEN i.indisreplident THEN 'yes' END),
      ('tablespace', quote_ident(s.spcname)),
      ('partition of', CASE WHEN c.relispartition THEN (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = x.oid) END),
      ('backs constraint', CASE WHEN i.indisunique OR i.indisexclusion THEN
        (SELECT min(quote_ident(o.conname)) FROM pg_constraint o WHERE o.conindid = x.oid AND o.conrelid = x.indrelid AND o.contype IN ('p', 'u', 'x')) END),
      -- only an expression can have one
      ('statistics targets', CASE WHEN i.indexprs IS NOT NULL THEN
        (SELECT string_agg(a.attnum || ' ' || a.attstattarget, ', ' ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget <> -1) END)
    ) AS f (attribute, value)

  -- Sequences: not their position, which is data.
  UNION ALL SELECT 'sequence', r.name, f.attribute, f.value
    FROM rel r JOIN pg_sequence s ON s.seqrelid = r.oid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.objsubid = 0
                         AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN col c ON c.attrelid = d.refobjid AND c.attnum = d.refobjsubid
    CROSS JOIN LATERAL (VALUES
      ('type', format_type(s.seqtypid, NULL)), ('start', s.seqstart::text), ('increment', s.seqincrement::text),
      ('minimum', s.seqmin::text), ('maximum', s.seqmax::text), ('cache', s.seqcache::text),
      ('cycle', CASE WHEN s.seqcycle THEN 'yes' END),
      (CASE d.deptype WHEN 'i' THEN 'identity of' ELSE 'owned by' END, c.name)
    ) AS f (attribute, value)

  UNION ALL SELECT n.kind, n.name, f.attribute, f.value
    FROM fun n JOIN pg_proc p ON p.oid = n.oid JOIN pg_language l ON l.oid = p.prolang
    CROSS JOIN LATERAL (VALUES
      ('arguments', pg_get_function_arguments(p.oid)),
      ('result', pg_get_function_result(p.oid)),
      ('language', quote_ident(l.lanname)),
      ('window', CASE p.prokind WHEN 'w' THEN 'yes' END),
      ('body', CASE WHEN p.prokind = 'a' THEN NULL
                    WHEN to_jsonb(p) ->> 'prosqlbody' IS NOT NULL THEN regexp_replace(pg_get_functiondef(p.oid), '^.*?\n\s*(BEGIN ATOMIC|RETURN )', '\1')  -- 14
                    ELSE p.prosrc END),
      ('library', p.probin::text),
      ('volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END),
      ('parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END),
      ('strict', CASE WHEN p.proisstrict THEN 'yes' END),
      ('security definer', CASE WHEN p.prosecdef THEN 'yes' END),
      ('leakproof', CASE WHEN p.proleakproof THEN 'yes' END),
      ('cost', p.procost::text),
      ('rows', CASE WHEN p.proretset THEN p.prorows::text END),
      ('support', CASE WHEN p.prosupport <> 0 THEN p.prosupport::oid::regprocedure::text END),
      ('transforms', (SELECT string_agg(format_type(x, NULL), ', ' ORDER BY o) FROM unnest(p.protrftypes) WITH ORDINALITY u (x, o))),
      ('settings', (SELECT string_agg(o, E'\n' ORDER BY o COLLATE "C") FROM unnest(p.proconfig) o))
    ) AS f (attribute, value)
  UNION ALL SELECT n.kind, n.name, 'definition',
      (to_jsonb(g) - '{aggfnoid,aggtransfn,aggfinalfn,aggcombinefn,aggserialfn,aggdeserialfn,aggmtransfn,aggminvtransfn,aggmfinalfn,aggsortop,aggtranstype,aggmtranstype}'::text[]
       || jsonb_build_object('transition', g.aggtransfn::oid::regprocedure, 'final', g.aggfinalfn::oid::regprocedure, 'combine', g.aggcombinefn::oid::regprocedure,
            'serial', g.aggserialfn::oid::regprocedure, 'deserial', g.aggdeserialfn::oid::regprocedure, 'moving', g.aggmtransfn::oid::regprocedure,
            'inverse', g.aggminvtransfn::oid::regprocedure, 'moving final', g.aggmfinalfn::oid::regprocedure, 'sort', g.aggsortop::regoperator,
            'type', format_type(g.aggtranstype, NULL), 'moving type', format_type(nullif(g.aggmtranstype, 0), NULL)))::text
    FROM fun n JOIN pg_aggregate g ON g.aggfnoid = n.oid

  UNION ALL SELECT 'trigger', n.name, f.attribute, f.value
    FROM trg n JOIN pg_trigger t ON t.oid = n.oid
    CROSS JOIN LATERAL (VALUES
      ('definition', pg_get_triggerdef(t.oid)),
      ('enabled', CASE t.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END),
      ('inherited', CASE WHEN t.tgisinternal OR coalesce(to_jsonb(t) ->> 'tgparentid', '0') <> '0' THEN 'yes' END)  -- 13
    ) AS f (attribute, value)
  UNION ALL SELECT o.kind, o.name, f.attribute, f.value
    FROM own o JOIN pg_event_trigger e ON o.classid = 'pg_event_trigger'::regclass AND e.oid = o.objid
    CROSS JOIN LATERAL (VALUES
      ('definition', e.evtevent || ' ' || e.evtfoid::regprocedure || coalesce(' when tag in ' || (SELECT string_agg(x, ', ' ORDER BY x COLLATE "C") FROM unnest(e.evttags) x), '')),
      ('enabled', CASE e.evtenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)
    ) AS f (attribute, value)
  UNION ALL SELECT o.kind, o.name, f.attribute, f.value
    FROM own o JOIN pg_rewrite w ON o.classid = 'pg_rewrite'::regclass AND w.oid = o.objid
    CROSS JOIN LATERAL (VALUES
      ('definition', pg_get_ruledef(w.oid)),
      ('enabled', CASE w.ev_enabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END)
    ) AS f (attribute, value)
  UNION ALL SELECT o.kind, o.name, f.attribute, f.value
    FROM own o JOIN pg_policy p ON o.classid = 'pg_policy'::regclass AND p.oid = o.objid
    CROSS JOIN LATERAL (VALUES
      ('command', CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END),
      ('restrictive', CASE WHEN NOT p.polpermissive THEN 'yes' END),
      ('roles', (SELECT string_agg(n, ', ' ORDER BY n COLLATE "C") FROM (SELECT CASE x WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x)) END AS n FROM unnest(p.polroles) x) u)),
      ('using', pg_get_expr(p.polqual, p.polrelid)),
      ('check', pg_get_expr(p.polwithcheck, p.polrelid))
    ) AS f (attribute, value)
  UNION ALL SELECT o.kind, o.name, f.attribute, f.value
    FROM own o JOIN pg_statistic_ext s ON o.classid = 'pg_statistic_ext'::regclass AND s.oid = o.objid
    CROSS JOIN LATERAL (VALUES
      ('definition', pg_get_statisticsobjdef(s.oid)),
      ('statistics target', nullif(to_jsonb(s) ->> 'stxstattarget', '-1'))            -- 13
    ) AS f (attribute, value)

  -- Types.
  UNION ALL SELECT t.kind, t.name, 'labels', (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
    FROM typ t WHERE t.typtype = 'e'
  UNION ALL SELECT t.kind, t.name, f.attribute, f.value
    FROM typ t JOIN pg_type p ON p.oid = t.oid JOIN pg_type b ON b.oid = p.typbasetype
    LEFT JOIN pg_collation l ON p.typcollation <> b.typcollation AND l.oid = p.typcollation
    LEFT JOIN pg_namespace ln ON ln.oid = l.collnamespace
    CROSS JOIN LATERAL (VALUES
      ('type', format_type(p.typbasetype, p.typtypmod)),
      ('collation', quote_ident(ln.nspname) || '.' || quote_ident(l.collname)),
      ('not null', CASE WHEN p.typnotnull THEN 'yes' END),
      ('default', pg_get_expr(p.typdefaultbin, 0))  -- not typdefault: that text is of the search_path at creation
    ) AS f (attribute, value)
    WHERE t.typtype = 'd'
  UNION ALL SELECT t.kind, t.name, f.attribute, f.value
    FROM typ t JOIN pg_range r ON r.rngtypid = t.oid
    JOIN pg_opclass c ON c.oid = r.rngsubopc JOIN pg_namespace cn ON cn.oid = c.opcnamespace
    LEFT JOIN pg_collation l ON r.rngcollation <> 0 AND l.oid = r.rngcollation LEFT JOIN pg_namespace ln ON ln.oid = l.collnamespace
    CROSS JOIN LATERAL (VALUES
      ('type', format_type(r.rngsubtype, NULL)),
      ('operator class', quote_ident(cn.nspname) || '.' || quote_ident(c.opcname)),
      ('collation', quote_ident(ln.nspname) || '.' || quote_ident(l.collname)),
      ('canonical', CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::oid::regprocedure::text END),
      ('difference', CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::oid::regprocedure::text END),
      ('multirange', format_type((to_jsonb(r) ->> 'rngmultitypid')::oid, NULL))       -- 14
    ) AS f (attribute, value)
  UNION ALL SELECT t.kind, t.name, 'definition', to_jsonb(x)::text
    FROM typ t CROSS JOIN LATERAL (
      SELECT p.typlen, p.typbyval, p.typcategory, p.typispreferred, p.typdelim, p.typalign, p.typstorage, p.typdefault, p.typcollation <> 0 AS collatable,
             p.typinput::oid::regprocedure AS input, p.typoutput::oid::regprocedure AS output, p.typreceive::oid::regprocedure AS receive, p.typsend::oid::regprocedure AS send,
             p.typmodin::oid::regprocedure AS modin, p.typmodout::oid::regprocedure AS modout, format_type(nullif(p.typelem, 0), NULL) AS element
      FROM pg_type p WHERE p.oid = t.oid) x
    WHERE t.typtype = 'b'
  -- not collversion: it is the machine's. colliculocale (15), colllocale (17), collicurules (16) come by themselves.
  UNION ALL SELECT o.kind, o.name, 'definition', (jsonb_strip_nulls(to_jsonb(c)) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text
    FROM own o JOIN pg_collation c ON o.classid = 'pg_collation'::regclass AND c.oid = o.objid
  UNION ALL SELECT o.kind, o.name, 'definition', pg_encoding_to_char(c.conforencoding) || ' to ' || pg_encoding_to_char(c.contoencoding) || ' ' || c.conproc::oid::regprocedure || CASE WHEN c.condefault THEN ' default' ELSE '' END
    FROM own o JOIN pg_conversion c ON o.classid = 'pg_conversion'::regclass AND c.oid = o.objid

  -- Casts, operators and their classes, transforms, languages, access methods.
  UNION ALL SELECT o.kind, o.name, 'definition',
      CASE c.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' ELSE 'explicit' END || ' '
        || CASE c.castmethod WHEN 'f' THEN c.castfunc::regprocedure::text WHEN 'i' THEN 'inout' ELSE 'binary' END
    FROM own o JOIN pg_cast c ON o.classid = 'pg_cast'::regclass AND c.oid = o.objid
  UNION ALL SELECT o.kind, o.name, 'definition',
      jsonb_build_object('function', p.oprcode::oid::regprocedure, 'commutator', p.oprcom::regoperator, 'negator', p.oprnegate::regoperator, 'restrict', p.oprrest::oid::regprocedure,
        'join', p.oprjoin::oid::regprocedure, 'merges', p.oprcanmerge, 'hashes', p.oprcanhash)::text
    FROM own o JOIN pg_operator p ON o.classid = 'pg_operator'::regclass AND p.oid = o.objid
  UNION ALL SELECT o.kind, o.name, 'definition',
      format_type(c.opcintype, NULL) || CASE WHEN c.opckeytype <> 0 THEN ' storage ' || format_type(c.opckeytype, NULL) ELSE '' END
        || ' family ' || quote_ident(n.nspname) || '.' || quote_ident(m.opfname) || CASE WHEN c.opcdefault THEN ' default' ELSE '' END
    FROM own o JOIN pg_opclass c ON o.classid = 'pg_opclass'::regclass AND c.oid = o.objid JOIN pg_opfamily m ON m.oid = c.opcfamily JOIN pg_namespace n ON n.oid = m.opfnamespace
  UNION ALL SELECT o.kind, o.name, 'operators and functions', string_agg(x.item, ', ' ORDER BY x.item COLLATE "C")
    FROM own o CROSS JOIN LATERAL (
      SELECT 'operator ' || a.amopstrategy || ' ' || a.amopopr::regoperator || CASE a.amoppurpose WHEN 'o' THEN ' for order' ELSE '' END AS item FROM pg_amop a WHERE a.amopfamily = o.objid
      UNION ALL SELECT 'function ' || a.amprocnum || ' (' || format_type(a.amproclefttype, NULL) || ', ' || format_type(a.amprocrighttype, NULL) || ') ' || a.amproc::oid::regprocedure FROM pg_amproc a WHERE a.amprocfamily = o.objid) x
    WHERE o.classid = 'pg_opfamily'::regclass GROUP BY o.kind, o.name
  UNION ALL SELECT o.kind, o.name, 'definition', 'from ' || t.trffromsql::oid::regprocedure || ' to ' || t.trftosql::oid::regprocedure
    FROM own o JOIN pg_transform t ON o.classid = 'pg_transform'::regclass AND t.oid = o.objid
  UNION ALL SELECT o.kind, o.name, 'definition', CASE WHEN l.lanpltrusted THEN 'trusted ' ELSE '' END || l.lanplcallfoid::regprocedure || ' ' || l.laninline::regprocedure || ' ' || l.lanvalidator::regprocedure
    FROM own o JOIN pg_language l ON o.classid = 'pg_language'::regclass AND l.oid = o.objid
  UNION ALL SELECT o.kind, o.name, 'definition', CASE m.amtype WHEN 'i' THEN 'index ' ELSE 'table ' END || m.amhandler::oid::regprocedure
    FROM own o JOIN pg_am m ON o.classid = 'pg_am'::regclass AND m.oid = o.objid

  -- Text search.
  UNION ALL SELECT o.kind, o.name, f.attribute, f.value
    FROM own o JOIN pg_ts_config c ON o.classid = 'pg_ts_config'::regclass AND c.oid = o.objid
    CROSS JOIN LATERAL (
      SELECT 'parser' AS attribute, quote_ident(n.nspname) || '.' || quote_ident(p.prsname) AS value
      FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE p.oid = c.cfgparser
      UNION ALL SELECT 'mapping of ' || k.alias, string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno)
      FROM pg_ts_config_map m JOIN LATERAL ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype WHERE m.mapcfg = c.oid GROUP BY k.alias) f
  UNION ALL SELECT o.kind, o.name, 'definition', quote_ident(n.nspname) || '.' || quote_ident(t.tmplname) || coalesce(' ' || d.dictinitoption, '')
    FROM own o JOIN pg_ts_dict d ON o.classid = 'pg_ts_dict'::regclass AND d.oid = o.objid JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace n ON n.oid = t.tmplnamespace

  -- Extensions, foreign data, replication, the database's settings.
  UNION ALL SELECT 'extension', quote_ident(e.extname), f.attribute, f.value
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    CROSS JOIN LATERAL (VALUES ('version', e.extversion), ('schema', quote_ident(n.nspname))) AS f (attribute, value)
  UNION ALL SELECT o.kind, o.name, f.attribute, f.value
    FROM own o JOIN pg_foreign_data_wrapper w ON o.classid = 'pg_foreign_data_wrapper'::regclass AND w.oid = o.objid
    CROSS JOIN LATERAL (VALUES
      ('handler', CASE WHEN w.fdwhandler <> 0 THEN w.fdwhandler::regprocedure::text END),
      ('validator', CASE WHEN w.fdwvalidator <> 0 THEN w.fdwvalidator::regprocedure::text END),
      ('options', (SELECT string_agg(x, ', ' ORDER BY x COLLATE "C") FROM unnest(w.fdwoptions) x))
    ) AS f (attribute, value)
  UNION ALL SELECT o.kind, o.name, f.attribute, f.value
    FROM own o JOIN pg_foreign_server s ON o.classid = 'pg_foreign_server'::regclass AND s.oid = o.objid JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    CROSS JOIN LATERAL (VALUES
      ('wrapper', quote_ident(w.fdwname)), ('type', s.srvtype), ('version', s.srvversion),
      ('options', (SELECT string_agg(CASE WHEN x ~* '^[^=]*(pass|secret|token|key)[^=]*=' THEN split_part(x, '=', 1) || '=(hidden)' ELSE x END, ', ' ORDER BY x COLLATE "C") FROM unnest(s.srvoptions) x))
    ) AS f (attribute, value)
  -- names of the options only: values are passwords
  UNION ALL SELECT 'user mapping', quote_ident(u.usename) || ' on ' || quote_ident(u.srvname), f.attribute, f.value
    FROM pg_user_mappings u CROSS JOIN LATERAL (VALUES
      ('exists', 'yes'),
      ('options', (SELECT string_agg(split_part(x, '=', 1), ', ' ORDER BY split_part(x, '=', 1) COLLATE "C") FROM unnest(u.umoptions) x))
    ) AS f (attribute, value)
  -- pubviaroot (13), pubgencols (18) come by themselves
  UNION ALL SELECT 'publication', quote_ident(p.pubname), 'definition', (to_jsonb(p) - '{oid,pubname,pubowner}'::text[])::text FROM pg_publication p
  -- row filter and column list came with 15; no function takes a node tree as text, hence the query in a string
  UNION ALL SELECT 'publication', quote_ident(p.pubname), 'table ' || r.name,
      'published'
        || coalesce(' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) FROM jsonb_array_elements_text(nullif(to_jsonb(pr) -> 'prattrs', 'null')) x JOIN pg_attribute a ON a.attrelid = pr.prrelid AND a.attnum = x::int2) || ')', '')
        || CASE WHEN to_jsonb(pr) ->> 'prqual' IS NOT NULL THEN ' where ' || replace(replace(replace(btrim(regexp_replace(query_to_xml(
             'SELECT pg_get_expr(prqual, prrelid) AS q FROM pg_catalog.pg_publication_rel WHERE oid = ' || pr.oid, false, true, '')::text, '</?(row|q)[^>]*>', '', 'g'), E' \n'), '&lt;', '<'), '&gt;', '>'), '&amp;', '&') ELSE '' END
    FROM pg_publication p JOIN pg_publication_rel pr ON pr.prpubid = p.oid JOIN rel r ON r.oid = pr.prrelid
  -- pg_publication_namespace came with 15: known here only through pg_depend
  UNION ALL SELECT 'publication', quote_ident(p.pubname), 'schema ' || n.name, 'published'
    FROM pg_depend d JOIN pg_depend e ON e.classid = d.classid AND e.objid = d.objid AND e.refclassid = 'pg_namespace'::regclass
    JOIN pg_publication p ON p.oid = d.refobjid JOIN nsp n ON n.oid = e.refobjid
    WHERE d.classid = to_regclass('pg_catalog.pg_publication_namespace') AND d.refclassid = 'pg_publication'::regclass
  -- only the columns that everybody may read, in every major: not subconninfo, and not oid (12, 13)
  UNION ALL SELECT 'subscription', quote_ident(s.subname), f.attribute, f.value
    FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()
    CROSS JOIN LATERAL (VALUES
      ('exists', 'yes'), ('owner', quote_ident(pg_get_userbyid(s.subowner))), ('enabled', CASE WHEN NOT s.subenabled THEN 'no' END), ('slot', s.subslotname::text),
      ('publications', (SELECT string_agg(quote_ident(x), ', ' ORDER BY x COLLATE "C") FROM unnest(s.subpublications) x))
    ) AS f (attribute, value)
  UNION ALL SELECT 'database', '(this)', 'setting ' || split_part(x, '=', 1) || CASE s.setrole WHEN 0 THEN '' ELSE ' for ' || quote_ident(pg_get_userbyid(s.setrole)) END, substr(x, strpos(x, '=') + 1)
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database() CROSS JOIN LATERAL unnest(s.setconfig) x)

SELECT kind COLLATE "C" AS kind, name COLLATE "C" AS name, attribute COLLATE "C" AS attribute, value COLLATE "C" AS value
FROM facts WHERE value IS NOT NULL
ORDER BY 1, 2, 3, 4
