//! What a deployment is and does now: its release, its services, drift, the lock, an open apply.

use jiff::Timestamp;

use crate::address::{Address, Kind, Scope};
use crate::journal::{Apply, Record};
use crate::lock::{Held, Standing};
use crate::observed::{Object, Observed, Status};
use crate::plain::plain;
use crate::plan::{Comparison, Drift};
use crate::release::Release;
use crate::report::difference_text::{self, Sides};
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::table::{Cell, Column, Table, cell};
use crate::report::{drift_text, lock_text, open_apply, time, words};
use crate::resource::Resource;

/// What is known of a deployment now.
#[derive(Debug, Clone, Copy)]
pub struct Now<'a> {
    /// The deployment.
    pub scope: &'a Scope,
    /// Its latest release; none before the first.
    pub head: Option<&'a Release>,
    /// What the engine shows.
    pub observed: &'a Observed,
    /// What is there, beside the release that should be.
    pub compared: &'a Comparison,
    /// Who has the lock, and what is known of that process; none where it is free.
    pub lock: Option<(&'a Held, Standing)>,
    /// The fence of the last lock taken.
    pub last_fence: u64,
    /// The apply that is open, with its records; none where none is.
    pub open: Option<(&'a Apply, &'a [Record])>,
    /// The store, by its name without a password, where it is on a server.
    pub store: Option<&'a str>,
    /// The moment of the look.
    pub at: Timestamp,
}

/// The status of a deployment, ending with a newline.
#[must_use]
pub fn status(now: &Now<'_>, style: &Style) -> String {
    let mut lines = vec![header(now, style)];
    lines.extend(things(now, style));
    lines.push(format!("  {:<17}  {}", "drift", drift(now)));
    for drift in now.told().unwrap_or_default().iter().filter(|_| style.full) {
        lines.extend(drift_text::schema(drift, style).into_iter().map(|line| format!("      {line}")));
        let differences = difference_text::lines(&drift.differences, Sides::Drift, &style.inset(6));
        lines.extend(differences.into_iter().map(|line| format!("      {line}")));
    }
    if let Some(store) = now.store {
        lines.push(format!("  {:<17}  {}", "store", plain(store)));
    }
    lines.push(format!("  {:<17}  {}", "lock", lock_text::line(now.lock, now.last_fence)));
    let open = now.open.map_or("none".to_owned(), |(apply, records)| {
        let far = open_apply::in_one_line(apply, records, now.is_at_work());
        let (tone, word) = if now.is_at_work() { (Tone::Normal, "running: ") } else { (Tone::Bad, "") };
        style.paint(tone, &format!("{word}{} (release {}), {far}", plain(&apply.plan.tag), apply.release))
    });
    lines.push(format!("  {:<17}  {open}", "open apply"));
    lines.push(format!("next: {}", next(now)));
    fitted(&(lines.join("\n") + "\n"), style)
}

impl<'a> Now<'a> {
    /// Whether somebody is at work on the deployment, as far as anybody can tell.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.lock.is_some_and(|(_, standing)| standing.is_at_work())
    }

    /// The latest release, where it is what should serve; none where the store has no record of that.
    #[must_use]
    pub fn recorded(&self) -> Option<&'a Release> {
        self.head.filter(|_| self.compared.is_recorded())
    }

    /// What is not as it was recorded; none where nobody can tell, and while what is there is neither before nor after.
    #[must_use]
    pub fn told(&self) -> Option<&'a [Drift]> {
        self.compared.told().filter(|_| self.open.is_none())
    }
}

