//! `Opened`: an apply that is open, and whether somebody is at work on it.
//!
//! While there is one, what is there is neither before nor after. Commands that read say so and end; what a command
//! that changes something does about it, is left to `fulfilling`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::holding;
use crate::cli::project::{Engine, Project};
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::journal::{Apply, Record};
use crate::lock::Held;
use crate::report::{self, Style};
use crate::store::Store;

const PAUSE: Duration = Duration::from_millis(200);

/// An apply that is open.
pub(crate) struct Opened {
    /// The apply.
    pub(crate) apply: Apply,
    /// Its records.
    pub(crate) records: Vec<Record>,
    /// Who is at work on it; none where it was cut off.
    pub(crate) worker: Option<Held>,
}

/// The apply that is open; none where none is. For one that somebody works on it is waited as long as `wait` allows.
///
/// # Errors
/// When the store or the engine does not answer.
pub(crate) async fn look(
    project: &Project,
    engine: &Engine,
    store: Option<&dyn Store>,
    wait: Duration,
) -> Result<Option<Opened>, Failure> {
    let Some(store) = store else { return Ok(None) };
    let until = Instant::now() + wait;
    loop {
        let Some(first) = store.open_apply().await? else { return Ok(None) };
        let held = holding::look(project, engine, Some(store)).await?;
        let worker = held.filter(|(_, standing)| standing.is_at_work()).map(|(held, _)| held);
        if worker.is_some() && Instant::now() < until {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        // Whoever worked on it may have ended since the first look, and somebody else have begun.
        let Some(apply) = store.open_apply().await? else { return Ok(None) };
        if apply.op != first.op {
            continue;
        }
        let records = store.journal(&apply.op).await?;
        return Ok(Some(Opened { apply, records, worker }));
    }
}

impl Opened {
    /// What a command that only reads says of it.
    #[must_use]
    pub(crate) fn text(&self, style: &Style) -> String {
        match &self.worker {
            Some(held) => report::running(&self.apply, &self.records, held, style),
            None => report::open_apply(&self.apply, &self.records, SystemClock.now(), style),
        }
    }

    /// Ends a command that makes a plan and changes nothing: from what is neither before nor after, none is made.
    ///
    /// # Errors
    /// Where a program reads it.
    pub(crate) fn end(&self, console: &Console) -> Result<Exit, Failure> {
        if console.json {
            return Err(self.failure());
        }
        console.warn(&self.text(&console.err));
        Ok(self.exit())
    }

    /// How such a command ends.
    #[must_use]
    pub(crate) const fn exit(&self) -> Exit {
        if self.worker.is_some() { Exit::Locked } else { Exit::Stuck }
    }

    /// How such a command ends where a program reads it.
    #[must_use]
    pub(crate) fn failure(&self) -> Failure {
        let Apply { plan, .. } = &self.apply;
        let (code, what, help) = match &self.worker {
            Some(_) => ("omni::lock::held", "is at work", "wait, or give `--lock-wait 5m`".to_owned()),
            None => ("omni::apply::open", "is open", report::next_act(&self.records)),
        };
        Failure::new(self.exit(), code, format!("an apply of {} {what}: {}", plan.scope, plan.tag)).help(help)
    }

    /// The same for programs.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        let Apply { op, plan, release, by, opened, .. } = &self.apply;
        json!({
            "op": op,
            "tag": plan.tag,
            "release": release,
            "opened": opened,
            "by": by,
            "is_running": self.worker.is_some(),
            "holder": self.worker.as_ref().map(|held| &held.holder),
        })
    }
}
