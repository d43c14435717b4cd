//! `omni backup verify`: tries backups, and notes how long that took. The databases themselves are read only.

use crate::cli::Exit;
use crate::cli::args::VerifyArgs;
use crate::cli::backed::{Backed, called, listed};
use crate::cli::commands::backup::{damage, facts, hear};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::histories::failed;
use crate::cli::lasting::interrupted;
use crate::cli::project::Project;
use crate::cli::signals::Signals;
use crate::provider::Fault;
use crate::provider::backup::Manifest;
use crate::report;
use crate::resource::Verify;

pub(crate) async fn run(project: &Project, args: &VerifyArgs, console: &Console) -> Result<Exit, Failure> {
    let found = Backed::among(project, &[])?;
    let (wanted, mut damaged) = wanted(&found, args).await?;
    let how = if args.checksum { Verify::Checksum } else { Verify::Restore };
    let mut signals = Signals::listen().map_err(|error| {
        Failure::new(Exit::Unusable, "omni::cli::signals", format!("cannot listen to signals: {error}"))
    })?;
    let mut tried = Vec::new();
    for (one, made) in wanted {
        let reached = one.reached(project, "backup").await?;
        let (tools, hear) = (reached.tools().await?, hear(console, one));
        let backups = one.backups(&reached, &*tools, &hear);
        let done = tokio::select! {
            done = backups.verify(&made, how) => done,
            stop = signals.stops.recv() => {
                console.step("");
                // What cannot be removed now is by the next one.
                let _ = backups.given_up().await;
                return Err(interrupted(stop));
            }
        };
        console.step("");
        match done {
            Ok(manifest) => tried.push(facts(one, &manifest)),
            Err(fault) => damaged.push((one, Some(made.name.clone()), fault)),
        }
    }
    if console.json {
        let damaged: Vec<_> = damaged.iter().map(|(one, name, fault)| damage(one, name.as_deref(), fault)).collect();
        console.print(&report::backups_json("verify", &tried, &damaged, &[]));
    } else if !tried.is_empty() {
        console.print(&report::backup_list(&tried, &[], &console.out));
    }
    for (.., fault) in damaged.iter().filter(|_| !console.json) {
        if let Failure::Told(told) = failed(fault.clone()) {
            console.warn(&told.draw());
        }
    }
    Ok(if damaged.is_empty() { Exit::Done } else { Exit::Unusable })
}

/// A backup that is not what it should be: its database, its name where that is known, and what is wrong.
type Damaged<'b> = (&'b Backed, Option<String>, Fault);

/// What is to be tried, and what is known to be damaged without.
async fn wanted<'b>(
    found: &'b [Backed],
    args: &VerifyArgs,
) -> Result<(Vec<(&'b Backed, Manifest)>, Vec<Damaged<'b>>), Failure> {
    let mut wanted = Vec::new();
    for name in &args.backups {
        wanted.push(called(found, name).await?);
    }
    if !args.backups.is_empty() {
        return Ok((wanted, Vec::new()));
    }
    let mut damaged = Vec::new();
    for (one, listed) in found.iter().zip(listed(found).await?) {
        // One that was found to be damaged may be whole again, where somebody has put its file back.
        let mut all: Vec<_> = listed.whole.into_iter().chain(listed.spoilt).collect();
        all.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
        let skipped = if args.all { 0 } else { all.len().saturating_sub(1) };
        wanted.extend(all.into_iter().skip(skipped).map(|made| (one, made)));
        damaged.extend(listed.damaged.into_iter().map(|fault| (one, None, fault)));
    }
    if wanted.is_empty() && damaged.is_empty() {
        return Err(Failure::new(Exit::Usage, "omni::backup::no_such_backup", "there is no backup yet")
            .help("make one with `omni backup create`"));
    }
    Ok((wanted, damaged))
}
