//! `omni migrate prove`: runs the pending migrations up and back on a scratch copy, and keeps what came of it.
//!
//! The real database is read only. What was made for it is gone at the end, also when somebody interrupts.

use crate::cli::Exit;
use crate::cli::args::ProveArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::histories::{History, connect, failed};
use crate::cli::project::Project;
use crate::cli::proofs;
use crate::cli::proving::{self, Wanted};
use crate::migration::Script;
use crate::migration::proof::Proof;
use crate::provider::database::Target;
use crate::provider::site;
use crate::report::{self, HistoryProof};

pub(crate) async fn run(project: &Project, args: &ProveArgs, console: &Console) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for history in History::among(project, args.of.db.as_deref())? {
        found.push(one(project, &history, args, console).await?);
    }
    console.print(&if console.json {
        report::migrate_proof_json(&found)
    } else {
        report::migrate_proof(&found, &console.out)
    });
    Ok(if found.iter().all(HistoryProof::is_trusted) { Exit::Done } else { Exit::Undone })
}

async fn one(
    project: &Project,
    history: &History,
    args: &ProveArgs,
    console: &Console,
) -> Result<HistoryProof, Failure> {
    let real = history.target(project, "prove").await?;
    let look = Target { is_look: true, ..real.clone() };
    let mut session = connect().connect(&look).await.map_err(failed)?;
    let seen = site::told(&mut *session, Some(&history.ledger), &history.scripts).await.map_err(failed)?;
    let is_wanted = |script: &&Script| args.all || seen.entry(&script.version).is_none();
    let scripts: Vec<_> = history.scripts.iter().filter(is_wanted).cloned().collect();
    let mut told =
        HistoryProof { database: history.name.clone(), version: seen.version, proof: None, notes: Vec::new() };
    if scripts.is_empty() {
        return Ok(told);
    }
    let backup = if args.all { None } else { proving::newest(project, history).await? };
    let wanted = Wanted {
        history,
        real,
        scratch: args.scratch.as_deref(),
        from_nothing: args.all,
        scripts: &scripts,
        backup: backup.as_ref(),
    };
    let proved = proving::prove(project, &wanted, &mut *session, console).await?;
    let key = Proof::key(&proved.scripts, &proved.proof.ground);
    proofs::keep(&project.root, &key, &proved.proof)?;
    (told.proof, told.notes) = (Some(proved.proof), proved.notes);
    Ok(told)
}
