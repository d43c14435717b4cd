//! `Tool`: the program whose layout and ledger a database has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use omni::migration::{Dialect, Layout};

use crate::case::Case;
use crate::files::STEPS;
use crate::postgres::TOOLS;

/// One tool in one folder.
pub(crate) struct Tool {
    layout: Layout,
    dialect: Dialect,
    folder: PathBuf,
    url: String,
}

/// The adapter of Prisma 6 takes no column of the type `name`, which Prisma asks for itself: it is told that they are
/// texts, which they are on the wire.
const NAMES_ARE_TEXTS: &str = "import pg from \"pg\";
const told = pg.Result.prototype.addFields;
pg.Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === 19) field.dataTypeID = 25;
  return told.call(this, fields);
};
";

impl Tool {
    pub(crate) fn of(case: &Case<'_>) -> Self {
        let (layout, dialect) = (case.layout, case.base.dialect());
        let url = match &case.base {
            crate::base::Base::Served(server, name) => format!("{}?sslmode=disable", server.url(name)),
            crate::base::Base::Filed(_) if layout == Layout::Diesel => "shop.db".to_owned(),
            crate::base::Base::Filed(_) => "sqlite:shop.db".to_owned(),
        };
        Self { layout, dialect, folder: case.world.path(""), url }
    }

    /// Prisma leads forward only.
    pub(crate) fn has_way_back(&self) -> bool {
        self.layout != Layout::Prisma
    }

    /// What the tool needs beside the scripts.
    pub(crate) fn write(&self, case: &Case<'_>) {
        if self.layout != Layout::Prisma {
            return;
        }
        let (provider, package, more, made) = match self.dialect {
            Dialect::Postgres => (
                "postgresql",
                "pg",
                NAMES_ARE_TEXTS,
                format!("new adapter.PrismaPg({{ connectionString: {:?} }})", self.url),
            ),
            Dialect::Sqlite => {
                let path = case.world.path("shop.db").display().to_string();
                ("sqlite", "libsql", "", format!("new adapter.PrismaLibSQL({{ url: {:?} }})", format!("file:{path}")))
            }
        };
        let config = format!(
            "import {{ defineConfig }} from \"prisma/config\";\nimport * as adapter from \"@prisma/adapter-{package}\";\n{more}\
             export default defineConfig({{ schema: \"schema.prisma\", migrations: {{ path: \"migrations\" }}, \
             experimental: {{ adapter: true }}, engine: \"js\", adapter: async () => {made} }});\n"
        );
        fs::write(case.world.path("prisma.config.ts"), config).unwrap();
        let schema = format!("datasource db {{\n  provider = \"{provider}\"\n  url = \"file:unused\"\n}}\n");
        fs::write(case.world.path("schema.prisma"), schema).unwrap();
        fs::write(case.world.path("migrations/migration_lock.toml"), format!("provider = \"{provider}\"\n")).unwrap();
        let modules = case.world.path("node_modules");
        if !modules.exists() {
            std::os::unix::fs::symlink(npm("node_modules"), modules).unwrap();
        }
    }

    /// Runs everything that is pending, with the tool's own checks of what is not.
    #[track_caller]
    pub(crate) fn run(&self) {
        self.done(match self.layout {
            Layout::Sqlx => &["migrate", "run"],
            Layout::Diesel => &["migration", "run"],
            Layout::Dbmate => &["migrate"],
            _ => &["migrate", "deploy"],
        });
    }

    /// Takes back the newest.
    #[track_caller]
    pub(crate) fn revert(&self) {
        self.done(match self.layout {
            Layout::Sqlx => &["migrate", "revert"],
            Layout::Diesel => &["migration", "revert"],
            _ => &["rollback"],
        });
    }

    /// The names of those of the first so many that the tool calls pending.
    #[track_caller]
    pub(crate) fn pending(&self, written: usize) -> Vec<String> {
        let said = match self.layout {
            Layout::Sqlx => self.done(&["migrate", "info"]),
            Layout::Diesel => self.done(&["migration", "list"]),
            Layout::Dbmate => self.done(&["status"]),
            // It ends with 1 where there is something to do.
            _ => self.said(&["migrate", "status"]).1,
        };
        let steps = STEPS[..written].iter().copied();
        let is_pending = |step: &crate::files::Step| {
            let (name, version) = (step.name(self.layout), step.version(self.layout));
            let line = |wanted: &str| said.lines().map(str::trim).find(|line| line.contains(wanted)).map(str::to_owned);
            match self.layout {
                // `20260301000001/installed notes`
                Layout::Sqlx => {
                    let line = line(&version).unwrap_or_else(|| panic!("{name} is not listed: {said}"));
                    assert!(!line.contains("different checksum"), "{said}");
                    line.starts_with(&format!("{version}/pending"))
                }
                // `[X] 20260301000001_notes`
                Layout::Diesel | Layout::Dbmate => {
                    let line = line(&name).unwrap_or_else(|| panic!("{name} is not listed: {said}"));
                    assert!(line.starts_with("[X]") || line.starts_with("[ ]"), "{said}");
                    line.starts_with("[ ]")
                }
                _ => {
                    let is_up = said.contains("Database schema is up to date!");
                    assert!(is_up != said.contains("not yet been applied"), "{said}");
                    line(&name).is_some()
                }
            }
        };
        steps.filter(is_pending).map(|step| step.name(self.layout)).collect()
    }

    /// What it said; it has to end well.
    #[track_caller]
    fn done(&self, words: &[&str]) -> String {
        let (is_well, said) = self.said(words);
        assert!(is_well, "{} {words:?}: {said}", self.layout);
        said
    }

    fn said(&self, words: &[&str]) -> (bool, String) {
        let (program, flags): (PathBuf, &[&str]) = match self.layout {
            Layout::Sqlx => (Path::new(TOOLS).join("bin/sqlx"), &["--source", "migrations"]),
            Layout::Diesel => (Path::new(TOOLS).join("bin/diesel"), &["--migration-dir", "migrations"]),
            Layout::Dbmate => (npm("node_modules/.bin/dbmate"), &[]),
            _ => (npm("node_modules/.bin/prisma"), &[]),
        };
        let mut command = Command::new(&program);
        if self.layout == Layout::Dbmate {
            command.args(["--migrations-dir", "migrations", "--no-dump-schema"]);
        }
        command.args(words).args(flags).current_dir(&self.folder).stdin(Stdio::null()).env("NO_COLOR", "1");
        command.env("DATABASE_URL", &self.url).env("LD_LIBRARY_PATH", libraries());
        // The engines that Prisma would fetch from elsewhere: with an adapter none of them is used.
        command.env("PRISMA_QUERY_ENGINE_LIBRARY", npm("package.json")).env("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true");
        command.env("CHECKPOINT_DISABLE", "1");
        let output = command.output().unwrap_or_else(|error| {
            panic!("{} does not run: {error}; `scripts/tools-accept` installs it", program.display())
        });
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("");
        (output.status.success(), said)
    }
}

/// Where npm has put what.
fn npm(path: &str) -> PathBuf {
    Path::new(TOOLS).join("npm").join(path)
}

/// Where libraries lie that were unpacked beside the build.
fn libraries() -> String {
    let found = fs::read_dir(Path::new(TOOLS).join("usr/lib")).into_iter().flatten().flatten();
    found.map(|entry| entry.path().display().to_string()).collect::<Vec<_>>().join(":")
}
