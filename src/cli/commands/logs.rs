//! `omni logs`: the last lines of a service's containers, and those that come.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::address::{Address, Kind};
use crate::cli::Exit;
use crate::cli::args::{Global, LogsArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::project::Project;
use crate::observed::Object;
use crate::plain::plain;
use crate::provider::Observe;

const PAUSE: Duration = Duration::from_secs(1);
/// How many lines are looked at for new ones while following.
const WINDOW: usize = 2_000;

pub(crate) async fn run(global: &Global, args: &LogsArgs, console: &Console) -> Result<Exit, Failure> {
    if console.json {
        return Err(Failure::new(Exit::Usage, "omni::logs::no_json", "the lines of a container are no JSON")
            .help("leave out `--json`"));
    }
    let project = Project::open(global)?;
    let engine = project.engine()?;
    let observed = engine.observe(project.scope()).await?;
    let name =
        args.service.strip_prefix("service.").or_else(|| args.service.strip_prefix("job.")).unwrap_or(&args.service);
    let objects = [Kind::Service, Kind::Job].into_iter().flat_map(|kind| observed.at(&Address::new(kind, name)));
    let mut shown: Vec<&Object> = objects.filter(|object| object.status.is_up()).collect();
    if shown.is_empty() {
        // Nothing runs: what the newest one wrote last is what the user wants to know.
        shown = observed
            .at(&Address::service(name))
            .iter()
            .chain(observed.at(&Address::new(Kind::Job, name)))
            .take(1)
            .collect();
    }
    if shown.is_empty() {
        let known: Vec<_> = observed.objects.keys().filter(|a| matches!(a.kind(), Kind::Service | Kind::Job)).collect();
        let names = known.iter().map(|address| address.name().to_owned()).collect::<Vec<_>>().join(", ");
        return Err(Failure::new(
            Exit::Usage,
            "omni::logs::no_container",
            format!("no container of `{}`", plain(name)),
        )
        .help(if names.is_empty() {
            "nothing was applied yet".to_owned()
        } else {
            format!("there are: {names}")
        }));
    }
    let several = shown.len() > 1;
    let mut seen: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    loop {
        for object in &shown {
            let wanted = if seen.contains_key(object.id.as_str()) { WINDOW } else { args.tail };
            let lines = engine.tail(&object.id, wanted).await?;
            let before = seen.get(object.id.as_str());
            for line in before.map_or(&lines[..], |before| new_lines(before, &lines)) {
                let mark = if several { format!("{}  ", plain(&object.name)) } else { String::new() };
                console.print(&format!("{mark}{line}\n"));
            }
            seen.insert(&object.id, lines);
        }
        if !args.follow {
            return Ok(Exit::Done);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The lines of `now` after the last place where the end of `before` stands in it.
fn new_lines<'n>(before: &[String], now: &'n [String]) -> &'n [String] {
    let Some(longest) = (0..=before.len().min(now.len())).rev().find(|overlap| {
        let end = &before[before.len() - overlap..];
        *overlap == 0 || now.windows(*overlap).any(|window| window == end)
    }) else {
        return now;
    };
    let end = &before[before.len() - longest..];
    let at = if longest == 0 { 0 } else { now.windows(longest).rposition(|window| window == end).unwrap_or(0) };
    &now[at + longest..]
}
