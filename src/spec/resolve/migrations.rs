//! Migrations: the scripts of a folder, one thing each, in the order of the tool they are laid out for.

use super::Resolver;
use crate::address::{Address, Kind};
use crate::migration::layout::{Folder, Layout};
use crate::migration::ledger::Ledger;
use crate::migration::sql::Analysis;
use crate::migration::{Dialect, Piece, Script};
use crate::resource::{Migration, Nature, Previous, Proof, Prove, Resource, Sheet};
use crate::spec::problem::Problem;
use crate::spec::raw::RawMigrations;
use crate::spec::suggest;
use crate::spec::tree::{self, below};

impl Resolver<'_> {
    /// Makes the migrations of a database. The table that says which were applied; none where nobody knows whose.
    pub(super) fn migrations(&mut self, database: &str, dialect: Dialect, raw: &RawMigrations) -> Option<Ledger> {
        let at = tree::path(&["migrations", database]);
        self.demanded(database, raw, &at);
        let dir_at = below(&at, "dir");
        let Some(dir) = &raw.dir else {
            self.missing(&at, "dir");
            return None;
        };
        let dir = self.inside(dir, &dir_at)?;
        let folder = self.folder(&dir, &dir_at)?;
        let layout = self.layout(raw, &dir, &folder, &dir_at)?;
        let scripts = match layout.scripts(&folder) {
            Ok(scripts) => scripts,
            Err(unreadable) => {
                for one in unreadable {
                    self.bad_script((&dir, &one.path, one.line), &one.message, &one.help, &dir_at);
                }
                return None;
            }
        };
        self.known_scripts(raw, &scripts, &at);
        let mut previous = None;
        for script in scripts {
            let name = script.name.clone();
            let next = Some(Previous { name: name.clone(), version: script.version.clone() });
            let reader = Reader { dir: &dir, dialect, at: &dir_at };
            let migration = self.migration(database, script, raw, &reader);
            let migration = Migration { previous: previous.take(), ..migration };
            previous = next;
            let address = Address::migration(database, &name);
            self.places.insert(address.clone(), self.tree.place(&dir_at));
            self.resources.insert(address, Resource::Migration(Box::new(migration)));
        }
        Some(Ledger { layout, dialect, table: raw.ledger.clone() })
    }

    /// What the policy demands of a database that is migrated, and what it needs to be proven.
    fn demanded(&mut self, database: &str, raw: &RawMigrations, at: &[String]) {
        if self.policy.require_backup && !self.is_backed_up(database) {
            let message = format!("the database `{database}` is migrated without a backup before");
            let problem = Problem::error("omni::spec::policy", at, message).label(self.tree.key(at), "not backed up");
            let has_backups = self.raw.shared.backups.contains_key(database);
            let mend = if has_backups {
                "write `before = [\"migrate\"]`".to_owned()
            } else {
                format!("add `[backups.{database}]`")
            };
            self.problems.push(problem.help(format!("{mend}; `policy.require_backup` demands it")));
        }
        let prove_at = below(at, "prove");
        match raw.prove {
            Some(Prove::Off) if self.policy.require_proof => {
                let message = format!("the way back of the migrations of `{database}` is never tried");
                let problem = Problem::error("omni::spec::policy", &prove_at, message);
                let help = "write `prove = \"schema\"`; `policy.require_proof` demands it";
                self.report(problem.help(help), &prove_at, "never proven");
            }
            Some(Prove::Data) if !self.raw.shared.backups.contains_key(database) => {
                let message = format!("the migrations of `{database}` are proven on a backup, and it has none");
                let problem = Problem::error("omni::spec::missing_key", &prove_at, message);
                let help = format!("add `[backups.{database}]`, or write `prove = \"schema\"`");
                self.report(problem.help(help), &prove_at, "on which backup?");
            }
            _ => {}
        }
    }

    /// Has the ways back of a database's migrations proven before they run, where the policy demands it.
    pub(super) fn proof(&mut self, database: &str, raw: &RawMigrations) {
        let has_any = self.resources.values().filter_map(Resource::migration).any(|one| one.database == database);
        if self.policy.require_proof && has_any {
            let proof = Proof { database: database.to_owned(), prove: raw.prove.unwrap_or_default() };
            self.keep(Kind::Proof, database, &["migrations", database], Resource::Proof(proof));
        }
    }

    /// The files of a folder; none, and a problem, where they cannot be read.
    fn folder(&mut self, dir: &str, at: &[String]) -> Option<Folder> {
        let read = |path: String| {
            let content = self.files.read(&format!("{dir}/{path}")).map_err(|reason| format!("`{path}`: {reason}"));
            content.map(|content| (path, content))
        };
        let files = self.files.list(dir).and_then(|paths| paths.into_iter().map(read).collect());
        match files {
            Ok(files) => Some(Folder(files)),
            Err(reason) => {
                let message = format!("the folder `{dir}` cannot be read: {}", crate::plain::plain(&reason));
                let problem = Problem::error("omni::spec::unreadable", at, message);
                self.report(problem.help("paths are relative to deploy.toml"), at, "named here");
                None
            }
        }
    }

    fn layout(&mut self, raw: &RawMigrations, dir: &str, folder: &Folder, at: &[String]) -> Option<Layout> {
        let layout_at = [&at[..at.len() - 1], &tree::path(&["layout"])].concat();
        // A word that is none was told already.
        if raw.layout.is_none() && self.tree.at(&layout_at).is_some() {
            return None;
        }
        raw.layout
            .map_or_else(|| Layout::detect(folder), Ok)
            .map_err(|undetected| {
                let message = format!("the layout of the folder `{dir}` is not known: {undetected}");
                let problem = Problem::error("omni::spec::unknown_layout", at, message);
                self.report(problem.help(undetected.help()), at, "whose migrations?");
            })
            .ok()
    }

    /// Checks that each irreversible script is one of the folder.
    fn known_scripts(&mut self, raw: &RawMigrations, scripts: &[Script], at: &[String]) {
        let names = || scripts.iter().map(|script| script.name.as_str());
        for name in raw.irreversible.keys().filter(|name| !names().any(|known| known == name.as_str())) {
            let place = [at, &tree::path(&["irreversible", name])].concat();
            let message = format!("there is no migration `{}`", crate::plain::plain(name));
            let problem = Problem::error("omni::spec::unknown_name", &place, message);
            let help = suggest::question(name, names())
                .unwrap_or_else(|| "name a script as its file or its folder is called".to_owned());
            self.problems.push(problem.label(self.tree.key(&place), "no such migration").help(help));
        }
    }

    /// One migration, without the one before it.
    fn migration(&mut self, database: &str, script: Script, raw: &RawMigrations, reader: &Reader<'_>) -> Migration {
        let one_way = raw.irreversible.get(&script.name).cloned();
        let of = |piece: &Piece| Analysis::of(reader.dialect, &piece.text);
        let of_check = |piece: &Piece| Analysis::of_check(reader.dialect, &piece.text);
        let up = self.sheet(script.up, &of, reader, true);
        // What is never run may be what it is.
        let down = script.down.map(|down| self.sheet(down, &of, reader, one_way.is_none()));
        let verify = script.verify.map(|verify| self.sheet(verify, &of_check, reader, true));
        Migration {
            database: database.to_owned(),
            version: script.version,
            description: script.description,
            checksum: script.checksum,
            equal: script.equal,
            up,
            down,
            verify,
            previous: None,
            backup: self.is_backed_up(database),
            one_way,
        }
    }

    fn sheet(&mut self, piece: Piece, read: &dyn Fn(&Piece) -> Analysis, reader: &Reader<'_>, is_run: bool) -> Sheet {
        let analysis = read(&piece);
        for refusal in analysis.refusals.iter().filter(|_| is_run) {
            let line = piece.line + refusal.line.saturating_sub(1);
            self.bad_script((reader.dir, &piece.path, Some(line)), &refusal.message, &refusal.help, reader.at);
        }
        Sheet {
            nature: Nature::of(&analysis),
            content: self.vault.keep_file(piece.text.into_bytes()),
            path: piece.path,
            line: piece.line,
            is_bare: piece.is_bare,
        }
    }

    /// Reports what is wrong in a script, which is no place in deploy.toml.
    fn bad_script(&mut self, place: (&str, &str, Option<usize>), message: &str, help: &str, at: &[String]) {
        let (dir, path, line) = place;
        let path = crate::plain::plain(&format!("{dir}/{path}"));
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        let problem = Problem::error("omni::spec::bad_script", at, format!("`{path}`{line}: {message}"));
        self.report(problem.help(help), at, "in this folder");
    }
}

/// What the scripts of one folder are read with.
struct Reader<'r> {
    /// The folder.
    dir: &'r str,
    /// The SQL they are written in.
    dialect: Dialect,
    /// Where deploy.toml names the folder.
    at: &'r [String],
}
