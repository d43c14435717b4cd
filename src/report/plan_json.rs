//! A plan for programs: one JSON document with a format of its own, so that the types inside may change.
//!
//! It never holds a value with a secret in it, nor the other side of one.

use serde::Serialize;

use crate::migration::Worth;
use crate::plain::plain;
use crate::plan::{Base, Change, Downtime, Inverse, Plan, Purpose, SchemaDrift, Told};
use crate::report::words;
use crate::resource::{Difference, Shown};

/// The plan as indented JSON, ending with a newline. Its `format` is `omni.plan/1`: fields may be added under it.
///
/// # Panics
/// Never: the document is plain data with text keys.
#[must_use]
pub fn plan_json(plan: &Plan) -> String {
    let document = Document::of(plan);
    serde_json::to_string_pretty(&document).expect("the document is plain data with text keys") + "\n"
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    id: String,
    spoken: String,
    scope: String,
    purpose: Purpose,
    tag: String,
    spec: String,
    base: Option<BaseOut>,
    engine: Engine,
    steps: Vec<Step>,
    drift: Vec<DriftOut>,
    warnings: Vec<String>,
    afterwards: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without_backup: Vec<String>,
    unchanged: usize,
    needs_consent: Vec<String>,
}

#[derive(Serialize)]
struct BaseOut {
    number: u64,
    tag: String,
}

#[derive(Serialize)]
struct Engine {
    id: String,
    version: String,
    host: String,
    platform: String,
}

#[derive(Serialize)]
struct Step {
    n: usize,
    address: String,
    action: &'static str,
    symbol: String,
    reasons: Vec<String>,
    class: crate::plan::Class,
    inverse: Inverse,
    downtime: Option<String>,
    requires: Vec<usize>,
    differences: Vec<DifferenceOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worth: Option<WorthOut>,
    /// The migrations whose ways back it tries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proves: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statements: Vec<Told>,
}

/// What is known of a migration's way back, for programs and in the words of the screens.
#[derive(Serialize)]
struct WorthOut {
    down: Worth,
    text: String,
    trusted: bool,
}

#[derive(Serialize)]
struct DriftOut {
    address: String,
    summary: String,
    differences: Vec<DifferenceOut>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schema: Vec<SchemaDrift>,
}

/// One field in which two things differ; without the values where one of them is secret.
#[derive(Serialize)]
pub(super) struct DifferenceOut {
    path: String,
    secret: bool,
    before: Option<String>,
    after: Option<String>,
}

impl Document {
    fn of(plan: &Plan) -> Self {
        let base = |base: &Base| BaseOut { number: base.number, tag: plain(&base.tag) };
        Self {
            format: "omni.plan/1",
            id: plan.id().to_string(),
            spoken: plan.id().spoken(),
            scope: words::scope(plan),
            purpose: plan.purpose.clone(),
            tag: plain(&plan.tag),
            spec: plan.spec.to_string(),
            base: plan.base.as_ref().map(base),
            engine: Engine {
                id: plain(&plan.engine.id),
                version: plain(&plan.engine.version),
                host: plain(&plan.engine.host),
                platform: plain(&plan.engine.platform),
            },
            steps: steps(plan),
            drift: plan.drift.iter().map(drift).collect(),
            warnings: plan.warnings.iter().map(|text| plain(text)).collect(),
            afterwards: plan.afterwards.iter().map(|name| plain(name)).collect(),
            without_backup: plan.without_backup.iter().map(words::name).collect(),
            unchanged: words::unchanged(plan),
            needs_consent: plan.needing_consent().map(|change| words::name(&change.address)).collect(),
        }
    }
}

/// The steps, numbered as the screens number them; each with the numbers of the steps it waits for.
fn steps(plan: &Plan) -> Vec<Step> {
    let numbers = words::numbers(plan);
    let number = |at: u32| numbers.get(usize::try_from(at).ok()?).copied().flatten();
    let step = |(at, change): (usize, &Change)| {
        let n = numbers.get(at).copied().flatten()?;
        let waits = plan.edges.iter().filter(|(_, second)| number(*second) == Some(n));
        let mut requires: Vec<_> = waits.filter_map(|(first, _)| number(*first)).collect();
        requires.sort_unstable();
        requires.dedup();
        Some(Step {
            n,
            address: words::name(&change.address),
            action: words::verb(change.action),
            symbol: words::symbol(change),
            reasons: change.reasons.iter().map(|reason| plain(&reason.to_string())).collect(),
            class: change.class,
            inverse: change.inverse,
            downtime: downtime(change.downtime),
            requires,
            differences: change.differences.iter().map(difference).collect(),
            worth: change.worth.as_ref().map(worth),
            proves: change.proves.keys().map(words::name).collect(),
            statements: change.statements.iter().map(told).collect(),
        })
    };
    plan.changes.iter().enumerate().filter_map(step).collect()
}

fn worth(worth: &Worth) -> WorthOut {
    WorthOut { down: worth.clone(), text: plain(&worth.to_string()), trusted: worth.is_trusted() }
}

fn told(told: &Told) -> Told {
    Told { text: plain(&told.text), cost: plain(&told.cost), destroys: told.destroys }
}

fn downtime(downtime: Downtime) -> Option<String> {
    (downtime != Downtime::NotApplicable).then(|| downtime.to_string())
}

fn drift(drift: &crate::plan::Drift) -> DriftOut {
    DriftOut {
        address: words::name(&drift.address),
        summary: plain(&drift.summary),
        differences: drift.differences.iter().map(difference).collect(),
        schema: drift.schema.clone(),
    }
}

/// A difference as it may be told.
pub(super) fn difference(difference: &Difference) -> DifferenceOut {
    let sides = [&difference.before, &difference.after];
    let secret = sides.into_iter().any(|side| *side == Some(Shown::Secret));
    let text = |side: &Option<Shown>| match side {
        Some(Shown::Text(text)) if !secret => Some(whole(text)),
        _ => None,
    };
    DifferenceOut {
        path: plain(&difference.path),
        secret,
        before: text(&difference.before),
        after: text(&difference.after),
    }
}

/// A text with its lines, each of them safe to print.
fn whole(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}
