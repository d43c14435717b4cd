//! `omni backup restore`: puts what is in a backup in the place of what is there, after a preview.
//!
//! What is there is backed up before, so that nothing is lost for good; still it is gone from the database, which needs
//! consent by name, as a step of a plan does. The ledger comes back with the rest: what was applied since is pending
//! again, and the next plan says so.

mod preview;

use serde_json::json;

use crate::address::{Address, Kind};
use crate::cli::Exit;
use crate::cli::args::{DoArgs, Global, RestoreArgs};
use crate::cli::backed::{Backed, Reached, called, databases, no_such_database};
use crate::cli::commands::backup::{facts, hear};
use crate::cli::console::Console;
use crate::cli::failure::{Failure, UNTOUCHED};
use crate::cli::histories::failed;
use crate::cli::lasting::{interrupted, lasting};
use crate::cli::project::Project;
use crate::cli::signals::Signals;
use crate::cli::undertaking::{Under, Undertaking};
use crate::fingerprint::Key;
use crate::migration::Dialect;
use crate::plain::plain;
use crate::provider::backup::tools::host::HostTools;
use crate::provider::backup::{Backups, Consent, Manifest, Others, Restored, Shelf};
use crate::provider::site::Known;
use crate::report;

use preview::{Found, Preview};

/// Into what nothing is replaced.
const SCRATCH: &str = "scratch";

pub(crate) async fn run(
    project: &Project,
    global: &Global,
    args: &RestoreArgs,
    console: &Console,
) -> Result<Exit, Failure> {
    let found = Backed::among(project, &[])?;
    let (one, made) = called(&found, &args.backup).await?;
    if args.to.as_deref() == Some(SCRATCH) {
        return beside(project, one, &made, args, console).await;
    }
    let into = into(project, one, &made, args.to.as_deref())?;
    let reached = Reached::new(&into, project, "backup").await?;
    let preview = Preview::new(one, &made, &into, &reached).await?;
    if args.dry_run {
        readable(one, &reached, &made).await?;
        console.print(&told(console, &preview, args, None));
        return Ok(Exit::Done);
    }
    agreed(project, &preview, args, console)?;
    let doing = DoArgs { yes: args.yes, allow_loss: Vec::new(), parallel: 1 };
    let undertaking = Undertaking::new(project, global, console, &doing, "backup restore")?;
    let safety = Shelf::new(&project.root.join(&one.backup.dir), &into.name);
    let restored = undertaking
        .under_lock(async |under| {
            if under.store.open_apply().await?.is_some() {
                return Err(open());
            }
            let (tools, hear) = (reached.tools().await?, hear(console, one));
            let backups = Backups { safety: Some(&safety), ..one.backups(&reached, &*tools, &hear) };
            restored(&undertaking, under, &backups, &made, &preview, args).await
        })
        .await?;
    console.print(&told(console, &preview, args, Some(&restored)));
    Ok(Exit::Done)
}

async fn restored(
    undertaking: &Undertaking<'_>,
    under: &mut Under<'_>,
    backups: &Backups<'_>,
    made: &Manifest,
    preview: &Preview<'_>,
    args: &RestoreArgs,
) -> Result<Restored, Failure> {
    // What came to be there since it was looked at is not agreed to.
    let consent = if preview.is_empty() { Consent::Empty } else { Consent::Replace };
    let others = if args.disconnect { Others::End } else { Others::Refuse };
    let work = async { backups.restore(made, consent, others).await.map_err(failed) };
    let done = lasting(under, &undertaking.engine, work).await;
    undertaking.console.step("");
    if done.is_err() {
        // What cannot be removed now is by the next one.
        let _ = backups.given_up().await;
    }
    done
}

/// Restores into a new database beside the real one, which is not touched.
async fn beside(
    project: &Project,
    one: &Backed,
    made: &Manifest,
    args: &RestoreArgs,
    console: &Console,
) -> Result<Exit, Failure> {
    let reached = one.reached(project, "backup").await?;
    if args.dry_run {
        readable(one, &reached, made).await?;
        console.print(&told_beside(console, one, made, None));
        return Ok(Exit::Done);
    }
    let mut signals = Signals::listen().map_err(|error| {
        Failure::new(Exit::Unusable, "omni::cli::signals", format!("cannot listen to signals: {error}"))
    })?;
    let (tools, hear) = (reached.tools().await?, hear(console, one));
    let backups = one.backups(&reached, &*tools, &hear);
    let done = tokio::select! {
        done = backups.restore_beside(made) => done.map_err(failed),
        stop = signals.stops.recv() => Err(interrupted(stop)),
    };
    console.step("");
    if done.is_err() {
        // What cannot be removed now is by the next one.
        let _ = backups.given_up().await;
    }
    let done = done?;
    console.print(&told_beside(console, one, made, Some(&done)));
    if made.dialect == Dialect::Sqlite && !made.recipients.is_empty() {
        console.warn(&format!("warning: `{}` is not encrypted, as the backup is\n", plain(&done.0)));
    }
    Ok(Exit::Done)
}

