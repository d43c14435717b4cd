//! `Deployment`: a random deployment as a spec's text.

use std::fmt::Write;

use proptest::prelude::*;

/// One service of a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// A number in its environment; another one is another version of it.
    pub(crate) version: u8,
    pub(crate) replicas: u8,
    pub(crate) has_volume: bool,
    pub(crate) memory: u8,
    /// Which of the members before it it depends on, as bits.
    pub(crate) needs: u8,
    pub(crate) is_there: bool,
}

/// A deployment of a few services.
#[derive(Debug, Clone)]
pub(crate) struct Deployment(pub(crate) Vec<Member>);

pub(crate) fn deployments() -> impl Strategy<Value = Deployment> {
    let member = (0_u8..3, 1_u8..3, prop::bool::weighted(0.3), 0_u8..3, any::<u8>(), prop::bool::weighted(0.85));
    let member = member.prop_map(|(version, replicas, has_volume, memory, needs, is_there)| Member {
        version,
        replicas,
        has_volume,
        memory,
        needs,
        is_there,
    });
    prop::collection::vec(member, 1..5).prop_map(Deployment)
}

impl Deployment {
    /// The spec of it. `broken` is a member that never gets healthy.
    pub(crate) fn spec(&self, broken: Option<usize>) -> String {
        let mut text = String::from("[project]\nname = \"shop\"\n[networks.net]\n");
        for (at, member) in self.0.iter().enumerate().filter(|(_, member)| member.is_there) {
            let needs = (0..at).filter(|n| self.0[*n].is_there && member.needs & (1 << n) != 0);
            let needs: Vec<_> = needs.map(|n| format!("\"s{n}\"")).collect();
            let behaviour = if broken == Some(at) { "never" } else { "serve:120" };
            let replicas = if member.has_volume { 1 } else { member.replicas };
            write!(
                text,
                "[services.s{at}]\nimage = \"shop/serve:1\"\nnetworks = [\"net\"]\nreplicas = {replicas}\n\
                 depends_on = [{}]\nenvironment = {{ VERSION = \"{}\", BEHAVIOUR = \"{behaviour}\" }}\n\
                 healthcheck = {{ test = [\"check\"], interval = \"1s\", timeout = \"1s\", retries = 2, start_period = \"1s\" }}\n\
                 stop_grace_period = \"2s\"\n",
                needs.join(", "),
                member.version,
            )
            .expect("a string can be written");
            if member.memory > 0 {
                writeln!(text, "resources.limits = {{ memory = \"{}MiB\" }}", 32 * u32::from(member.memory))
                    .expect("a string can be written");
            }
            if member.has_volume {
                writeln!(text, "volumes = [\"data{at}:/data\"]\n[volumes.data{at}]").expect("a string can be written");
            }
        }
        text
    }
}
