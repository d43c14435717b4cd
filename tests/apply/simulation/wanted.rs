//! `Wanted`: a random deployment with networks, volumes, services and jobs, as a spec's text.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::apply::simulation::dice::Dice;

/// How a service or a job goes wrong by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Illness {
    Never,
    Ends,
}

/// One service or job.
#[derive(Debug, Clone)]
struct Member {
    is_job: bool,
    version: u64,
    replicas: u64,
    has_volume: bool,
    memory: u64,
    needs: u64,
    queries: bool,
    update: &'static str,
    back: &'static str,
    slow: bool,
    networks: &'static str,
}

/// A deployment.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    members: Vec<Option<Member>>,
    internal: bool,
    ill: Option<(usize, Illness)>,
    /// How many migrations the database has; none where there is no database.
    schema: Option<u64>,
    /// Whether there is one more, which the database refuses.
    refused: bool,
}

const UPDATES: [&str; 5] = [
    "",
    "",
    "update = { strategy = \"rolling\", parallelism = 1 }\n",
    "update = { strategy = \"recreate\" }\n",
    "update = { order = \"stop-first\" }\n",
];

const NETWORKS: [&str; 5] = ["\"front\"", "\"front\"", "\"back\"", "\"back\"", "\"back\", \"front\""];

/// With a rollback command, without effects, and one-way.
const BACKS: [&str; 3] = ["rollback = { command = [\"exit\", \"0\", \"30\"] }\n", "side_effects = false\n", ""];

/// The migrations there are: in a transaction, outside of one, with a way back and without, some that destroy. The last
/// is refused.
pub(crate) const SCHEMA: [(&str, &str); 9] = [
    ("1_a.sql", "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n"),
    ("2_b.sql", "-- migrate:up\nCREATE TABLE b (id int);\nINSERT INTO b VALUES (1);\n-- migrate:down\nDROP TABLE b;\n"),
    (
        "3_c.sql",
        "-- migrate:up transaction:false\nCREATE TABLE c (id int);\nCREATE INDEX CONCURRENTLY i ON a (id);\n\
         CREATE INDEX CONCURRENTLY j ON a (id);\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY j;\n\
         DROP INDEX CONCURRENTLY i;\nDROP TABLE c;\n",
    ),
    ("4_d.sql", "-- migrate:up\nCREATE TABLE d (id int);\nCREATE TABLE e (id int);\n-- migrate:down\n"),
    (
        "5_k.sql",
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY k ON d (id);\n\
         -- migrate:down transaction:false\nDROP INDEX CONCURRENTLY k;\n",
    ),
    ("6_b.sql", "-- migrate:up\nDROP TABLE b;\n-- migrate:down\nCREATE TABLE b (id int);\n"),
    ("7_g.sql", "-- migrate:up\nCREATE TABLE g (id int);\n-- migrate:down\nDROP TABLE g;\n"),
    (
        "8_e.sql",
        "-- migrate:up transaction:false\nCREATE TABLE f (id int);\nCREATE INDEX CONCURRENTLY l ON f (id);\n\
         DROP TABLE e;\n-- migrate:down\n",
    ),
    ("9_x.sql", "-- migrate:up\nINSERT INTO x VALUES (1);\n-- migrate:down\nINSERT INTO x VALUES (1);\n"),
];

/// What a migration adds to the tables and indexes, and what it takes away.
const DEEDS: [(&str, &[&str], &[&str]); 8] = [
    ("1", &["a"], &[]),
    ("2", &["b"], &[]),
    ("3", &["c", "i", "j"], &[]),
    ("4", &["d", "e"], &[]),
    ("5", &["k"], &[]),
    ("6", &[], &["b"]),
    ("7", &["g"], &[]),
    ("8", &["f", "l"], &["e"]),
];

/// The tables and indexes of a database that has these migrations.
pub(crate) fn made_by(ledger: &[String]) -> BTreeSet<String> {
    let done = || DEEDS.iter().filter(|(version, ..)| ledger.iter().any(|one| one == version));
    let gone: BTreeSet<_> = done().flat_map(|(_, _, takes)| *takes).collect();
    let made = done().flat_map(|(_, adds, _)| *adds).filter(|name| !gone.contains(name));
    made.map(|name| (*name).to_owned()).collect()
}

/// The scripts of a folder: the first three of `schema/3`, and with them the one that is refused of `schema/3x`.
pub(crate) fn scripts(folder: &str) -> Vec<&'static str> {
    let Some(many) = folder.strip_prefix("schema/") else { return Vec::new() };
    let (good, last) = SCHEMA.split_at(SCHEMA.len() - 1);
    let first = many.trim_end_matches('x').parse().unwrap_or_default();
    let refused = last.iter().filter(|_| many.ends_with('x'));
    good.iter().take(first).chain(refused).map(|(name, _)| *name).collect()
}

fn database(many: u64, refused: bool) -> String {
    let refused = if refused { REFUSED } else { "" };
    format!(
        "[databases.pos]\nurl = \"postgres://omni@db.example/pos\"\n\
         [migrations.pos]\ndir = \"schema/{many}{refused}\"\nlayout = \"dbmate\"\n"
    )
}