/// Whether a backup is whole, and a key opens it.
async fn readable(one: &Backed, reached: &Reached, made: &Manifest) -> Result<(), Failure> {
    let tools = HostTools::default();
    one.backups(reached, &tools, &|_| {}).readable(made).await.map_err(failed)
}

/// The database that a backup is restored into.
fn into(project: &Project, one: &Backed, made: &Manifest, to: Option<&str>) -> Result<Known, Failure> {
    let name = to.unwrap_or(&one.known.name);
    let all = databases(project)?;
    let mut names: Vec<_> = all.iter().map(|known| known.name.clone()).collect();
    names.push(SCRATCH.to_owned());
    let Some(known) = all.into_iter().find(|known| known.name == name) else {
        return Err(no_such_database(name, false, &names));
    };
    if known.database.dialect == made.dialect {
        return Ok(known);
    }
    let message = format!("{} is of {}, and database.{name} of {}", made.name, made.dialect, known.database.dialect);
    Err(Failure::new(Exit::Usage, "omni::backup::other_kind", message).help("name another database with `--to`"))
}

/// Checks that the user agrees to what is replaced, and asks where that is left to a word on the terminal.
fn agreed(project: &Project, preview: &Preview<'_>, args: &RestoreArgs, console: &Console) -> Result<(), Failure> {
    let (spec, _) = project.resolve(&Key::unset())?;
    let address = Address::new(Kind::Database, &preview.into.name);
    if !preview.is_empty() && !spec.policy.allow_destructive {
        let message = format!("what is in {address} would be replaced, and the policy forbids such steps");
        return Err(Failure::new(Exit::Consent, "omni::policy::destructive", message)
            .help("look into the backup with `--to scratch`, or set `policy.allow_destructive = true`"));
    }
    if !console.json && (console.may_ask() || !args.yes) {
        console.warn(&preview.text(args));
    }
    if !preview.is_empty() && !args.allow_loss.contains(&address) {
        let what = match preview.found {
            Found::Broken => "cannot be read, and would be moved aside",
            _ => "is not empty, and what is in it would be replaced",
        };
        let message = format!("{address} {what}; {UNTOUCHED}");
        return Err(Failure::new(Exit::Consent, "omni::consent::loss", message)
            .help(format!("if that is right, add `--allow-loss {address}`")));
    }
    if spec.approval {
        let scope = project.scope().to_string();
        return console.ask(&format!("{scope} needs approval."), &scope, "the name on a terminal");
    }
    if args.yes { Ok(()) } else { console.ask(&format!("Restore into {address}?"), "yes", "--yes") }
}

fn open() -> Failure {
    Failure::new(Exit::Stuck, "omni::apply::open", "an apply is open: it may be about to restore a backup itself")
        .help("run `omni recover` first; `omni recover --accept` closes it as it stands")
}

fn told(console: &Console, preview: &Preview<'_>, args: &RestoreArgs, done: Option<&Restored>) -> String {
    if console.json {
        let safety = done.and_then(|done| done.safety.as_ref()).map(|made| &made.name);
        let more = [
            ("into", json!(preview.into.name)),
            ("dry_run", json!(done.is_none())),
            ("tables", json!(preview.tables)),
            ("pending", json!(preview.pending)),
            ("safety", json!(safety)),
            ("kept", json!(done.and_then(|done| done.kept.as_ref()))),
            ("took_ms", json!(done.map(|done| done.took))),
        ];
        return report::backups_json("restore", &[facts(preview.of, preview.made)], &[], &more);
    }
    let Some(done) = done else { return format!("{}Nothing was restored: this is a dry run.\n", preview.text(args)) };
    let took = report::took(std::time::Duration::from_millis(done.took));
    let (into, name) = (plain(&preview.into.name), &preview.made.name);
    let safety = done.safety.as_ref().map(|made| format!("  what was there is in {}\n", made.name));
    let kept = done.kept.as_ref().map(|kept| match preview.made.dialect {
        Dialect::Postgres => {
            format!("  what was written meanwhile is in the database `{}`, which stays\n", plain(kept))
        }
        Dialect::Sqlite => format!("  what was there could not be read, and is in `{}`\n", plain(kept)),
    });
    let lines = [safety, kept].into_iter().flatten().collect::<String>();
    format!("database.{into} is what it was in {name}, in {took}\n{lines}{}next: omni plan\n", preview.since())
}

fn told_beside(console: &Console, one: &Backed, made: &Manifest, done: Option<&(String, u64)>) -> String {
    if console.json {
        let more = [
            ("into", json!(done.map(|(name, _)| name))),
            ("dry_run", json!(done.is_none())),
            ("took_ms", json!(done.map(|(_, took)| took))),
        ];
        return report::backups_json("restore", &[facts(one, made)], &[], &more);
    }
    match done {
        None => format!("{} would be restored into a new database beside: this is a dry run.\n", made.name),
        Some((name, took)) => {
            let took = report::took(std::time::Duration::from_millis(*took));
            format!("{} was restored into `{}` in {took}; remove it when you have seen it\n", made.name, plain(name))
        }
    }
}
