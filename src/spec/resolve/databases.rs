//! Databases: where each is, which service runs it, and how it is spoken to.
//!
//! `migrations` and `backups` hold what is done with one, `uses` finds those that use it.

use super::Resolver;
use super::place;
use crate::address::{Address, Kind};
use crate::migration::Dialect;
use crate::resource::{Database, Resource};
use crate::spec::problem::Problem;
use crate::spec::raw::RawDatabase;
use crate::spec::suggest;
use crate::spec::syntax::postgres_url::{self, with_holes};
use crate::spec::tree::{self, below};
use crate::template::Template;
use crate::units::Period;

/// How a URL is written.
const FORMS: &str = "start it with `postgres://USER@HOST/DATABASE`, or with `sqlite:` and a file beside deploy.toml";

impl Resolver<'_> {
    /// The databases, and everything that is said of each.
    pub(super) fn all_databases(&mut self) {
        let sections = &self.raw.shared;
        self.declared_databases("migrations", sections.migrations.keys());
        self.declared_databases("backups", sections.backups.keys());
        for (name, raw) in &sections.databases {
            self.database(name, raw);
        }
        self.uses();
    }

    /// Checks that each name of a section is one of a database.
    fn declared_databases<'n>(&mut self, section: &str, names: impl Iterator<Item = &'n String>) {
        let databases = &self.raw.shared.databases;
        for name in names.filter(|name| !databases.contains_key(*name)) {
            // One that was written and is wrong in itself is not unknown too.
            if self.tree.at(&tree::path(&["databases", name])).is_some() {
                continue;
            }
            let at = tree::path(&[section, name]);
            let message = format!("there is no database `{}`", crate::plain::plain(name));
            let problem = Problem::error("omni::spec::unknown_name", &at, message);
            let help = suggest::question(name, databases.keys().map(String::as_str));
            let help = help.unwrap_or_else(|| format!("add `[databases.{name}]`"));
            self.problems.push(problem.label(self.tree.key(&at), "no such database").help(help));
        }
    }

    fn database(&mut self, name: &str, raw: &RawDatabase) {
        let at = tree::path(&["databases", name]);
        let Some(url) = &raw.url else { return self.missing(&at, "url") };
        let Some(dialect) = self.dialect(url, &below(&at, "url")) else { return };
        let service = raw.service.as_ref().and_then(|service| self.run_by(service, dialect, &below(&at, "service")));
        if let Some(service) = &service {
            let link = self.link(&below(&at, "service"));
            self.links.insert((Address::new(Kind::Database, name), Address::service(service)), link);
        }
        let (lock, connect) = (Period::seconds(5), Period::seconds(30));
        let migrations = self.raw.shared.migrations.get(name);
        let backup = self.raw.shared.backups.get(name);
        let database = Database {
            url: url.clone(),
            dialect,
            service,
            connect_timeout: self.some_time(raw.connect_timeout, &at, "connect_timeout", connect),
            lock_timeout: self.some_time(raw.lock_timeout, &at, "lock_timeout", lock),
            statement_timeout: raw.statement_timeout,
            ledger: migrations.and_then(|raw| self.migrations(name, dialect, raw)),
            prove: migrations.and_then(|raw| raw.prove).unwrap_or_default(),
        };
        self.no_instant(raw.statement_timeout, &at, "statement_timeout", "leave it out for no limit");
        self.keep(Kind::Database, name, &["databases", name], Resource::Database(Box::new(database)));
        if let Some(raw) = backup {
            self.backup(name, raw);
        }
        if let Some(raw) = migrations {
            self.proof(name, raw);
        }
    }

    /// Reports that a table has no such key. One that was written and is wrong was told already.
    pub(super) fn missing(&mut self, at: &[String], key: &str) {
        let place = below(at, key);
        if self.tree.at(&place).is_none() {
            let message = format!("`{}` is missing", tree::joined(&place));
            let problem = Problem::error("omni::spec::missing_key", &place, message);
            let problem = problem.label(self.tree.key(at), format!("has no `{key}`"));
            self.problems.push(problem.help(format!("add `{key} = …`")));
        }
    }

    /// The kind of a database; none, and a problem, where its URL leads nowhere. What a secret holds is looked at, and
    /// not told.
    fn dialect(&mut self, url: &Template, at: &[String]) -> Option<Dialect> {
        let filled = url.fill(&self.vault).unwrap_or_default();
        let dialect = Dialect::of_url(&filled);
        let is_whole = match dialect {
            Some(Dialect::Postgres) => filled.contains("://"),
            Some(Dialect::Sqlite) => return self.is_file(&filled, url, at).then_some(Dialect::Sqlite),
            None => false,
        };
        if !is_whole {
            let message = format!("`{}` is no URL of a database", tree::joined(at));
            self.report(Problem::error("omni::spec::malformed", at, message).help(FORMS), at, "cannot be read");
            return None;
        }
        if postgres_url::all(&with_holes(url)).iter().any(|url| url.has_open_password) {
            let message = format!("the password in `{}` is no secret", tree::joined(at));
            let problem = Problem::warning("omni::spec::secret_in_spec", at, message);
            let help = "declare a variable in `[env]` with `secret = true`, and write `${NAME}` in its place";
            self.report(problem.help(help), at, "it is stored and shown");
        }
        dialect
    }

    /// Whether a URL of SQLite names a file beside deploy.toml.
    fn is_file(&mut self, filled: &str, url: &Template, at: &[String]) -> bool {
        let path = sqlite_path(filled);
        if path.is_empty() || path == "." || path.contains(['%', '#']) || path.starts_with(":memory:") {
            let message = format!("`{}` names no file", tree::joined(at));
            let problem = Problem::error("omni::spec::malformed", at, message);
            self.report(problem.help("write it like `sqlite:data/notes.db`, without `%`"), at, "no file");
            return false;
        }
        if place::inside(path).is_some() {
            return true;
        }
        let problem = place::outside(path, at);
        // Where a secret leads to is not told.
        let message = if url.is_secret() {
            format!("the secret in `{}` leads outside the spec's folder", tree::joined(at))
        } else {
            problem.message.clone()
        };
        self.report(Problem { message, ..problem }, at, "leads outside");
        false
    }

    /// The service that runs a database; none, and a problem, where it cannot.
    fn run_by(&mut self, name: &str, dialect: Dialect, at: &[String]) -> Option<String> {
        if dialect == Dialect::Sqlite {
            let message = format!("`{}` is of no use: SQLite is a file, and nothing runs it", tree::joined(at));
            let problem = Problem::error("omni::spec::conflict", at, message);
            self.report(problem.help("remove it"), at, "runs nothing");
            return None;
        }
        let sections = &self.raw.shared;
        let Some(raw) = sections.services.get(name) else {
            if self.tree.at(&tree::path(&["services", name])).is_none() {
                let message = format!("there is no service `{}`", crate::plain::plain(name));
                let problem = Problem::error("omni::spec::unknown_name", at, message);
                let help = suggest::question(name, sections.services.keys().map(String::as_str));
                let help = help.unwrap_or_else(|| {
                    format!("add `[services.{name}]`, or leave `service` out where the database runs elsewhere")
                });
                self.report(problem.help(help), at, "no such service");
            }
            return None;
        };
        if !self.takes_part(&raw.shared) {
            self.no_part(name, &raw.shared, at, "or leave `service` out where the database runs elsewhere");
            return None;
        }
        Some(name.to_owned())
    }
}

/// The path in a URL of SQLite: `data/notes.db` of `sqlite:data/notes.db?mode=rwc`.
pub(super) fn sqlite_path(url: &str) -> &str {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    path.split('?').next().unwrap_or_default()
}
