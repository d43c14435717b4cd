//! `Inventory`: what is in a database, as far as it can be compared: its schema, and how many rows each table has.
//!
//! Rows are counted exactly, in the transaction or the file that the backup is made of. A count may take longer than a
//! call of omni's own may, so it is run as a statement, and its result is asked for afterwards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::migration::Dialect;
use crate::provider::database::Session;
use crate::provider::{Fault, FaultKind};

/// How many tables are counted in one statement.
const AT_ONCE: usize = 200;

/// The tables of omni's own.
const OWN: [&str; 2] = ["omni.marks", "_omni_marks"];

const SERVER_TABLES: &str = "SELECT coalesce(json_agg(format('%I.%I', n.nspname, c.relname))::text, '[]') \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
       AND n.nspname NOT LIKE 'pg\\_toast%' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
         WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

const FILE_TABLES: &str = "SELECT json_group_array('\"' || replace(name, '\"', '\"\"') || '\"') FROM pragma_table_list \
     WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// What is in a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The fingerprint of its catalogue, without what belongs to the database as a whole: a dump does not carry its
    /// owner, nor who may connect.
    pub schema: Fingerprint,
    /// How many facts that catalogue has.
    pub facts: usize,
    /// How many rows each table has, omni's own and the ledger too; of `PostgreSQL` also `large objects`.
    pub rows: BTreeMap<String, u64>,
}

impl Inventory {
    /// Takes it on a session.
    ///
    /// # Errors
    /// When the account may not read every table, or the connection is lost.
    pub async fn of(session: &mut dyn Session) -> Result<Self, Fault> {
        let mut catalogue = session.catalogue(&[]).await?;
        catalogue.0.retain(|fact, _| fact.kind != "database");
        let rows = match session.facts().dialect {
            Dialect::Postgres => server_rows(session).await?,
            Dialect::Sqlite => file_rows(session).await?,
        };
        Ok(Self { schema: catalogue.fingerprint(), facts: catalogue.0.len(), rows })
    }

    /// Whether no table has a row, beside these (`schema.table`) and omni's own.
    #[must_use]
    pub fn is_empty_beside(&self, tables: &[String]) -> bool {
        let is_beside = |key: &str| {
            let name = key.replace('"', "");
            let is_it = |table: &String| *table == name || table.strip_prefix("main.") == Some(name.as_str());
            !OWN.contains(&name.as_str()) && !tables.iter().any(is_it)
        };
        self.rows.iter().all(|(table, rows)| *rows == 0 || !is_beside(table))
    }

    /// In what another one differs from this one, which is what it should be; none where they are the same.
    #[must_use]
    pub fn difference(&self, found: &Self) -> Option<String> {
        let tables = self.rows.keys().chain(found.rows.keys());
        let count = |of: &Self, table: &str| of.rows.get(table).map_or_else(|| "none".to_owned(), u64::to_string);
        if let Some(table) = tables.into_iter().find(|table| self.rows.get(*table) != found.rows.get(*table)) {
            return Some(format!("{table} has {} rows, not {}", count(found, table), count(self, table)));
        }
        let schema = || format!("its schema is another one, of {} facts, not {}", found.facts, self.facts);
        (self.schema != found.schema || self.facts != found.facts).then(schema)
    }
}

async fn server_rows(session: &mut dyn Session) -> Result<BTreeMap<String, u64>, Fault> {
    let mut found = BTreeMap::new();
    for tables in tables(session, SERVER_TABLES).await?.chunks(AT_ONCE) {
        let counts = counts(tables, "ONLY ");
        let count = format!(
            "SELECT pg_catalog.set_config('omni.rows', \
             (SELECT json_object_agg(name, n)::text FROM ({counts}) c), false)"
        );
        session.run(&count).await?;
        found.append(&mut read(session, "SELECT pg_catalog.current_setting('omni.rows')").await?);
    }
    let objects = "SELECT json_build_object('large objects', count(*))::text FROM pg_catalog.pg_largeobject_metadata";
    found.append(&mut read(session, objects).await?);
    Ok(found)
}

async fn file_rows(session: &mut dyn Session) -> Result<BTreeMap<String, u64>, Fault> {
    let mut found = BTreeMap::new();
    for tables in tables(session, FILE_TABLES).await?.chunks(AT_ONCE) {
        session.run("DROP TABLE IF EXISTS temp.omni_rows").await?;
        session.run(&format!("CREATE TEMP TABLE omni_rows AS {}", counts(tables, ""))).await?;
        found.append(&mut read(session, "SELECT json_group_object(name, n) FROM temp.omni_rows").await?);
    }
    Ok(found)
}

/// The tables of a database, as SQL names them.
async fn tables(session: &mut dyn Session, query: &str) -> Result<Vec<String>, Fault> {
    let list = session.value(query).await?.unwrap_or_default();
    let mut list: Vec<String> = serde_json::from_str(&list).map_err(|_| unread())?;
    list.sort();
    Ok(list)
}

fn counts(tables: &[String], only: &str) -> String {
    let count = |table: &String| {
        format!("SELECT '{}' AS name, (SELECT count(*) FROM {only}{table}) AS n", table.replace('\'', "''"))
    };
    tables.iter().map(count).collect::<Vec<_>>().join(" UNION ALL ")
}

async fn read(session: &mut dyn Session, query: &str) -> Result<BTreeMap<String, u64>, Fault> {
    let text = session.value(query).await?.unwrap_or_default();
    serde_json::from_str(&text).map_err(|_| unread())
}

fn unread() -> Fault {
    Fault::new(FaultKind::Failed, "the database does not tell its tables as it should")
}
