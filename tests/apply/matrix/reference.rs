//! The reference changes: between them every kind of thing, and every action that a plan can have for it.

use std::collections::BTreeMap;

use omni::journal::Outcome;
use omni::plan::Plan;
use omni::provider::Fault;
use omni::provider::engine::Engine;
use omni::provider::fake::Behaviour;
use omni::resource::Network;

use crate::apply::deployment::{Deployment, Member};
use crate::apply::theatre::Theatre;

/// One reference change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference {
    /// Services: replaced old first (its volume has one writer), new first with two replicas, changed in place, removed,
    /// and new with a volume.
    Services,
    /// What services need: images pulled and built; networks new, replaced and removed; volumes new and changed; jobs
    /// that run, with a rollback and without side effects, that change in their settings only, and that go; a database
    /// that is looked after no more.
    Needs,
    /// A service is replaced, and then a job runs that cannot be taken back.
    OneWay,
    /// Everything goes, volumes too.
    End,
    /// A database is migrated, in transactions and outside of one, and the service that uses it is replaced.
    Migrations,
    /// A release back: the migrations since then are taken back.
    Downs,
    /// A migration destroys what nothing brings back, after the service that uses the database was replaced.
    Drops,
    /// The same, but that a backup brings it back; and a migration after it that is refused.
    Backups,
    /// A release back: the migrations since then are taken back, with what was written into their tables. A backup
    /// brings it back.
    Losses,
    /// A database is migrated once the ways back of the migrations are proven on a copy of its schema.
    Proofs,
}

/// How a change goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It goes well.
    Forward,
    /// Its last service never gets healthy, so that what came before is undone.
    Undone,
    /// All of it is done, and then it is taken back.
    Back,
}

/// The plays: what cannot be taken back comes last, so it does not fail by itself.
pub(super) const PLAYS: [(Reference, Course); 11] = [
    (Reference::Services, Course::Forward),
    (Reference::Services, Course::Undone),
    (Reference::Needs, Course::Forward),
    (Reference::Needs, Course::Back),
    (Reference::OneWay, Course::Forward),
    (Reference::End, Course::Forward),
    (Reference::Migrations, Course::Forward),
    (Reference::Migrations, Course::Undone),
    (Reference::Downs, Course::Forward),
    (Reference::Downs, Course::Back),
    (Reference::Drops, Course::Forward),
];

/// Those with backups, which have more calls than all others and rows of their own: in each of these one fault is met.
pub(super) const BACKED_UP: [(Reference, Course); 3] =
    [(Reference::Backups, Course::Undone), (Reference::Losses, Course::Forward), (Reference::Losses, Course::Back)];

/// Those with proofs, for the same reason.
pub(super) const PROVEN: [(Reference, Course); 2] =
    [(Reference::Proofs, Course::Forward), (Reference::Proofs, Course::Undone)];

const fn member(version: u8, replicas: u8, has_volume: bool, memory: u8, needs: u8, is_there: bool) -> Member {
    Member { version, replicas, has_volume, memory, needs, is_there }
}

fn members() -> (Deployment, Deployment) {
    let before = vec![
        member(0, 1, true, 0, 0, true),
        member(0, 2, false, 0, 0b1, true),
        member(0, 1, false, 1, 0b10, true),
        member(0, 1, false, 0, 0b10, true),
        member(0, 1, true, 0, 0, false),
    ];
    let after = vec![
        member(1, 1, true, 0, 0, true),
        member(1, 2, false, 0, 0b1, true),
        member(0, 1, false, 2, 0b10, true),
        member(0, 1, false, 0, 0b10, false),
        member(0, 1, true, 0, 0b1, true),
    ];
    (Deployment(before), Deployment(after))
}

const HEALTH: &str = "healthcheck = { test = [\"check\"], interval = \"1s\", timeout = \"1s\", retries = 2, \
                      start_period = \"1s\" }\nstop_grace_period = \"2s\"\n";

fn needs_before() -> String {
    format!(
        r#"[project]
name = "shop"
[networks.net]
[networks.back]
[networks.gone]
[networks.world]
name = "world"
external = true
[volumes.kept]
[databases.pos]
url = "postgres://omni@db.example/pos"
[jobs.settings]
image = "shop/serve:1"
command = ["exit", "0", "20"]
networks = ["net"]
rollback = {{ command = ["exit", "0", "20"] }}
timeout = "1m"
[jobs.gone]
image = "shop/serve:1"
command = ["exit", "0", "20"]
networks = ["gone"]
side_effects = false
[services.a]
image = "shop/serve:1"
networks = ["net"]
volumes = ["kept:/data"]
environment = {{ BEHAVIOUR = "serve:120" }}
{HEALTH}
[services.b]
image = "shop/serve:1"
networks = ["back", "net"]
environment = {{ BEHAVIOUR = "serve:60" }}
{HEALTH}
[services.old]
image = "shop/serve:1"
networks = ["net"]
environment = {{ BEHAVIOUR = "serve:20" }}
{HEALTH}"#
    )
}

