//! The words that several screens share: names, symbols, what a step changes, what a plan comes to.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::migration::Worth;
use crate::plain::plain;
use crate::plan::{Action, Change, Downtime, Inverse, Plan, Purpose, Reason, Turn};
use crate::report::style::Tone;
use crate::report::time::so_far;
use crate::resource::{ImageSource, Proof, Prove, Resource};

/// An address that is safe to print.
pub(super) fn name(address: &Address) -> String {
    plain(&address.to_string())
}

/// The deployment's name, safe to print.
pub(super) fn scope(plan: &Plan) -> String {
    plain(&plan.scope.to_string())
}

/// The symbol of a change; what loses data or is one-way has a `!` before it.
pub(super) fn symbol(change: &Change) -> String {
    let bang = if change.needs_consent() { "!" } else { "" };
    format!("{bang}{}", change.action.symbol())
}

/// One word for an action.
pub(super) const fn verb(action: Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace(_) => "replace",
        Action::Run => "run",
        Action::Delete => "delete",
    }
}

/// The tone of a change.
pub(super) fn tone(change: &Change) -> Tone {
    match change.action {
        _ if change.needs_consent() => Tone::Bad,
        Action::Delete => Tone::Bad,
        Action::Keep => Tone::Dim,
        Action::Create => Tone::Good,
        Action::Update | Action::Replace(_) => Tone::Warn,
        Action::Run => Tone::Busy,
    }
}

/// What a change does, in a few words: `image, environment`, `pull postgres:16`, `no longer in the spec`.
pub(super) fn change_text(change: &Change) -> String {
    if let (Action::Create | Action::Run, Some(resource)) = (change.action, &change.after) {
        return match resource {
            Resource::Migration(_) if !change.statements.is_empty() => count(change.statements.len(), "statement"),
            Resource::Proof(proof) if !change.proves.is_empty() => {
                format!("tries {} back{}", count(change.proves.len(), "way"), on_what(proof))
            }
            _ => made(resource),
        };
    }
    let fields: BTreeSet<_> = change.differences.iter().map(|difference| field(&difference.path)).collect();
    let other = change.reasons.iter().filter(|reason| !matches!(reason, Reason::Spec | Reason::OldFirst(_)));
    let words: Vec<_> = match change.action {
        Action::Delete => other.map(|reason| plain(&reason.to_string())).collect(),
        _ if fields.is_empty() => other.map(|reason| plain(&reason.to_string())).collect(),
        _ => fields.into_iter().collect(),
    };
    words.join(", ")
}

/// What ways back are tried on.
const fn on_what(proof: &Proof) -> &'static str {
    match proof.prove {
        Prove::Data => " on a backup",
        Prove::Schema | Prove::Off => "",
    }
}

fn made(resource: &Resource) -> String {
    plain(&match resource {
        Resource::Image(image) => match &image.source {
            ImageSource::Reference(reference) => format!("image {reference}"),
            ImageSource::Build(build) if build.context.starts_with(['.', '/']) => {
                format!("build from {}", build.context)
            }
            ImageSource::Build(build) => format!("build from ./{}", build.context),
        },
        Resource::Network(network) if network.external => format!("look up {}", network.name),
        Resource::Volume(volume) if volume.external => format!("look up {}", volume.name),
        Resource::Network(network) => format!("new, {}", network.driver),
        Resource::Volume(volume) => format!("new, {}", volume.driver),
        Resource::Job(job) => format!("{}, at most {}", job.container.image.reference, job.timeout),
        Resource::Service(service) if service.replicas == 1 => format!("new, {}", service.container.image.reference),
        Resource::Service(service) => format!("new, {} x {}", service.replicas, service.container.image.reference),
        Resource::Database(database) => format!("{}, looked after from now on", database.dialect),
        Resource::Backup(backup) => format!("into {}", backup.dir),
        Resource::Proof(proof) => format!("tries the ways back{}", on_what(proof)),
        Resource::Migration(migration) if migration.description.is_empty() => migration.up.path.clone(),
        Resource::Migration(migration) => migration.description.clone(),
    })
}

/// The outermost field of a path: `environment` of `environment.QUEUE_BATCH`.
fn field(path: &str) -> String {
    plain(path.split('.').next().unwrap_or(path))
}

/// Why a change is made and how, in one line for the heading of its details.
pub(super) fn why(change: &Change) -> String {
    let mut words: Vec<String> = Vec::new();
    for reason in &change.reasons {
        match reason {
            Reason::Spec => {}
            other => words.push(plain(&other.to_string())),
        }
    }
    if change.action == Action::Replace(Turn::NewFirst) {
        words.insert(0, "new first, old kept for rollback".to_owned());
    }
    if words.is_empty() && change.action == Action::Update {
        words.push("changed in place".to_owned());
    }
    words.join("; ")
}

/// What comes of a signal: `stopping: SIGINT; what runs is settled, then everything is undone`.
pub(super) fn stopping(signal: &str, undo: bool) -> String {
    let then = if undo { "everything is undone" } else { "the apply is left open" };
    format!("stopping: {}; what runs is settled, then {then}", plain(signal))
}