fn next(now: &Now<'_>) -> &'static str {
    match (now.open, &now.compared.base) {
        _ if now.is_at_work() => "wait until it has ended; `--lock-wait 5m` makes a command wait",
        (Some(_), _) => "omni recover",
        (None, Some(_)) => "omni plan",
        (None, None) => "omni apply",
    }
}

fn header(now: &Now<'_>, style: &Style) -> String {
    let scope = plain(&now.scope.to_string());
    let scope = style.paint(Tone::Strong, &scope);
    let Some(head) = now.recorded() else {
        return match &now.compared.base {
            Some(base) => format!(
                "{scope}   {}   release {} by the labels on the engine: the store has no record of it",
                plain(&base.tag),
                base.number
            ),
            None if now.observed.objects.is_empty() || now.open.is_some() => format!("{scope}   no release yet"),
            None => format!("{scope}   neither the store nor a container tells of a release"),
        };
    };
    format!(
        "{scope}   {}   release {}   applied {} by {} ({} old)",
        plain(&head.tag),
        head.number,
        time::moment(head.at),
        plain(&head.by),
        time::age(head.at, now.at)
    )
}

/// A line for each service; with `full`, and where something is missing, for every thing.
fn things(now: &Now<'_>, style: &Style) -> Vec<String> {
    let known = now.compared.resources.keys().chain(&now.compared.absent);
    let addresses: std::collections::BTreeSet<_> = known.chain(now.observed.objects.keys()).collect();
    let mut table = Table::bare(&[
        Column::left("").at_least(17),
        Column::left(""),
        Column::left(""),
        Column::left("").wrapping(),
        Column::left(""),
    ]);
    for address in addresses {
        let wanted = now.compared.resources.get(address);
        match address.kind() {
            // `omni migrate status` and `omni backup list` have a line for each.
            Kind::Migration | Kind::Backup | Kind::Proof => continue,
            Kind::Database => {
                table.row(database(address, now.observed));
                continue;
            }
            Kind::Image | Kind::Job | Kind::Network | Kind::Service | Kind::Volume => {}
        }
        let absent = now.compared.absent.contains(address);
        let objects = now.observed.at(address);
        let missing = wanted.is_some() && objects.is_empty() && matches!(address.kind(), Kind::Network | Kind::Volume);
        let unknown = wanted.is_none() && objects.iter().any(|object| object.status.is_up());
        if style.full || missing || unknown || absent || (address.kind() == Kind::Service && wanted.is_some()) {
            let unwanted = if absent { "in the spec, no container" } else { "not in the release" };
            table.row(row(address, wanted.ok_or(unwanted), objects, now.at));
        }
    }
    table.lines(style)
}

/// The line of a thing: what is wanted there, or why nothing is, and what is there.
fn row(address: &Address, wanted: Result<&Resource, &str>, objects: &[Object], at: Timestamp) -> Vec<Cell> {
    let up: Vec<_> = objects.iter().filter(|object| object.status.is_up()).collect();
    let shown = up.first().copied().or(objects.first());
    let replicas = match wanted {
        Ok(Resource::Service(service)) => usize::try_from(service.replicas).unwrap_or(1),
        _ => 1,
    };
    let word = shown.map_or("missing".to_owned(), |object| doing(&object.status));
    let word = if replicas > 1 { format!("{word} {}/{replicas}", up.len()) } else { word };
    let well = if up.len() >= replicas { Tone::Good } else { Tone::Bad };
    let (health, tone) = health(&up);
    let image = shown.and_then(|object| object.resource.container()).map(|container| plain(&container.image.reference));
    let last = match (wanted, shown.map(|object| &object.status)) {
        (Err(unwanted), _) => unwanted.to_owned(),
        (_, Some(Status::Running { since: Some(since), .. })) => format!("up {}", time::age(*since, at)),
        _ => String::new(),
    };
    vec![
        cell(Tone::Normal, words::name(address)),
        cell(well, word),
        cell(tone, health),
        cell(Tone::Normal, image.unwrap_or_default()),
        cell(Tone::Normal, last),
    ]
}

/// The line of a database: what it answers.
fn database(address: &Address, observed: &Observed) -> Vec<Cell> {
    let (tone, word, what, last) = match observed.databases.get(address.name()) {
        Some(Ok(seen)) => {
            let last = seen.ledger.as_deref().map(|applied| {
                let at = applied.last().map(|entry| format!(", at {}", plain(&entry.version)));
                format!("{}{}", words::count(applied.len(), "migration"), at.unwrap_or_default())
            });
            (Tone::Good, "answers", plain(&seen.version), last.unwrap_or_default())
        }
        Some(Err(why)) => (Tone::Bad, "silent", plain(why), String::new()),
        None => (Tone::Bad, "unknown", "deploy.toml does not lead to it".to_owned(), String::new()),
    };
    vec![
        cell(Tone::Normal, words::name(address)),
        cell(tone, word),
        cell(Tone::Normal, ""),
        cell(Tone::Normal, what),
        cell(Tone::Normal, last),
    ]
}

fn doing(status: &Status) -> String {
    match status {
        Status::Exited { code } => format!("exited {code}"),
        other => other.word().to_owned(),
    }
}

fn health(up: &[&Object]) -> (&'static str, Tone) {
    let healthy = |object: &&&Object| match object.status {
        Status::Running { healthy, .. } => Some(healthy),
        _ => None,
    };
    let seen: Vec<_> = up.iter().filter_map(|object| healthy(&object)).flatten().collect();
    match (seen.is_empty(), seen.iter().all(|healthy| *healthy)) {
        (true, _) => ("", Tone::Normal),
        (false, true) => ("healthy", Tone::Good),
        (false, false) => ("unhealthy", Tone::Bad),
    }
}

fn drift(now: &Now<'_>) -> String {
    let Some(found) = now.told() else {
        let why = match &now.compared.base {
            _ if now.open.is_some() => "an apply is open, what is there is neither before nor after",
            Some(_) => "the store has no record to compare with",
            None => "there is no release to compare with",
        };
        return format!("not told  {why}");
    };
    let summary = |drift: &Drift| format!("{} {}", words::name(&drift.address), difference_text::in_one_line(drift));
    let summaries: Vec<_> = found.iter().map(summary).collect();
    let uncompared = now.compared.uncompared.iter();
    let uncompared = uncompared.map(|one| format!("{} {}", words::name(&one.address), plain(&one.why)));
    let summaries: Vec<_> = summaries.into_iter().chain(uncompared).collect();
    let count = match found.len() {
        0 if now.compared.silent().next().is_some() => "not told".to_owned(),
        0 => "none".to_owned(),
        count => count.to_string(),
    };
    if summaries.is_empty() { count } else { format!("{count:<7}  {}", summaries.join("; ")) }
}
