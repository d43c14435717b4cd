//! `omni migrate baseline`: adopts a database whose tables were made before omni came, after a preview.
//!
//! Only the ledger is written, in one transaction, as its tool would write it; no script runs.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::BaselineArgs;
use crate::cli::console::Console;
use crate::cli::failure::{Failure, UNTOUCHED};
use crate::cli::histories::{History, failed};
use crate::cli::project::Project;
use crate::cli::system_clock::SystemClock;
use crate::clock::Clock;
use crate::migration::Script;
use crate::migration::ledger::Writing;
use crate::observed::SeenDatabase;
use crate::plain::plain;
use crate::provider::Fault;
use crate::provider::database::Session;
use crate::provider::site;
use crate::spec::near;

pub(crate) async fn run(project: &Project, args: &BaselineArgs, console: &Console) -> Result<Exit, Failure> {
    let history = History::one(project, args.of.db.as_deref())?;
    let count = applied(&history, &args.name)?;
    let mut session = history.session(project, "baseline").await?;
    let seen = site::told(&mut *session, Some(&history.ledger), &history.scripts).await.map_err(failed)?;
    adoptable(&history, &seen)?;
    let table = history.ledger.tables(&session.facts().schema).concat();
    let preview = preview(&history, &table, count);
    if args.dry_run {
        console.print(&told(&history, &table, count, false, &preview, console));
        return Ok(Exit::Done);
    }
    if !args.yes {
        console.warn(&preview);
        console.ask(&format!("Write this into the ledger of database.{}?", plain(&history.name)), "yes", "--yes")?;
    }
    write(&mut *session, &history, &history.scripts[..count]).await?;
    console.print(&told(&history, &table, count, true, &preview, console));
    Ok(Exit::Done)
}

/// How many migrations are applied where the one of this name, or version, is the newest.
fn applied(history: &History, name: &str) -> Result<usize, Failure> {
    let is_meant = |script: &Script| script.name == name || script.version == name;
    if let Some(at) = history.scripts.iter().position(is_meant) {
        return Ok(at + 1);
    }
    let message = format!("database.{} has no migration `{}`", plain(&history.name), plain(name));
    let near = near(name, history.scripts.iter().map(|script| script.name.as_str()));
    let help =
        near.map_or_else(|| "`omni migrate status` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Failure::new(Exit::Usage, "omni::migrate::no_such_migration", message).help(help))
}

/// That there is something to adopt, and that nobody says what it is.
fn adoptable(history: &History, seen: &SeenDatabase) -> Result<(), Failure> {
    let name = plain(&history.name);
    let entries = seen.ledger.as_ref().map_or(0, Vec::len);
    if entries > 0 {
        let message = format!("the ledger of database.{name} has {entries} entries already; {UNTOUCHED}");
        return Err(Failure::new(Exit::Refused, "omni::migrate::has_ledger", message)
            .help("`omni migrate status` prints what it says; `omni plan` goes on from there"));
    }
    if seen.is_empty {
        let message = format!("database.{name} has no tables, so that nothing is applied; {UNTOUCHED}");
        return Err(Failure::new(Exit::Refused, "omni::migrate::empty", message)
            .help("`omni apply` runs its migrations from the first on"));
    }
    Ok(())
}

fn preview(history: &History, table: &str, count: usize) -> String {
    let line = |(at, script): (usize, &Script)| {
        let word = if at < count { "applied" } else { "pending" };
        format!("  {word}  {}\n", plain(&script.name))
    };
    let lines: String = history.scripts.iter().enumerate().map(line).collect::<Vec<_>>().concat();
    format!("database.{}: into {} ({})\n{lines}", plain(&history.name), plain(table), history.ledger.layout)
}

fn told(history: &History, table: &str, count: usize, is_done: bool, preview: &str, console: &Console) -> String {
    if console.json {
        let names = |scripts: &[Script]| scripts.iter().map(|script| script.name.clone()).collect::<Vec<_>>();
        let (applied, pending) = history.scripts.split_at(count);
        let document = json!({
            "format": "omni.migrate-baseline/1",
            "database": history.name,
            "table": table,
            "written": is_done,
            "applied": names(applied),
            "pending": names(pending),
        });
        return format!("{document:#}\n");
    }
    let end = if is_done { "Written.\nnext: omni plan\n" } else { "Nothing was written: this is a dry run.\n" };
    format!("{preview}{end}")
}

/// Writes into the ledger that these are applied, all or none.
async fn write(session: &mut dyn Session, history: &History, scripts: &[Script]) -> Result<(), Failure> {
    let facts = session.facts();
    let keys: Vec<_> = std::iter::once(site::OWN).chain(history.ledger.locks(&facts.database, &facts.schema)).collect();
    if !session.try_lock(&keys).await.map_err(failed)? {
        let message = format!("somebody else is migrating database.{}; {UNTOUCHED}", plain(&history.name));
        return Err(Failure::new(Exit::Refused, "omni::database::busy", message)
            .help("wait until it is done, then run it again"));
    }
    session.begin().await.map_err(failed)?;
    match recorded(session, history, scripts).await {
        Ok(Some(())) => session.commit().await.map_err(failed),
        Ok(None) => {
            session.abort().await.map_err(failed)?;
            let message = format!("somebody else wrote the ledger of database.{} meanwhile", plain(&history.name));
            Err(Failure::new(Exit::Refused, "omni::migrate::has_ledger", format!("{message}; {UNTOUCHED}"))
                .help("`omni migrate status` prints what it says"))
        }
        Err(fault) => {
            // A lost connection has taken it back by itself.
            let _ = session.abort().await;
            Err(failed(fault))
        }
    }
}

/// None where the ledger has an entry after all.
async fn recorded(session: &mut dyn Session, history: &History, scripts: &[Script]) -> Result<Option<()>, Fault> {
    if session
        .ledger(&history.ledger)
        .await?
        .is_some_and(|rows| !history.ledger.entries(&rows, &history.scripts).is_empty())
    {
        return Ok(None);
    }
    session.make_ledger(&history.ledger).await?;
    let op = format!("baseline-{}", SystemClock.now().as_millisecond());
    let mut previous = None;
    for script in scripts {
        session.record(&history.ledger, &Writing { script, previous, op: &op, took: 0 }).await?;
        previous = Some(script);
    }
    Ok(Some(()))
}