fn needs_after() -> String {
    format!(
        r#"[project]
name = "shop"
[networks.net]
[networks.back]
internal = true
[networks.new]
[networks.world]
name = "world"
external = true
[volumes.kept]
shared = true
[volumes.new]
[jobs.settings]
image = "shop/serve:1"
command = ["exit", "0", "20"]
networks = ["net"]
rollback = {{ command = ["exit", "0", "20"] }}
timeout = "2m"
[jobs.migrate]
image = "shop/serve:2"
command = ["exit", "0", "40"]
networks = ["net"]
rollback = {{ command = ["exit", "0", "30"] }}
[jobs.warm]
image = "shop/serve:1"
command = ["exit", "0", "30"]
networks = ["net"]
side_effects = false
[services.a]
image = "shop/serve:2"
networks = ["net"]
volumes = ["kept:/data"]
depends_on = {{ migrate = "completed" }}
environment = {{ BEHAVIOUR = "serve:120" }}
{HEALTH}
[services.b]
image = "shop/serve:1"
networks = ["back", "net"]
environment = {{ BEHAVIOUR = "serve:60" }}
{HEALTH}
[services.c]
build = "."
networks = ["new", "world"]
volumes = ["new:/data"]
configs = {{ "/etc/c" = "conf" }}
depends_on = ["a", "b"]
environment = {{ BEHAVIOUR = "serve:40" }}
{HEALTH}"#
    )
}

fn one_way(version: u8, job: &str) -> String {
    format!(
        r#"[project]
name = "shop"
[networks.net]
{job}
[services.a]
image = "shop/serve:1"
networks = ["net"]
environment = {{ BEHAVIOUR = "serve:60", VERSION = "{version}" }}
{HEALTH}"#
    )
}

fn migrated(many: u8, version: u8, lock_timeout: u8, is_broken: bool) -> String {
    let behaviour = if is_broken { "never" } else { "serve:60" };
    format!(
        r#"[project]
name = "shop"
[networks.net]
[databases.pos]
url = "postgres://omni@db.example/pos"
lock_timeout = "{lock_timeout}s"
[migrations.pos]
dir = "migrations/{many}"
layout = "dbmate"
[services.a]
image = "shop/serve:1"
networks = ["net"]
environment = {{ BEHAVIOUR = "{behaviour}", VERSION = "{version}", URL = "postgres://app@db.example/pos" }}
{HEALTH}"#
    )
}

fn backed_up(many: u8, version: u8) -> String {
    migrated(many, version, 5, false) + "[backups.pos]\nkeep = { last = 1 }\n"
}

fn proven(many: u8, version: u8, is_broken: bool) -> String {
    migrated(many, version, 5, is_broken) + "[policy]\nrequire_proof = true\n"
}

const FOR_GOOD: &str = r#"[jobs.forget]
image = "shop/serve:1"
command = ["exit", "0", "40"]
networks = ["net"]
depends_on = ["a"]
"#;

impl Reference {
    /// Whether the database is backed up before anything is done to it.
    pub(super) const fn is_backed_up(self) -> bool {
        matches!(self, Self::Backups | Self::Losses)
    }

    /// Whether whatever is not done of it leaves every row where it was.
    pub(super) const fn keeps_rows(self) -> bool {
        matches!(self, Self::Backups | Self::Losses)
    }

    /// The spec of before.
    fn before(self) -> String {
        match self {
            Self::Services | Self::End => members().0.spec(None),
            Self::Needs => needs_before(),
            Self::OneWay | Self::Migrations => one_way(0, ""),
            Self::Downs => migrated(2, 0, 5, false),
            Self::Drops => migrated(4, 0, 5, false),
            Self::Backups => backed_up(4, 0),
            Self::Losses => backed_up(2, 0),
            Self::Proofs => proven(2, 0, false),
        }
    }

    /// The plan from what is there to what should be.
    pub(super) async fn plan(self, theatre: &mut Theatre, course: Course) -> Plan {
        self.ask_plan(theatre, course).await.expect("the engine answers")
    }

    /// The same on an engine that may not answer.
    pub(super) async fn ask_plan(self, theatre: &mut Theatre, course: Course) -> Result<Plan, Fault> {
        let is_broken = course == Course::Undone;
        match self {
            Self::Services => theatre.ask_plan(&members().1.spec(is_broken.then_some(4))).await,
            Self::Needs => theatre.ask_plan(&needs_after()).await,
            Self::OneWay => theatre.ask_plan(&one_way(1, FOR_GOOD)).await,
            Self::End => theatre.ask_plan_of_the_end().await,
            Self::Migrations => theatre.ask_plan(&migrated(4, 1, 5, is_broken)).await,
            Self::Downs | Self::Losses => theatre.ask_plan_back().await,
            Self::Backups => theatre.ask_plan(&backed_up(if is_broken { 6 } else { 5 }, 1)).await,
            Self::Drops => theatre.ask_plan(&migrated(5, 1, 6, false)).await,
            Self::Proofs => theatre.ask_plan(&proven(4, 1, is_broken)).await,
        }
    }

    /// A theatre in which the before serves.
    pub(super) async fn set(self) -> Theatre {
        let mut theatre = Theatre::new();
        let serves = Behaviour::Serves(std::time::Duration::from_millis(80));
        let outside = Network {
            name: "world".to_owned(),
            external: false,
            driver: "bridge".to_owned(),
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
            internal: false,
            subnet: None,
        };
        theatre.engine.create_network(&outside, "world", &BTreeMap::new()).await.expect("the engine answers");
        let _digest = theatre.engine.publish("shop/serve:2", "two", serves);
        theatre.engine.add_database("pos");
        assert_eq!(theatre.apply(&self.before()).await, Outcome::Applied);
        if self == Self::Downs {
            assert_eq!(theatre.apply(&migrated(4, 1, 6, false)).await, Outcome::Applied);
        }
        if self == Self::Losses {
            assert_eq!(theatre.apply(&backed_up(4, 1)).await, Outcome::Applied);
        }
        for table in ["b", "c"] {
            theatre.engine.write_rows("pos", table, 3);
        }
        theatre
    }
}
