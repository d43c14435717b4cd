//! What a deployment is and does now: its release, its services, drift, the lock, an open apply.

use jiff::Timestamp;

use crate::address::{Address, Kind, Scope};
use crate::journal::{Apply, Record};
use crate::lock::{Held, Standing};
use crate::observed::{Object, Observed, Status};
use crate::plain::plain;
use crate::plan::Drift;
use crate::release::Release;
use crate::report::difference_text::{self, Sides};
use crate::report::fitted::fitted;
use crate::report::style::{Style, Tone};
use crate::report::table::{Cell, Column, Table, cell};
use crate::report::{lock_text, open_apply, time, words};
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
    /// What differs from what was recorded.
    pub drift: &'a [Drift],
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
    for drift in now.drift.iter().filter(|_| style.full) {
        let differences = difference_text::lines(&drift.differences, Sides::Drift, &style.inset(6));
        lines.extend(differences.into_iter().map(|line| format!("      {line}")));
    }
    if let Some(store) = now.store {
        lines.push(format!("  {:<17}  {}", "store", plain(store)));
    }
    lines.push(format!("  {:<17}  {}", "lock", lock_text::line(now.lock, now.last_fence)));
    let open = now.open.map_or("none".to_owned(), |(apply, records)| {
        let far = open_apply::in_one_line(apply, records);
        let (tone, word) = if now.is_at_work() { (Tone::Normal, "running: ") } else { (Tone::Bad, "") };
        style.paint(tone, &format!("{word}{} (release {}), {far}", plain(&apply.plan.tag), apply.release))
    });
    lines.push(format!("  {:<17}  {open}", "open apply"));
    lines.push(format!("next: {}", next(now)));
    fitted(&(lines.join("\n") + "\n"), style)
}

impl Now<'_> {
    /// Whether somebody is at work on the deployment, as far as anybody can tell.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.lock.is_some_and(|(_, standing)| standing.is_at_work())
    }
}

fn next(now: &Now<'_>) -> &'static str {
    match (now.open, now.head) {
        _ if now.is_at_work() => "wait until it has ended; `--lock-wait 5m` makes a command wait",
        (Some(_), _) => "omni recover",
        (None, Some(_)) => "omni plan",
        (None, None) => "omni apply",
    }
}

fn header(now: &Now<'_>, style: &Style) -> String {
    let scope = plain(&now.scope.to_string());
    let Some(head) = now.head else { return format!("{}   no release yet", style.paint(Tone::Strong, &scope)) };
    format!(
        "{}   {}   release {}   applied {} by {} ({} old)",
        style.paint(Tone::Strong, &scope),
        plain(&head.tag),
        head.number,
        time::moment(head.at),
        plain(&head.by),
        time::age(head.at, now.at)
    )
}

/// A line for each service; with `full`, and where something is missing, for every thing.
fn things(now: &Now<'_>, style: &Style) -> Vec<String> {
    let recorded = now.head.into_iter().flat_map(|head| head.resources.keys());
    let addresses: std::collections::BTreeSet<_> = recorded.chain(now.observed.objects.keys()).collect();
    let mut table = Table::bare(&[
        Column::left("").at_least(17),
        Column::left(""),
        Column::left(""),
        Column::left("").wrapping(),
        Column::left(""),
    ]);
    for address in addresses {
        let wanted = now.head.and_then(|head| head.resources.get(address));
        let objects = now.observed.at(address);
        let missing = wanted.is_some() && objects.is_empty() && matches!(address.kind(), Kind::Network | Kind::Volume);
        let unknown = wanted.is_none() && objects.iter().any(|object| object.status.is_up());
        if style.full || missing || unknown || (address.kind() == Kind::Service && wanted.is_some()) {
            table.row(row(address, wanted.map(|recorded| &recorded.resource), objects, now.at));
        }
    }
    table.lines(style)
}

fn row(address: &Address, wanted: Option<&Resource>, objects: &[Object], at: Timestamp) -> Vec<Cell> {
    let up: Vec<_> = objects.iter().filter(|object| object.status.is_up()).collect();
    let shown = up.first().copied().or(objects.first());
    let replicas = match wanted {
        Some(Resource::Service(service)) => usize::try_from(service.replicas).unwrap_or(1),
        _ => 1,
    };
    let word = shown.map_or("missing".to_owned(), |object| doing(&object.status));
    let word = if replicas > 1 { format!("{word} {}/{replicas}", up.len()) } else { word };
    let well = if up.len() >= replicas { Tone::Good } else { Tone::Bad };
    let (health, tone) = health(&up);
    let image = shown.and_then(|object| object.resource.container()).map(|container| plain(&container.image.reference));
    let last = match (wanted, shown.map(|object| &object.status)) {
        (None, _) => "not in the release".to_owned(),
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
    let summaries: Vec<_> = now
        .drift
        .iter()
        .map(|drift| format!("{} {}", words::name(&drift.address), difference_text::in_one_line(drift)))
        .collect();
    if summaries.is_empty() { "none".to_owned() } else { format!("{:<7}  {}", now.drift.len(), summaries.join("; ")) }
}