/// How a change is taken back.
pub(super) fn undo_text(change: &Change) -> String {
    let known = match (change.inverse, &change.worth) {
        (Inverse::RunDown, Some(Worth::Proven)) => " (proven)",
        (Inverse::RunDown, Some(Worth::Unproven)) => " (unproven)",
        _ => "",
    };
    plain(&format!("{}{known}", change.inverse))
}

/// For how long the users of a thing cannot reach it: `about 2 s`; empty where it has none.
pub(super) fn downtime_text(change: &Change) -> String {
    match change.downtime {
        Downtime::About(period) if period.duration().as_secs() == 0 => "under 1 s".to_owned(),
        Downtime::About(period) => format!("about {}", so_far(period.duration())),
        other => other.to_string(),
    }
}

/// The number of each change among the steps, by its position in the plan; none for what stays as it is.
pub(super) fn numbers(plan: &Plan) -> Vec<Option<usize>> {
    let mut next = 0;
    let number = |change: &Change| {
        (change.action != Action::Keep).then(|| {
            next += 1;
            next
        })
    };
    plan.changes.iter().map(number).collect()
}

/// So many of something: `1 step`, `3 steps`.
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// What a plan comes to: `2 replace, 1 create`; nothing where it changes nothing.
pub(super) fn summary(plan: &Plan) -> String {
    let counted = |word: &str, is: fn(Action) -> bool| {
        let number = plan.changes.iter().filter(|change| is(change.action)).count();
        (number > 0).then(|| format!("{number} {word}"))
    };
    let parts = [
        counted("replace", |action| matches!(action, Action::Replace(_))),
        counted("update", |action| action == Action::Update),
        counted("create", |action| action == Action::Create),
        counted("run", |action| action == Action::Run),
        counted("remove", |action| action == Action::Delete),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How many things a plan leaves as they are.
pub(super) fn unchanged(plan: &Plan) -> usize {
    plan.changes.iter().filter(|change| change.action == Action::Keep).count()
}

/// The release that a plan starts from: `release 41 (v1.7.2)`.
pub(super) fn base(plan: &Plan) -> String {
    match &plan.base {
        Some(base) => format!("release {} ({})", base.number, plain(&base.tag)),
        None => "first release".to_owned(),
    }
}

/// The command that applies a plan of this spoken id, from its file where there is one.
pub(super) fn apply_command(plan: &Plan, id: &str, file: Option<&str>) -> String {
    let mut command = match (&plan.purpose, file) {
        (_, Some(file)) => format!("omni apply {}", shell_word(file)),
        (Purpose::Apply, None) => format!("omni apply --plan-id {id}"),
        (Purpose::Rollback(_), None) => format!("omni rollback --to {}", shell_word(&plan.tag)),
        (Purpose::Destroy, None) if plan.steps().any(Change::removes_volume) => "omni destroy --volumes".to_owned(),
        (Purpose::Destroy, None) => "omni destroy".to_owned(),
    };
    for change in plan.needing_consent().filter(|change| !change.removes_volume()) {
        command.push_str(" --allow-loss ");
        command.push_str(&shell_word(&change.address.to_string()));
    }
    command
}

/// What does not come back with a migration that is taken back, safe to print.
pub(super) fn not_back(change: &Change) -> Option<String> {
    change.not_back().map(|what| format!("does NOT bring back {}", plain(&what)))
}

/// A line for each step that loses data when it runs, or does not bring it back: which one, and what.
pub(super) fn losses(plan: &Plan) -> Vec<(&Address, String)> {
    const SHOWN: usize = 4;
    let of = |change: &Change| {
        let mut lost: Vec<_> = change.losses().map(plain).collect();
        if let Some(more) = lost.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            lost.truncate(SHOWN);
            lost.push(format!("and {more} more"));
        }
        let runs = (!lost.is_empty()).then(|| format!("when it runs: {}", lost.join(", ")));
        [runs, not_back(change)].into_iter().flatten().collect::<Vec<_>>().join("; ")
    };
    let all = plan.steps().map(|change| (&change.address, of(change)));
    all.filter(|(_, lost)| !lost.is_empty()).collect()
}

/// The line that says what is removed once the apply is closed; none where nothing is.
pub(super) fn afterwards(plan: &Plan) -> Option<String> {
    const SHOWN: usize = 8;
    if plan.afterwards.is_empty() {
        return None;
    }
    let names: Vec<_> = plan.afterwards.iter().take(SHOWN).map(|name| plain(name)).collect();
    let more = match plan.afterwards.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("Afterwards, needed by no kept release, are removed: {}{more}", names.join(", ")))
}

/// A word as a shell reads it back, without what could rewrite a terminal.
pub(super) fn shell_word(text: &str) -> String {
    let text = plain(text);
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(safe) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::{count, shell_word};

    #[test]
    fn a_shell_reads_a_word_back_as_one() {
        assert_eq!(shell_word("v1.8.0.omni"), "v1.8.0.omni");
        assert_eq!(shell_word("my plan"), "'my plan'");
        assert_eq!(shell_word("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn counts_one_and_many() {
        assert_eq!(count(1, "step"), "1 step");
        assert_eq!(count(0, "step"), "0 steps");
    }
}
