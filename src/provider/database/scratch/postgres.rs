//! `PostgresScratch`: a scratch database on a server, known by its name.
//!
//! The name says when it was made, so that one that a crash left behind is removed by a later run: `omni_scratch_`, the
//! seconds since 1970, the word of the run, and the numbers of copies. Nothing else is ever dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;

use crate::provider::database::scratch::Scratch;
use crate::provider::database::{Connect, Session, Target};
use crate::provider::{Fault, FaultKind};

const PREFIX: &str = "omni_scratch_";

/// What the new database has in common with the one that it stands for: a schema may depend on how text is sorted.
const LOCALE: &str = "SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(d.encoding), \
     d.datcollate, d.datctype) || CASE to_jsonb(d) ->> 'datlocprovider' \
       WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', \
         coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')) \
       WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale') ELSE '' END \
     FROM pg_catalog.pg_database d WHERE d.datname = current_database()";

/// Its settings and its comment, as statements on the new one, which stands as `%%I` in them.
const SETTINGS: &str = "SELECT string_agg(statement, chr(31)) FROM ( \
     SELECT format('ALTER DATABASE %%1$I SET %I = ', split_part(x, '=', 1)) \
       || CASE WHEN split_part(x, '=', 1) IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', \
            'local_preload_libraries', 'DateStyle') THEN substr(x, strpos(x, '=') + 1) \
          ELSE quote_literal(substr(x, strpos(x, '=') + 1)) END AS statement \
     FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase \
       CROSS JOIN LATERAL unnest(s.setconfig) x WHERE d.datname = current_database() AND s.setrole = 0 \
     UNION ALL SELECT format('COMMENT ON DATABASE %%1$I IS %L', shobj_description(oid, 'pg_database')) \
     FROM pg_catalog.pg_database WHERE datname = current_database() \
       AND shobj_description(oid, 'pg_database') IS NOT NULL) s";

/// A scratch database on a server.
pub struct PostgresScratch {
    connect: Arc<dyn Connect>,
    /// The way to a database that is there: it makes and drops the others. It has to be none of the scratch ones.
    server: Target,
    /// Who its sessions are opened by.
    user: Target,
    name: String,
    /// Its own settings, as statements with `%1$I` for its name: a copy does not have them.
    settings: Vec<String>,
    copies: Arc<AtomicU32>,
}

impl PostgresScratch {
    /// Makes an empty one on a server, alike in locale and settings to the database that `like` is a session of.
    /// `server` is a way to any other database there. `seconds` is the time, since 1970, and `run` tells this run
    /// from others: lower-case letters and digits.
    ///
    /// # Errors
    /// `Denied` where the account may make no databases.
    pub async fn make(
        connect: Arc<dyn Connect>,
        server: &Target,
        like: &mut dyn Session,
        seconds: i64,
        run: &str,
    ) -> Result<Self, Fault> {
        let run: String = run.chars().filter(char::is_ascii_alphanumeric).take(30).collect();
        let name = format!("{PREFIX}{seconds}_{}", run.to_ascii_lowercase());
        let locale = like.value(LOCALE).await?.unwrap_or_default();
        let settings = like.value(SETTINGS).await?.unwrap_or_default();
        let settings = settings.split('\u{1f}').filter(|statement| !statement.is_empty()).map(str::to_owned).collect();
        let (server, user) = (server.clone(), server.clone());
        let made = Self { connect, server, user, name, settings, copies: Arc::default() };
        made.create(&format!("template0 {locale}")).await?;
        Ok(made)
    }

    /// Runs statements of an administrator, in which its name is `%1$I`, on it and on each copy.
    ///
    /// # Errors
    /// When one of them is refused.
    pub(in crate::provider) async fn furnish(&mut self, statements: Vec<String>) -> Result<(), Fault> {
        let mut session = self.connect.connect(&self.server).await?;
        for statement in &statements {
            session.run(&statement.replace("%1$I", &self.name)).await?;
        }
        self.settings.extend(statements);
        Ok(())
    }

    /// The same database, with sessions of another account.
    pub(in crate::provider) fn opened_by(&self, user: Target) -> Self {
        Self {
            connect: Arc::clone(&self.connect),
            server: self.server.clone(),
            user,
            name: self.name.clone(),
            settings: self.settings.clone(),
            copies: Arc::clone(&self.copies),
        }
    }

    /// Makes it of a template.
    async fn create(&self, template: &str) -> Result<(), Fault> {
        let mut session = self.connect.connect(&self.server).await?;
        let create = format!("CREATE DATABASE {} TEMPLATE {template}", self.name);
        session.run(&create).await.map_err(|fault| may_not(fault, &self.server.name))?;
        for statement in &self.settings {
            let Err(fault) = session.run(&statement.replace("%1$I", &self.name)).await else { continue };
            // What only an administrator may set is none of a migration's business.
            if fault.kind != FaultKind::Denied {
                // Why it is not there is worth more than that it could not be removed.
                let _ = self.remove().await;
                return Err(fault);
            }
        }
        Ok(())
    }

    /// The way to it.
    #[must_use]
    pub fn target(&self) -> Target {
        Target { url: with_database(&self.user.url, &self.name), ..self.user.clone() }
    }

