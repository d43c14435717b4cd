//! Readiness, by measure: omni tries the health check itself, at once, with back-off, and gives up with what it saw.
//!
//! The engine's own first try comes only after a whole interval; trying it from here takes a fraction of that.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::observed::Status;
use crate::plain::plain;
use crate::provider::engine::{Engine, LiveContainer};
use crate::provider::host::{Doing, make};
use crate::provider::{Ended, Fault, FaultKind};
use crate::resource::{Container, Health, Probe, Protocol, Service};
use crate::template::{Part, Template};

/// The wait after the first try; each is half as long again as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A container that was started again so often does not come up.
const RESTARTS: u64 = 3;
/// How many log lines a fault carries.
const LOG_LINES: usize = 10;

/// What is to be known of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It is new: once ready, it has to stay up for a while.
    New,
    /// It has served before: once it passes its check it is ready.
    Again,
}

/// The fault of a wait that was given up because nobody wants its end any more.
pub(super) fn stopped() -> Fault {
    Fault::new(FaultKind::Failed, "stopped by omni before it was ready")
}

impl<E: Engine> Doing<'_, E> {
    /// Waits until a started container is ready and says how that is known: `healthy`, or `running` without a check.
    /// A wait that nobody wants to see the end of is given up at once: whatever the answer, all is taken back.
    /// `restarts` is how often the engine had started it again before omni started or changed it: what is more, came of
    /// that, also where nobody had looked yet.
    pub(super) async fn ready(
        &self,
        id: &str,
        restarts: u64,
        service: &Service,
        which: Readiness,
    ) -> Result<&'static str, Fault> {
        tokio::select! {
            biased;
            ready = self.until_ready(id, restarts, service, which) => ready,
            () = self.order.unwanted() => Err(stopped()),
        }
    }

    async fn until_ready(
        &self,
        id: &str,
        restarts: u64,
        service: &Service,
        which: Readiness,
    ) -> Result<&'static str, Fault> {
        let live = self.existing(id).await?;
        let health = self.check_of(&live, service).await?;
        let Some(health) = health else {
            // Engines may count from none again where a container is started by hand.
            let restarts = if live.restarts < restarts { 0 } else { restarts };
            self.stays_up(&live, service.update.monitor.duration(), Some(restarts)).await?;
            return Ok("running");
        };
        self.until_healthy(&live, &health, service.update.progress_deadline.duration()).await?;
        let stay = if which == Readiness::New { service.update.monitor.duration() } else { Duration::ZERO };
        self.stays_up(&live, stay, None).await?;
        Ok("healthy")
    }

    /// That a started container runs, whatever its check says.
    pub(super) async fn runs(&self, id: &str) -> Result<(), Fault> {
        let live = self.existing(id).await?;
        self.stays_up(&live, Duration::ZERO, None).await
    }

    /// The service's own check, or the one that its image brings.
    async fn check_of(&self, live: &LiveContainer, service: &Service) -> Result<Option<Health>, Fault> {
        let health = match &service.healthcheck {
            Some(health) if self.can_fill(health) => Some(health.clone()),
            // A secret has changed since the container was made, or is not at hand: the engine knows the command with
            // the value of then.
            Some(health) => self.calls.as_made(&live.id).await?.and_then(|seen| seen.health).or(Some(health.clone())),
            None => self.calls.image(&live.image).await?.and_then(|image| image.health),
        };
        Ok(health.filter(|health| health.probe != Probe::Off))
    }

    fn can_fill(&self, health: &Health) -> bool {
        match &health.probe {
            Probe::Command(command) => command.iter().all(|word| word.fill(self.order.vault).is_ok()),
            Probe::Http { .. } | Probe::Tcp(_) | Probe::Off => true,
        }
    }

    async fn until_healthy(&self, first: &LiveContainer, health: &Health, longest: Duration) -> Result<(), Fault> {
        let round = health.interval.duration() + health.timeout.duration();
        let patience = (health.start_period.duration() + round * health.retries.max(1)).min(longest);
        let started = Instant::now();
        let (mut tries, mut pause) = (0_u32, FIRST_PAUSE);
        // It was looked at just now, so the first try need not look again.
        let mut live = self.judged(first.clone(), first).await?;
        loop {
            let answer = self.try_once(&live, health).await;
            tries += 1;
            let Err(said) = answer else { return Ok(()) };
            if started.elapsed() + pause > patience {
                // What ended meanwhile says more than a check that could not be run.
                self.alive(first).await?;
                let waited = crate::units::Period::seconds(started.elapsed().as_secs());
                let text = format!("health check failed {tries} of {tries} times in {waited}: {said}");
                return Err(self.failed(&live.id, text).await);
            }
            let left = crate::units::Period::seconds(patience.saturating_sub(started.elapsed()).as_secs());
            (self.order.progress)(format!("waiting for health, {left} left, try {tries}: {said}"));
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            live = self.alive(first).await?;
        }
    }

    /// Tries the check once; says what it answered where it did not pass.
    async fn try_once(&self, live: &LiveContainer, health: &Health) -> Result<(), String> {
        let deadline = health.timeout.duration();
        let told = |fault: Fault| self.cleaned(&fault.message);
        match &health.probe {
            Probe::Off => Ok(()),
            Probe::Command(command) => {
                let words = make::words(command, self.order.vault).map_err(|fault| fault.message)?;
                let run = self.calls.engine.run(&live.id, &words, deadline);
                let ran = super::calls::within(deadline + self.calls.deadline, run).await.map_err(told)?;
                match ran.output.lines().rfind(|line| !line.trim().is_empty()) {
                    _ if ran.code == 0 => Ok(()),
                    Some(last) => Err(format!("exit code {}: {}", ran.code, self.cleaned(last))),
                    None => Err(format!("exit code {}", ran.code)),
                }
            }
            Probe::Http { path, port } => {
                let addr = reach(live, *port).ok_or_else(|| out_of_reach(*port))?;
                match self.host.probes.http(addr, "localhost", path, deadline).await.map_err(told)? {
                    200..=399 => Ok(()),
                    status => Err(format!("GET {path} on port {port} answered {status}")),
                }
            }
            Probe::Tcp(port) => {
                let addr = reach(live, *port).ok_or_else(|| out_of_reach(*port))?;
                self.host.probes.tcp(addr, deadline).await.map_err(told)
            }
        }
    }

    /// The container as it is now, unless it ended or is being started again and again.
    async fn alive(&self, first: &LiveContainer) -> Result<LiveContainer, Fault> {
        self.judged(self.existing(&first.id).await?, first).await
    }

    /// This view of the container, unless it shows that it ended or is being started again and again since the first.
    async fn judged(&self, live: LiveContainer, first: &LiveContainer) -> Result<LiveContainer, Fault> {
        let restarts = live.restarts.saturating_sub(first.restarts);
        match (&live.status, live.ended) {
            (Status::Exited { .. }, Some(ended)) => Err(self.gone(&live, Some(ended), "the container", "").await),
            _ if restarts >= RESTARTS => {
                let again = format!(" and was started again {restarts} times");
                Err(self.gone(&live, self.last_end(&live).await, "the container", &again).await)
            }
            _ => Ok(live),
        }
    }

    /// The fault of a container that ended: how, as far as that is known, and its last lines.
    async fn gone(&self, live: &LiveContainer, ended: Option<Ended>, what: &str, then: &str) -> Fault {
        let how = ended.map_or_else(|| "ended".to_owned(), |ended| ended.to_string());
        let fault = self.failed(&live.id, format!("{what} {how}{then}")).await;
        match ended.and_then(Ended::help) {
            Some(help) => fault.help(help),
            None => fault,
        }
    }

    /// How a container ended that is started again and again: the engine tells it only until it runs once more.
    async fn last_end(&self, live: &LiveContainer) -> Option<Ended> {
        let started = Instant::now();
        let mut ended = live.ended;
        while ended.is_none() && started.elapsed() < LONGEST_PAUSE {
            sleep(FIRST_PAUSE).await;
            ended = self.existing(&live.id).await.ok()?.ended;
        }
        ended
    }

    /// That it runs all the while and is not started again, beyond so often as it was `before`; as it is at the first
    /// look where none.
    async fn stays_up(&self, first: &LiveContainer, stay: Duration, mut before: Option<u64>) -> Result<(), Fault> {
        let until = Instant::now() + stay;
        loop {
            let live = self.alive(first).await?;
            let again = before.is_some_and(|restarts| live.restarts > restarts);
            if again || live.status == Status::Restarting {
                let ended = self.last_end(&live).await;
                let then = if again { " and was started again" } else { " and is being started again" };
                return Err(self.gone(&live, ended, "the container did not stay up: it", then).await);
            }
            if !matches!(live.status, Status::Running { .. }) {
                let text = format!("the container did not stay up: it is {}", live.status.word());
                return Err(self.failed(&live.id, text).await);
            }
            before = Some(live.restarts);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            sleep(left.min(LONGEST_PAUSE)).await;
        }
    }

    async fn failed(&self, id: &str, text: String) -> Fault {
        Fault::new(FaultKind::Failed, text).log(self.log_of(id).await)
    }

    /// The last lines of a container, free of secrets; none where they cannot be read, since the fault matters more.
    pub(super) async fn log_of(&self, id: &str) -> Vec<String> {
        let lines = self.calls.read(|| self.calls.engine.tail(id, LOG_LINES)).await.unwrap_or_default();
        let older = self.own_secrets(id).await;
        let hidden = |line: &String| older.iter().fold(line.clone(), |line, secret| line.replace(secret, "***"));
        lines.iter().map(|line| self.cleaned(&hidden(line))).collect()
    }

    /// The secrets that a container was made with: it may say one that has changed since, which no vault has any more.
    async fn own_secrets(&self, id: &str) -> Vec<String> {
        let (made, asked) = (self.calls.as_made(id).await, self.calls.container(id).await);
        let (Ok(Some(made)), Ok(Some(asked))) = (made, asked) else { return Vec::new() };
        let (live, asked) = (made.container, asked.seen.container);
        let words = |words: Option<Vec<Template>>| words.unwrap_or_default().into_iter();
        let all = |one: Container| {
            let named = one.environment.into_iter();
            named.chain(
                words(one.command).chain(words(one.entrypoint)).enumerate().map(|(at, word)| (at.to_string(), word)),
            )
        };
        let values: BTreeMap<_, _> = all(live).collect();
        let holes = all(asked).filter(|(_, template)| template.is_secret()).filter_map(|(name, template)| {
            let value = values.get(&name)?.as_plain()?;
            let (first, last) = (template.parts().first(), template.parts().last());
            let value = if let Some(Part::Text(text)) = first { value.strip_prefix(text.as_str())? } else { value };
            let value = if let Some(Part::Text(text)) = last { value.strip_suffix(text.as_str())? } else { value };
            Some(value.to_owned())
        });
        holes.filter(|value| value.len() >= 4).collect()
    }

    fn cleaned(&self, text: &str) -> String {
        plain(&self.order.vault.redact(text))
    }
}

/// Where a port of a container can be reached from here: through the host's port if there is one.
fn reach(live: &LiveContainer, port: u16) -> Option<SocketAddr> {
    let published = live.published.iter().find(|p| p.container == port && p.protocol == Protocol::Tcp);
    if let Some((published, host)) = published.and_then(|p| Some((p, p.host?))) {
        let listening = published.host_ip.as_deref().and_then(|ip| ip.parse().ok());
        let ip = listening.filter(|ip: &IpAddr| !ip.is_unspecified()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        return Some(SocketAddr::new(ip, host));
    }
    live.addresses.values().find_map(|address| address.parse().ok()).map(|ip| SocketAddr::new(ip, port))
}

fn out_of_reach(port: u16) -> String {
    format!("port {port} cannot be reached: it is not published, and the container has no address")
}
