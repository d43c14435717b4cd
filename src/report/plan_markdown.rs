//! A plan as a comment of a pull request: what matters first, and never longer than the host takes.
//!
//! Where the whole does not fit, the graph goes first, then the differences, then the harmless steps; the comment says
//! what it leaves out. The first line is the key by which the comment is found again. Posting it is left to `cli`.

mod differences;
mod escape;
mod graph;
mod steps;

use crate::plan::{Class, Plan};
use crate::report::{difference_text, words};
use escape::code;

/// The most bytes a comment has: the host refuses more than 65,536 characters.
pub const BUDGET: usize = 60_000;

/// What a comment says beside the plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct PullRequest<'a> {
    /// The commit the plan was made for, as people know it: `4be19d2`.
    pub commit: Option<&'a str>,
    /// For how long the plan may be applied: `24 h`.
    pub valid: Option<&'a str>,
    /// Where the whole plan can be read, for a comment that had to be cut.
    pub link: Option<&'a str>,
    /// How many unchanged lines are drawn around a change in a long text.
    pub context: usize,
}

/// How much of a plan is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Nothing,
    Part,
    All,
}

/// One way of drawing the whole, each shorter than the one before.
#[derive(Debug, Clone, Copy)]
struct Level {
    graph: Extent,
    differences: Extent,
    steps: Extent,
    names: Extent,
}

const LEVELS: [Level; 7] = {
    use Extent::{All, Nothing, Part};
    let whole = Level { graph: All, differences: All, steps: All, names: All };
    [
        whole,
        Level { graph: Part, ..whole },
        Level { graph: Nothing, ..whole },
        Level { graph: Nothing, differences: Part, ..whole },
        Level { graph: Nothing, differences: Nothing, steps: Part, names: All },
        Level { graph: Nothing, differences: Nothing, steps: Nothing, names: All },
        Level { graph: Nothing, differences: Nothing, steps: Nothing, names: Part },
    ]
};

/// The comment, ending with a newline and never longer than [`BUDGET`].
///
/// An empty plan has a comment too: one that stands already has to say so.
#[must_use]
pub fn plan_markdown(plan: &Plan, about: &PullRequest<'_>) -> String {
    // Taking the id of a large plan is dear.
    let id = plan.id().spoken();
    let mut comment = String::new();
    for level in LEVELS {
        comment = drawn(plan, &id, about, level);
        if comment.len() <= BUDGET {
            break;
        }
    }
    comment
}

fn drawn(plan: &Plan, id: &str, about: &PullRequest<'_>, level: Level) -> String {
    let mut blocks = vec![format!("{}\n{}", key(plan), heading(plan))];
    blocks.extend(warning(plan, level.names));
    blocks.extend(notes(plan, level.names));
    if !plan.is_empty() {
        blocks.extend(steps::table(plan, level.steps));
        blocks.extend(graph::flowchart(plan, level.graph));
        blocks.extend(differences::block(plan, level.differences, about.context));
        blocks.extend(cuts(level, about));
        blocks.push(closing(plan, id, about, level.names));
    }
    blocks.join("\n\n") + "\n"
}

/// The line by which a comment is found again, whatever else it says.
fn key(plan: &Plan) -> String {
    let env = plan.scope.environment.as_deref().unwrap_or("-");
    format!("<!-- omni:plan:v1 project={} env={} -->", escape::key(&plan.scope.project), escape::key(env))
}

fn heading(plan: &Plan) -> String {
    let summary = if plan.is_empty() { "no changes".to_owned() } else { words::summary(plan) };
    format!("### omni plan: {}: {summary}", code(&words::scope(plan)))
}

/// The block that names what loses data or cannot be taken back.
fn warning(plan: &Plan, names: Extent) -> Option<String> {
    let line = |class: Class, what: &str| {
        let steps: Vec<_> = plan.steps().filter(|change| change.class == class).collect();
        let listed: Vec<_> = steps.iter().map(|change| code(&words::name(&change.address))).collect();
        let title = format!("> **{} {what}**", words::count(steps.len(), "step"));
        match (steps.is_empty(), names) {
            (true, _) => None,
            (false, Extent::All) => Some(format!("{title}: {}", listed.join(", "))),
            (false, _) => Some(format!("{title}: {}", escape::first(&listed, 8_000))),
        }
    };
    let lossy = line(Class::Lossy, "may lose data if rolled back");
    let one_way = line(Class::OneWay, "cannot be taken back");
    let losses: Vec<_> = words::losses(plan)
        .into_iter()
        .map(|(address, lost)| format!("> {}: {}", code(&words::name(address)), escape::text(&lost)))
        .collect();
    let losses = match (losses.is_empty(), names) {
        (true, _) => None,
        (false, Extent::All) => Some(losses.join("\n>\n")),
        (false, _) => Some(escape::first_lines(&losses, 8_000)),
    };
    let lines: Vec<_> = [lossy, one_way, losses].into_iter().flatten().collect();
    (!lines.is_empty()).then(|| format!("> [!WARNING]\n{}", lines.join("\n>\n")))
}

/// What the reader should know beside: warnings of the planner, and drift.
fn notes(plan: &Plan, names: Extent) -> Option<String> {
    let afterwards = words::afterwards(plan);
    let warnings = plan.warnings.iter().chain(&afterwards).map(|text| escape::text(text));
    let drift = plan.drift.iter().map(|drift| {
        format!("drift: {} {}", code(&words::name(&drift.address)), escape::text(&difference_text::in_one_line(drift)))
    });
    let all: Vec<_> = warnings.chain(drift).map(|text| format!("- {text}")).collect();
    match (all.is_empty(), names) {
        (true, _) => None,
        (false, Extent::All) => Some(all.join("\n")),
        (false, _) => Some(escape::first_lines(&all, 8_000)),
    }
}

/// What was left out, in one line; none where nothing was.
fn cuts(level: Level, about: &PullRequest<'_>) -> Option<String> {
    let cut = |extent, some: &'static str, none: &'static str| match extent {
        Extent::All => None,
        Extent::Part => Some(some),
        Extent::Nothing => Some(none),
    };
    let cuts = [
        cut(level.graph, "the graph is grouped", "the graph is left out"),
        cut(level.differences, "differences are counted only", "the differences are left out"),
        cut(level.steps, "only the steps that may hurt are listed", "the steps are left out"),
        cut(level.names, "not every name is given", "no name is given"),
    ];
    let cuts: Vec<_> = cuts.into_iter().flatten().collect();
    let link = about.link.map_or(String::new(), |link| format!(" The whole plan: {}", escape::link(link)));
    (!cuts.is_empty()).then(|| format!("This comment would be too long: {}.{link}", cuts.join(", ")))
}

fn closing(plan: &Plan, id: &str, about: &PullRequest<'_>, names: Extent) -> String {
    let commit = about.commit.map_or(String::new(), |commit| format!(" for {}", code(commit)));
    let base =
        plan.base.as_ref().map_or("with no release before".to_owned(), |base| format!("on release {}", base.number));
    let valid = about.valid.map_or(String::new(), |valid| format!(", valid {}", escape::text(valid)));
    let command = if names == Extent::All {
        escape::code_of(&words::apply_command(plan, id, None))
    } else {
        format!("`omni apply --plan-id {id}` with `--allow-loss` for each step that needs it")
    };
    format!("Plan `{id}`{commit} {base}{valid}.\nTo apply it: {command}.")
}