    /// Removes the scratch databases of a server that are older than this many seconds and that nobody uses. Answers
    /// their names.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn sweep(session: &mut dyn Session, now: i64, older: i64) -> Result<Vec<String>, Fault> {
        let list = "SELECT string_agg(d.datname::text, ',' ORDER BY d.datname) FROM pg_catalog.pg_database d \
             WHERE d.datname LIKE 'omni\\_scratch\\_%' AND pg_catalog.pg_has_role(d.datdba, 'USAGE') \
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)";
        let found = session.value(list).await?.unwrap_or_default();
        let mut removed = Vec::new();
        for name in found.split(',').filter(|name| made_at(name).is_some_and(|made| made.saturating_add(older) < now)) {
            session.run(&format!("DROP DATABASE IF EXISTS {name}")).await?;
            removed.push(name.to_owned());
        }
        Ok(removed)
    }

    /// Removes the scratch databases of these runs, however new they are, with whatever sessions are open on them.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn sweep_runs(session: &mut dyn Session, runs: &[String]) -> Result<(), Fault> {
        let list = "SELECT string_agg(datname::text, ',') FROM pg_catalog.pg_database \
             WHERE datname LIKE 'omni\\_scratch\\_%'";
        let found = session.value(list).await?.unwrap_or_default();
        let force = if session.facts().major >= 13 { " WITH (FORCE)" } else { "" };
        let is_of = |name: &&str| {
            made_at(name).is_some() && name.split('_').nth(3).is_some_and(|word| runs.iter().any(|run| run == word))
        };
        for name in found.split(',').filter(is_of) {
            session.run(&format!("DROP DATABASE IF EXISTS {name}{force}")).await?;
        }
        Ok(())
    }
}

/// The help for an account that may make no databases.
fn may_not(fault: Fault, name: &str) -> Fault {
    if fault.kind != FaultKind::Denied {
        return fault;
    }
    let message = format!("database `{name}`: the account may make no scratch database ({})", fault.message);
    Fault::new(FaultKind::Denied, message)
        .help("let an administrator run `ALTER ROLE … CREATEDB`, or name another server")
}

/// When a scratch database was made, by its name; none for a name that omni never gave.
fn made_at(name: &str) -> Option<i64> {
    let mut words = name.strip_prefix(PREFIX)?.split('_');
    let (seconds, run) = (words.next()?, words.next()?);
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
    let is_copy = words.all(|copy| copy.parse::<u32>().is_ok());
    (is_copy && is_word(run) && seconds.chars().all(|c| c.is_ascii_digit())).then(|| seconds.parse().ok())?
}

/// The URL of another database of the same server.
pub(in crate::provider) fn with_database(url: &str, name: &str) -> String {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let start = place.find("://").map_or(0, |at| at + 3);
    let server = place[start..].split('/').next().unwrap_or_default();
    let rest: Vec<_> = query.split('&').filter(|word| !word.is_empty() && !word.starts_with("dbname=")).collect();
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    format!("{}{server}/{name}{query}", &place[..start])
}

#[async_trait]
impl Scratch for PostgresScratch {
    async fn open(&self) -> Result<Box<dyn Session>, Fault> {
        let mut session = self.connect.connect(&self.target()).await?;
        // What is lost with the server is made again.
        session.run("SET synchronous_commit = off").await?;
        Ok(session)
    }

    async fn copy(&self) -> Result<Box<dyn Scratch>, Fault> {
        let number = self.copies.fetch_add(1, Ordering::Relaxed) + 1;
        let copy = Self {
            connect: Arc::clone(&self.connect),
            server: self.server.clone(),
            user: self.user.clone(),
            name: format!("{}_{number}", self.name),
            settings: self.settings.clone(),
            copies: Arc::default(),
        };
        copy.create(&self.name).await?;
        Ok(Box::new(copy))
    }

    async fn remove(&self) -> Result<(), Fault> {
        let mut session = self.connect.connect(&self.server).await?;
        let force = if session.facts().major >= 13 { " WITH (FORCE)" } else { "" };
        // Whoever was interrupted has not removed its copies.
        for number in 1..=self.copies.load(Ordering::Relaxed) {
            session.run(&format!("DROP DATABASE IF EXISTS {}_{number}{force}", self.name)).await?;
        }
        session.run(&format!("DROP DATABASE IF EXISTS {}{force}", self.name)).await
    }
}

#[cfg(test)]
mod tests {
    use super::{made_at, with_database};

    #[test]
    fn only_names_that_omni_gave_are_known() {
        assert_eq!(made_at("omni_scratch_1795427112_ab12"), Some(1_795_427_112));
        assert_eq!(made_at("omni_scratch_1795427112_ab12_3_12"), Some(1_795_427_112));
        for name in [
            "omni_scratch_",
            "omni_scratch_1795427112",
            "omni_scratch_1795427112_",
            "omni_scratch_mine_ab12",
            "omni_scratch_1795427112_AB12",
            "omni_scratch_1795427112_ab12_x",
            "omni_scratch_1795427112_ab12_3_",
            "my_omni_scratch_1795427112_ab12",
            "omni_scratch_-5_ab12",
        ] {
            assert_eq!(made_at(name), None, "{name}");
        }
    }

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (url, other) in [
            ("postgres://u:p%2F@h:5432/shop", "postgres://u:p%2F@h:5432/x"),
            ("postgres://u@h", "postgres://u@h/x"),
            ("postgresql:///shop?host=/run/pg&dbname=y", "postgresql:///x?host=/run/pg"),
            ("postgres://u@h/shop?sslmode=require", "postgres://u@h/x?sslmode=require"),
        ] {
            assert_eq!(with_database(url, "x"), other);
        }
    }
}