/// What the name of a folder ends in whose last script is refused.
pub(crate) const REFUSED: &str = "x";

impl Wanted {
    pub(crate) fn random(dice: &mut Dice, has_database: bool) -> Self {
        let places = dice.between(1, 6);
        let members: Vec<_> = (0..places).map(|_| dice.chance(80).then(|| Member::random(dice))).collect();
        // Now and then it is left out: what is in it stays, and is adopted when it comes back.
        let schema = (has_database && !dice.chance(8)).then(|| dice.below(SCHEMA.len() as u64));
        Self { members, internal: dice.chance(15), ill: None, schema, refused: false }
    }

    /// The same, but that one of its members fails, or a migration. Nothing where it has neither.
    pub(crate) fn ill(mut self, dice: &mut Dice) -> Self {
        if self.schema.is_some() && dice.chance(30) {
            self.refused = true;
            return self;
        }
        let there: Vec<_> = (0..self.members.len()).filter(|at| self.members[*at].is_some()).collect();
        if !there.is_empty() {
            let how = if dice.chance(50) { Illness::Never } else { Illness::Ends };
            self.ill = Some((*dice.pick(&there), how));
        }
        self
    }

    pub(crate) const fn is_ill(&self) -> bool {
        self.ill.is_some() || self.refused
    }

    /// A project that has nothing but the database with so many migrations, and one that is refused.
    pub(crate) fn only_migrations(many: u64, refused: bool) -> String {
        format!("[project]\nname = \"shop\"\n{}", database(many, refused))
    }

    pub(crate) fn text(&self) -> String {
        let internal = if self.internal { "internal = true\n" } else { "" };
        let mut text = format!("[project]\nname = \"shop\"\n[networks.front]\n{internal}[networks.back]\n");
        if let Some(many) = self.schema {
            text += &database(many, self.refused);
        }
        for (at, member) in self.members.iter().enumerate() {
            let Some(member) = member else { continue };
            let illness = self.ill.filter(|(which, _)| *which == at).map(|(_, how)| how);
            let queries = member.queries && self.schema.is_some();
            member.tell(&mut text, at, (&self.needs(at, member), queries), illness).expect("a string can be written");
        }
        text
    }

    fn needs(&self, at: usize, member: &Member) -> String {
        let before = (0..at).filter(|other| member.needs & (1 << other) != 0);
        let needs = before.filter_map(|other| {
            let needed = self.members[other].as_ref()?;
            Some(if needed.is_job { format!("m{other} = \"completed\"") } else { format!("m{other} = \"healthy\"") })
        });
        format!("{{ {} }}", needs.collect::<Vec<_>>().join(", "))
    }
}

impl Member {
    fn random(dice: &mut Dice) -> Self {
        let is_job = dice.chance(25);
        Self {
            is_job,
            version: dice.below(3),
            replicas: dice.between(1, 3),
            has_volume: !is_job && dice.chance(25),
            memory: dice.below(3),
            needs: dice.throw(),
            queries: dice.chance(40),
            update: *dice.pick::<&str>(&UPDATES),
            back: *dice.pick::<&str>(&BACKS),
            slow: dice.chance(20),
            networks: *dice.pick::<&str>(&NETWORKS),
        }
    }

    fn tell(
        &self,
        text: &mut String,
        at: usize,
        (needs, queries): (&str, bool),
        ill: Option<Illness>,
    ) -> std::fmt::Result {
        let url = if queries { "URL = \"postgres://app@db.example/pos\", " } else { "" };
        let kind = if self.is_job { "jobs" } else { "services" };
        let networks = self.networks;
        let stop = if self.slow { "STOP_MS = \"700\", " } else { "" };
        write!(
            text,
            "[{kind}.m{at}]\nimage = \"shop/serve:1\"\nnetworks = [{networks}]\ndepends_on = {needs}\n\
             stop_grace_period = \"2s\"\n"
        )?;
        if self.is_job {
            let code = if ill.is_some() { 3 } else { 0 };
            let took = if self.slow { 900 } else { 60 };
            return write!(
                text,
                "environment = {{ {url}{stop}VERSION = \"{}\" }}\ncommand = [\"exit\", \"{code}\", \"{took}\"]\n{}",
                self.version, self.back
            );
        }
        let behaviour = match ill {
            None if self.slow => "serve:900",
            None => "serve:80",
            Some(Illness::Never) => "never",
            Some(Illness::Ends) => "exit:1:50",
        };
        let replicas = if self.has_volume { 1 } else { self.replicas };
        write!(
            text,
            "replicas = {replicas}\nenvironment = {{ {url}{stop}VERSION = \"{}\", BEHAVIOUR = \"{behaviour}\" }}\n{}\
             healthcheck = {{ test = [\"check\"], interval = \"1s\", timeout = \"1s\", retries = 2, start_period = \"1s\" }}\n",
            self.version, self.update
        )?;
        if self.memory > 0 {
            writeln!(text, "resources.limits = {{ memory = \"{}MiB\" }}", 32 * self.memory)?;
        }
        if self.has_volume {
            writeln!(text, "volumes = [\"data{at}:/data\"]\n[volumes.data{at}]")?;
        }
        Ok(())
    }
}
