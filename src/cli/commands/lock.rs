//! `omni lock`: who has the lock, and taking it away from a holder that is gone.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::{Global, LockCommand};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::{Project, holder};
use crate::provider::Anchor;
use crate::report;
use crate::store::{Store, StoreError};

pub(crate) async fn run(global: &Global, command: &LockCommand, console: &Console) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let mut store = project.store().await?;
    let held = engine.anchor(project.scope()).await?;
    match command {
        LockCommand::Status => {
            let last = match &store {
                Some(store) => store.last_fence().await?,
                None => 0,
            };
            console.print(&if console.json {
                format!("{:#}\n", json!({ "format": "omni.lock/1", "held": held, "last_fence": last }))
            } else {
                report::lock(held.as_ref(), last, &console.out)
            });
            Ok(Exit::Done)
        }
        LockCommand::Break { fence } => {
            let mut broken = false;
            if let Some(held) = held.filter(|held| held.fence == *fence) {
                engine.drop_anchor(&held).await?;
                broken = true;
            }
            if let Some(store) = &mut store {
                let me = holder("lock break", store);
                match store.break_lock(*fence, &me).await {
                    Ok(()) => broken = true,
                    Err(StoreError::Absent(_) | StoreError::FenceLost(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if broken {
                console
                    .print(&format!("The lock with the fence {fence} is broken. Its holder sends no further call.\n"));
                return Ok(Exit::Done);
            }
            Err(Failure::new(Exit::Refused, "omni::lock::other_fence", format!("no lock has the fence {fence}"))
                .help("`omni lock status` prints the fence of the lock that is held"))
        }
    }
}
