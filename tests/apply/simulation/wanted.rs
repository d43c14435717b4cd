//! `Wanted`: a random deployment with networks, volumes, services and jobs, as a spec's text.

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

impl Wanted {
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let places = dice.between(1, 6);
        let members: Vec<_> = (0..places).map(|_| dice.chance(80).then(|| Member::random(dice))).collect();
        Self { members, internal: dice.chance(15), ill: None }
    }

    /// The same, but that one of its members fails. None where it has no member.
    pub(crate) fn ill(mut self, dice: &mut Dice) -> Self {
        let there: Vec<_> = (0..self.members.len()).filter(|at| self.members[*at].is_some()).collect();
        if !there.is_empty() {
            let how = if dice.chance(50) { Illness::Never } else { Illness::Ends };
            self.ill = Some((*dice.pick(&there), how));
        }
        self
    }

    pub(crate) const fn is_ill(&self) -> bool {
        self.ill.is_some()
    }

    pub(crate) fn text(&self) -> String {
        let internal = if self.internal { "internal = true\n" } else { "" };
        let mut text = format!("[project]\nname = \"shop\"\n[networks.front]\n{internal}[networks.back]\n");
        for (at, member) in self.members.iter().enumerate() {
            let Some(member) = member else { continue };
            let illness = self.ill.filter(|(which, _)| *which == at).map(|(_, how)| how);
            member.tell(&mut text, at, &self.needs(at, member), illness).expect("a string can be written");
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
            update: *dice.pick::<&str>(&UPDATES),
            back: *dice.pick::<&str>(&BACKS),
            slow: dice.chance(20),
            networks: *dice.pick::<&str>(&NETWORKS),
        }
    }

    fn tell(&self, text: &mut String, at: usize, needs: &str, ill: Option<Illness>) -> std::fmt::Result {
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
                "environment = {{ {stop}VERSION = \"{}\" }}\ncommand = [\"exit\", \"{code}\", \"{took}\"]\n{}",
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
            "replicas = {replicas}\nenvironment = {{ {stop}VERSION = \"{}\", BEHAVIOUR = \"{behaviour}\" }}\n{}\
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
