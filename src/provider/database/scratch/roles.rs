//! What of a server a schema refers to and no dump carries: its roles, and who has which right on the database.
//!
//! It is read from the real server as statements, and run on one that is there for a proof alone. Passwords are not
//! readable and not needed.

use crate::provider::Fault;
use crate::provider::database::Session;

/// The account that the server was made with, which owns all that was there from the beginning.
const FIRST: &str = "SELECT rolname::text FROM pg_catalog.pg_roles WHERE oid = 10";

/// The account that a session was opened by.
const ACCOUNT: &str = "SELECT session_user::text";

/// All roles but those of the server itself, with their settings and memberships.
const ROLES: &str = "SELECT string_agg(statement, chr(31) ORDER BY place, statement) FROM ( \
     SELECT 1 AS place, format('DO $omni$ BEGIN CREATE ROLE %I; \
         EXCEPTION WHEN duplicate_object THEN NULL; END $omni$', rolname) AS statement \
       FROM pg_catalog.pg_roles WHERE oid <> 10 AND rolname !~ '^pg_' \
     UNION ALL SELECT 2, format('ALTER ROLE %I WITH %sSUPERUSER %sINHERIT %sCREATEROLE %sCREATEDB %sLOGIN \
         %sREPLICATION %sBYPASSRLS CONNECTION LIMIT %s', rolname, \
         CASE WHEN rolsuper THEN '' ELSE 'NO' END, CASE WHEN rolinherit THEN '' ELSE 'NO' END, \
         CASE WHEN rolcreaterole THEN '' ELSE 'NO' END, CASE WHEN rolcreatedb THEN '' ELSE 'NO' END, \
         CASE WHEN rolcanlogin THEN '' ELSE 'NO' END, CASE WHEN rolreplication THEN '' ELSE 'NO' END, \
         CASE WHEN rolbypassrls THEN '' ELSE 'NO' END, rolconnlimit) \
       FROM pg_catalog.pg_roles WHERE oid <> 10 AND rolname !~ '^pg_' \
     UNION ALL SELECT 3, format('GRANT %I TO %I', pg_get_userbyid(m.roleid), pg_get_userbyid(m.member)) \
         || CASE WHEN to_jsonb(m) ? 'inherit_option' \
           THEN format(' WITH ADMIN %s, INHERIT %s, SET %s', to_jsonb(m) ->> 'admin_option', \
             to_jsonb(m) ->> 'inherit_option', to_jsonb(m) ->> 'set_option') \
           WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END \
       FROM pg_catalog.pg_auth_members m WHERE pg_get_userbyid(m.member) !~ '^pg_' \
     UNION ALL SELECT 4, format('ALTER ROLE %s SET %I = ', \
         CASE s.setrole WHEN 0 THEN 'ALL' ELSE quote_ident(pg_get_userbyid(s.setrole)) END, split_part(x, '=', 1)) \
         || CASE WHEN split_part(x, '=', 1) IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', \
           'local_preload_libraries', 'DateStyle') THEN substr(x, strpos(x, '=') + 1) \
         ELSE quote_literal(substr(x, strpos(x, '=') + 1)) END \
       FROM pg_catalog.pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) x WHERE s.setdatabase = 0) s";

/// Owner, rights and settings of a database that a dump does not carry, as statements in which it is `%%1$I`. What is
/// set for everybody was copied when the new one was made.
const RIGHTS: &str = "SELECT string_agg(statement, chr(31) ORDER BY place) FROM ( \
     SELECT 1 AS place, 'REVOKE ALL ON DATABASE %1$I FROM PUBLIC' AS statement FROM pg_catalog.pg_database \
       WHERE datname = current_database() AND datacl IS NOT NULL \
     UNION ALL SELECT 2, format('GRANT %s ON DATABASE %%1$I TO %s%s', a.privilege_type, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, \
         CASE WHEN a.is_grantable AND a.grantee <> d.datdba THEN ' WITH GRANT OPTION' ELSE '' END) \
       FROM pg_catalog.pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a WHERE d.datname = current_database() \
     UNION ALL SELECT 3, format('ALTER DATABASE %%1$I CONNECTION LIMIT %s', datconnlimit) \
       FROM pg_catalog.pg_database WHERE datname = current_database() AND datconnlimit <> -1 \
     UNION ALL SELECT 4, format('ALTER ROLE %I IN DATABASE %%1$I SET %I = ', pg_get_userbyid(s.setrole), \
         split_part(x, '=', 1)) || CASE WHEN split_part(x, '=', 1) IN ('search_path', 'temp_tablespaces', \
           'session_preload_libraries', 'local_preload_libraries', 'DateStyle') THEN substr(x, strpos(x, '=') + 1) \
         ELSE quote_literal(substr(x, strpos(x, '=') + 1)) END \
       FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
         CROSS JOIN LATERAL unnest(s.setconfig) x WHERE d.datname = current_database() AND s.setrole <> 0 \
     UNION ALL SELECT 5, format('ALTER DATABASE %%1$I OWNER TO %I', pg_get_userbyid(datdba)) \
       FROM pg_catalog.pg_database WHERE datname = current_database()) s";

/// What a server needs to be started with where its own was: an extension may not load otherwise.
const STARTED: &str = "SELECT string_agg(name || '=' || setting, chr(31) ORDER BY name) FROM pg_catalog.pg_settings \
     WHERE name IN ('shared_preload_libraries', 'max_prepared_transactions', 'max_locks_per_transaction', 'wal_level') \
       AND setting <> boot_val";

/// The account that a server was made with.
pub(in crate::provider) async fn first(session: &mut dyn Session) -> Result<String, Fault> {
    Ok(session.value(FIRST).await?.unwrap_or_else(|| "postgres".to_owned()))
}

/// The account that a session was opened by.
pub(in crate::provider) async fn account(session: &mut dyn Session) -> Result<String, Fault> {
    Ok(session.value(ACCOUNT).await?.unwrap_or_default())
}

/// The roles of a server, as statements.
pub(in crate::provider) async fn roles(session: &mut dyn Session) -> Result<Vec<String>, Fault> {
    list(session, ROLES).await
}

/// What belongs to the database of a session, as statements in which its name is `%1$I`.
pub(in crate::provider) async fn rights(session: &mut dyn Session) -> Result<Vec<String>, Fault> {
    list(session, RIGHTS).await
}

/// What a server has to be started with: `wal_level=logical`; empty where it was started with nothing special.
pub(in crate::provider) async fn settings(session: &mut dyn Session) -> Result<Vec<String>, Fault> {
    list(session, STARTED).await
}

async fn list(session: &mut dyn Session, query: &str) -> Result<Vec<String>, Fault> {
    let found = session.value(query).await?.unwrap_or_default();
    Ok(found.split('\u{1f}').filter(|one| !one.is_empty()).map(str::to_owned).collect())
}
