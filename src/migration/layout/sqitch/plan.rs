//! `Change`: one change of a `sqitch.plan`, in the plan's order.
//!
//! Of the plan's grammar this reads what the order and the names of the files follow from. Dates and planners have to
//! be there, as Sqitch demands; what they say is left alone.

use std::collections::BTreeMap;

use crate::migration::layout::reading::Reading;
use crate::plain::plain;

/// One change.
pub(super) struct Change {
    /// What it is known by. The name, and for one that was reworked `NAME:2`, `NAME:3`: it stays the same when the
    /// change is reworked later, while the name of its file becomes `NAME@TAG`. No name holds a `:`.
    pub(super) id: String,
    /// Its name in the plan.
    pub(super) name: String,
    /// The tags of which one is in the names of its files, the nearest first; none for the newest of its name.
    pub(super) tags: Vec<String>,
}

/// What was read of a plan so far.
#[derive(Default)]
struct Course {
    project: Option<String>,
    changes: Vec<Change>,
    /// Each tag with the number of changes before it.
    tags: Vec<(String, usize)>,
    /// The places among the changes of each name.
    places: BTreeMap<String, Vec<usize>>,
}

/// What is wrong with a line, and what to do.
type Fault = (String, &'static str);

/// The changes of the folder's plan, in its order.
pub(super) fn changes(reading: &mut Reading<'_>) -> Vec<Change> {
    let Some(text) = reading.text(super::PLAN) else { return Vec::new() };
    let mut course = Course::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Err((message, help)) = course.line(line) {
            reading.problem(super::PLAN, Some(at + 1), message, help);
        }
    }
    course.tagged()
}

impl Course {
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        if line.is_empty() {
            return Ok(());
        }
        if let Some(pragma) = line.strip_prefix('%') {
            if let Some(("project", project)) = pragma.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                self.project = Some(project.to_owned());
            }
            return Ok(());
        }
        let (subject, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (needs, rest) = needs(rest.trim());
        if !is_signed(rest) {
            let message = format!("`{}` is no line of a plan: its date or its planner is missing", plain(line));
            return Err((message, "write it as `NAME 2026-01-31T12:00:00Z Ann <ann@example.com>`"));
        }
        if let Some(tag) = subject.strip_prefix('@') {
            self.tags.push((tag.to_owned(), self.changes.len()));
            return Ok(());
        }
        if subject.starts_with('-') {
            let message = format!("`{}` takes a change back within the plan, which omni does not", plain(subject));
            return Err((message, "remove the line, and let a change undo the other"));
        }
        let needs = needs.split_whitespace().try_for_each(|need| self.need(need));
        // A change counts also where what it needs is wrong: those that need it are right.
        let name = subject.strip_prefix('+').unwrap_or(subject);
        self.change(name).and(needs)
    }

    fn change(&mut self, name: &str) -> Result<(), Fault> {
        if name.is_empty() || name.contains([':', '@', '\\']) {
            let message = format!("`{}` is no name of a change", plain(name));
            return Err((message, "call it by letters, digits, `_`, `-` and `/`"));
        }
        let places = self.places.entry(name.to_owned()).or_default();
        let is_new = places.last().is_none_or(|last| self.tags.iter().any(|(_, at)| at > last));
        places.push(self.changes.len());
        let id = if places.len() == 1 { name.to_owned() } else { format!("{name}:{}", places.len()) };
        self.changes.push(Change { id, name: name.to_owned(), tags: Vec::new() });
        if is_new {
            return Ok(());
        }
        let message = format!("`{}` stands here again without a tag in between", plain(name));
        Err((message, "tag the plan before the change is reworked, as `sqitch rework` demands"))
    }

    fn need(&self, need: &str) -> Result<(), Fault> {
        if need.starts_with('!') {
            let message = format!("`{}` is a conflict, which omni does not follow", plain(need));
            return Err((message, "remove it, or leave this folder to Sqitch"));
        }
        let own = match need.split_once(':') {
            Some((project, own)) if self.project.as_deref() == Some(project) => own,
            Some(_) => {
                let message = format!("`{}` is a change of another project, which omni does not know", plain(need));
                return Err((message, "remove it, and say in `depends_on` what comes first"));
            }
            None => need,
        };
        let (name, tag) = own.split_once('@').map_or((own, None), |(name, tag)| (name, Some(tag)));
        let is_id = own.len() == 40 && own.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_known = (name.is_empty() || self.places.contains_key(name))
            && tag.is_none_or(|tag| ["ROOT", "HEAD"].contains(&tag) || self.tags.iter().any(|(known, _)| known == tag));
        if is_id || is_known {
            return Ok(());
        }
        let message = format!("`{}` is needed here, and does not stand before", plain(need));
        Err((message, "put the change it needs first"))
    }

    /// The changes, those that were reworked with the tags up to their successor.
    fn tagged(mut self) -> Vec<Change> {
        for places in self.places.values() {
            for pair in places.windows(2) {
                let between = self.tags.iter().filter(|(_, at)| (pair[0] + 1..=pair[1]).contains(at));
                self.changes[pair[0]].tags = between.map(|(tag, _)| tag.clone()).collect();
            }
        }
        self.changes
    }
}

/// What stands in brackets, and what comes after.
fn needs(rest: &str) -> (&str, &str) {
    let inside = rest.strip_prefix('[').and_then(|inside| inside.split_once(']'));
    inside.map_or(("", rest), |(needs, rest)| (needs, rest.trim()))
}

/// Whether a date and a planner stand there.
fn is_signed(rest: &str) -> bool {
    let date = rest.split_whitespace().next().unwrap_or_default();
    date.ends_with('Z') && date.contains('T') && rest.ends_with('>') && rest.contains(" <")
}
