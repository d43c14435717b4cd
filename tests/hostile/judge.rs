//! `judge`: what has to hold for any text that somebody calls a spec. The fuzz targets use the same one.

use std::collections::BTreeMap;
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme};
use omni::fingerprint::{Fingerprint, Key};
use omni::graph::Graph;
use omni::spec::{Files, Problem, Problems, Request, Spec, format, outline};

/// Codes of problems of the whole file, or of what was asked for beside it: no place in the text is to blame.
const WITHOUT_PLACE: [&str; 6] = [
    "omni::spec::too_large",
    "omni::spec::missing_key",
    "omni::spec::missing_variable",
    "omni::spec::unknown_environment",
    "omni::spec::unknown_profile",
    "omni::spec::wrong_value",
];

/// Files as a stranger could have put them: small ones, binary ones, and most are missing.
struct Strange;

impl Files for Strange {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match path.len() % 4 {
            0 => Err("\u{1b}[31mthere is no such file\u{202e}".to_owned()),
            1 => Ok(b"A=${B}\nB='\x1b[31m'\n".to_vec()),
            2 => Ok(vec![0xff, 0, 0x1b]),
            _ => Ok(b"A=1\n".to_vec()),
        }
    }

    fn find(&self, path: &str) -> Result<(), String> {
        self.read(path).map(drop)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        match folder.len() % 3 {
            0 => Err("\u{1b}[31mthere is no such folder\u{202e}".to_owned()),
            1 => Ok(vec!["1_\u{1b}[31mx\u{202e}.sql".to_owned(), "a\nb/up.sql".to_owned()]),
            _ => Ok(Vec::new()),
        }
    }

    fn context(&self, context: &str, dockerfile: &str) -> Result<Fingerprint, String> {
        self.read(context).map(|_| Fingerprint::of(&(context, dockerfile)))
    }
}

/// Whether a character may not reach a terminal: it moves the cursor, or hides or reorders what is read.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Resolves a text and says what must not be: nothing for a spec, nothing for problems that are told well.
pub(crate) fn judge(text: &str, variables: &BTreeMap<String, String>) -> Result<Verdict, String> {
    let request = Request {
        text,
        file_name: "deploy.toml",
        root: Path::new("/srv/shop"),
        environment: None,
        variables,
        key: &Key::new([7; 32]),
        profiles: &[],
        files: &Strange,
    };
    if let Err(problems) = outline(text, "deploy.toml", None, variables) {
        told(&problems, text)?;
    }
    if let Ok(once) = format(text) {
        let twice = format(&once).map_err(|problems| format!("a formatted spec cannot be read: {problems}"))?;
        if twice != once {
            return Err("formatting it again changes it".to_owned());
        }
    }
    match Spec::resolve(&request) {
        Ok((spec, _)) => {
            told(&spec.warnings, text)?;
            let _ = (spec.fingerprint(), serde_json::to_string(&spec.written));
            if let Err(ring) = Graph::build(&spec.resources) {
                told(&spec.cycle(ring.links()), text)?;
                return Ok(Verdict::Refused);
            }
            Ok(Verdict::Valid)
        }
        Err(problems) if problems.errors() == 0 => Err("it is refused without an error".to_owned()),
        Err(problems) => told(&problems, text).map(|()| Verdict::Refused),
    }
}

/// What became of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Valid,
    Refused,
}

/// Whether problems are told well: each with a known code and a place in the text, and nothing that rewrites a terminal.
fn told(problems: &Problems, text: &str) -> Result<(), String> {
    for problem in problems.list() {
        one(problem, text).map_err(|wrong| format!("{}: {wrong}", problem.code))?;
    }
    let drawn = drawn(problems);
    match drawn.chars().find(|c| is_hostile(*c) && *c != '\n') {
        Some(c) => Err(format!("the drawing of `{}` holds {c:?}", problems.list()[0].code)),
        None => Ok(()),
    }
}

fn one(problem: &Problem, text: &str) -> Result<(), String> {
    if !omni::spec::codes().iter().any(|(code, _)| *code == problem.code) {
        return Err("the code is explained nowhere".to_owned());
    }
    if problem.labels.is_empty() && !WITHOUT_PLACE.contains(&problem.code) {
        return Err(format!("it has no place: {}", problem.message));
    }
    for label in &problem.labels {
        if text.get(label.span.clone()).is_none() {
            return Err(format!("{:?} is no place in {} bytes of text", label.span, text.len()));
        }
    }
    let labels = problem.labels.iter().map(|label| &label.text);
    for said in [&problem.message, &problem.path].into_iter().chain(&problem.help).chain(labels) {
        // A help may have two lines.
        let is_bad = |c: &char| is_hostile(*c) && (*c != '\n' || Some(said) != problem.help.as_ref());
        if let Some(c) = said.chars().find(is_bad) {
            return Err(format!("{said:?} holds {c:?}"));
        }
    }
    Ok(())
}

/// A report as a terminal shows it.
fn drawn(problems: &Problems) -> String {
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let mut text = String::new();
    for shown in problems.shown().take(40) {
        handler.render_report(&mut text, &shown).expect("a report can be drawn");
    }
    text
}
