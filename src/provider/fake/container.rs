//! `FakeContainer`: a container of the fake, whose condition follows from when it was started.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::observed::Status;
use crate::provider::Ended;
use crate::provider::engine::NewContainer;
use crate::provider::fake::behaviour::Behaviour;
use crate::resource::Restart;

/// How long the engine waits before it starts a container again.
const AGAIN: Duration = Duration::from_millis(100);

/// A container.
#[derive(Debug, Clone)]
pub(super) struct FakeContainer {
    pub(super) id: String,
    pub(super) number: u64,
    pub(super) new: NewContainer,
    /// The id of its image.
    pub(super) image: String,
    pub(super) behaviour: Behaviour,
    pub(super) created: Instant,
    pub(super) process: Process,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// What became of the process in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    Never,
    Started(Instant),
    Stopped(i64),
}

impl FakeContainer {
    /// What it is doing, and how often it was started again.
    pub(super) fn condition(&self, now: Instant) -> (Status, u64) {
        let started = match self.process {
            Process::Never => return (Status::Created, 0),
            Process::Stopped(code) => return (Status::Exited { code }, 0),
            Process::Started(at) => at,
        };
        let running = Status::Running { since: None, healthy: None };
        let Behaviour::Ends(code, after) = self.behaviour else { return (running, 0) };
        let since = now.saturating_duration_since(started);
        if since < after {
            return (running, 0);
        }
        let most = match self.new.container.restart {
            Restart::No => 0,
            Restart::OnFailure(_) if code == 0 => 0,
            Restart::OnFailure(most) if most > 0 => u64::from(most),
            Restart::OnFailure(_) | Restart::Always | Restart::UnlessStopped => u64::MAX,
        };
        let round = (after + AGAIN).as_micros();
        let rounds = u64::try_from(since.as_micros() / round).unwrap_or(u64::MAX);
        if rounds >= most {
            return (Status::Exited { code }, most);
        }
        let runs = since.as_micros() % round < after.as_micros();
        (if runs { running } else { Status::Restarting }, rounds)
    }

    /// How its process ended; none while it runs.
    pub(super) fn ended(&self, now: Instant) -> Option<Ended> {
        match (self.condition(now).0, self.behaviour) {
            (Status::Exited { code }, _) | (Status::Restarting, Behaviour::Ends(code, _)) => {
                Some(Ended { code, out_of_memory: false })
            }
            _ => None,
        }
    }

    pub(super) fn runs(&self, now: Instant) -> bool {
        matches!(self.condition(now).0, Status::Running { .. })
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.new.container.environment.get(name)?.as_plain()
    }

    fn millis(&self, name: &str) -> Option<Duration> {
        self.variable(name)?.parse().ok().map(Duration::from_millis)
    }

    /// How long it takes to end once asked (`STOP_MS`), and the code with which it then ends.
    pub(super) fn ending(&self, grace: Duration) -> (Duration, i64) {
        let takes = self.millis("STOP_MS").unwrap_or(Duration::from_millis(10));
        if takes > grace { (grace, 137) } else { (takes, 0) }
    }
}
