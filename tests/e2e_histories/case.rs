//! `Case`: one layout on one database: the folder, the binary, and what came of it.

use std::process::Command;

use omni::migration::Layout;

use crate::base::{Base, House};
use crate::files::{self, STEPS, Step};
use crate::postgres::programs;
use crate::rows;
use crate::world::{Ran, World};

/// One layout on one database.
pub(crate) struct Case<'h> {
    pub(crate) layout: Layout,
    pub(crate) base: Base<'h>,
    pub(crate) world: World,
}

/// A life in the layout of each tool, several at a time: each waits for the engine and the disk most of the time.
pub(crate) fn each(house: &House, life: impl AsyncFn(Case<'_>) + Sync) {
    const LANES: usize = 3;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let life = &life;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                for layout in Layout::ALL.into_iter().skip(lane).step_by(LANES) {
                    runtime.block_on(async { life(Case::new(house, layout).await).await });
                }
            });
        }
    });
}

/// A server that is made outside of any runtime.
pub(crate) fn server() -> House {
    tokio::runtime::Runtime::new().unwrap().block_on(House::server())
}

/// What a database has: its whole schema, what people made in it, and the rows of its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) schema: String,
    pub(crate) ledger: Vec<String>,
}

impl<'h> Case<'h> {
    pub(crate) async fn new(house: &'h House, layout: Layout) -> Self {
        let world = World::new(&format!("hist-{layout}"));
        let base = house.base(&world.project, world.path("shop.db")).await;
        Self { layout, base, world }
    }

    /// A folder with just these migrations, and a spec for it; with backups where `keeps`.
    pub(crate) fn write(&self, steps: &[Step], keeps: bool) {
        files::write(&self.world.path("migrations"), self.layout, steps);
        // The files of these two are called alike; the others are told apart by what is there.
        let layout = match self.layout {
            Layout::Sqlx | Layout::GolangMigrate => format!("layout = \"{}\"\n", self.layout),
            _ => String::new(),
        };
        let backups = if keeps { "[backups.shop]\nverify = \"checksum\"\n" } else { "" };
        let rest = format!(
            "[databases.shop]\nurl = \"{}\"\n\n[migrations.shop]\ndir = \"migrations\"\n{layout}\n{backups}",
            self.base.url()
        );
        self.world.write("0", 10, &rest);
    }

    /// omni, which finds the server's programs.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.world.command(words);
        let paths = std::env::var_os("PATH").unwrap();
        let paths = [programs()].into_iter().chain(std::env::split_paths(&paths));
        command.env("PATH", std::env::join_paths(paths).unwrap());
        command
    }

    /// It has to end with this code.
    #[track_caller]
    pub(crate) fn ends(&self, words: &[&str], code: i32) -> Ran {
        let ran = Ran::of(&self.command(words).output().expect("omni runs"));
        assert_eq!(ran.code, Some(code), "{self}: omni {words:?} ended otherwise:\n{}", ran.text);
        ran
    }

    #[track_caller]
    pub(crate) fn apply(&self, tag: &str) -> Ran {
        self.ends(&["apply", "--tag", tag, "--yes"], 0)
    }

    /// Goes back to a release that has the first two of `STEPS`; what the last two lose is agreed to.
    #[track_caller]
    pub(crate) fn goes_back(&self, tag: &str) {
        let lossy = [STEPS[2], STEPS[3]].map(|step| format!("migration.shop.{}", step.name(self.layout)));
        self.ends(&["rollback", "--to", tag, "--yes", "--allow-loss", &lossy[0], "--allow-loss", &lossy[1]], 0);
    }

    /// What the database has now.
    pub(crate) async fn now(&self) -> Moment {
        Moment { schema: self.base.schema().await, ledger: rows::said(&self.base, self.layout).await }
    }

    /// The same, which has to be what these migrations make.
    pub(crate) async fn has(&self, steps: &[Step], when: &str) -> Moment {
        let things = self.base.things(rows::table(self.layout)).await;
        assert_eq!(things, files::things(steps.len()), "{self}, {when}");
        let now = self.now().await;
        assert_eq!(now.ledger, rows::right(self.layout, steps), "{self}, {when}");
        now
    }

    /// That the database is as it was.
    pub(crate) async fn is_as(&self, before: &Moment, when: &str) {
        let now = self.now().await;
        assert_eq!(now.ledger, before.ledger, "{self}, {when}");
        assert_eq!(now.schema, before.schema, "{self}, {when}");
    }

    /// The names of the migrations that a plan runs, in its order.
    #[track_caller]
    pub(crate) fn pending(&self) -> Vec<String> {
        let output = self.command(&["plan", "--json"]).output().expect("omni runs");
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{self}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
        let steps = plan["steps"].as_array().expect("steps");
        let names = steps.iter().filter_map(|step| step["address"].as_str()?.strip_prefix("migration.shop."));
        names.map(str::to_owned).collect()
    }

    /// What omni calls these migrations.
    pub(crate) fn names(&self, steps: &[Step]) -> Vec<String> {
        steps.iter().map(|step| step.name(self.layout)).collect()
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {:?}", self.layout, self.base.dialect())
    }
}
