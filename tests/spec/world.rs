//! `Case`: one spec of the corpus with the world it is read in, and how its report is drawn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};
use omni::fingerprint::{Fingerprint, Key};
use omni::graph::Graph;
use omni::spec::{Files, Problems, Request, Spec};
use omni::template::Vault;

/// Files in memory; build contexts are there unless their name says otherwise.
#[derive(Default)]
pub(crate) struct Memory(BTreeMap<String, String>);

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.0.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None if path.contains("missing") => Err("there is no such file".to_owned()),
            None => Ok(format!("content of {path}").into_bytes()),
        }
    }

    fn find(&self, path: &str) -> Result<(), String> {
        self.read(path).map(drop)
    }

    /// The files that the case names: a folder of which it names none is not there.
    fn list(&self, folder: &str) -> Result<Vec<String>, String> {
        let below = |path: &String| path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
        let found: Vec<_> = self.0.keys().filter_map(below).collect();
        if found.is_empty() { Err("there is no such folder".to_owned()) } else { Ok(found) }
    }

    fn context(&self, context: &str, dockerfile: &str) -> Result<Fingerprint, String> {
        if context.contains("missing") {
            return Err("there is no such folder".to_owned());
        }
        Ok(Fingerprint::of(&(context, dockerfile)))
    }
}

/// One spec of the corpus.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) text: String,
    environment: Option<String>,
    variables: BTreeMap<String, String>,
    profiles: Vec<String>,
    files: Memory,
}

impl Case {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let mut case = Self {
            name: name.to_owned(),
            text: text.to_owned(),
            environment: None,
            variables: BTreeMap::new(),
            profiles: Vec::new(),
            files: Memory::default(),
        };
        for line in text.lines().map_while(|line| line.strip_prefix("#> ")) {
            let (word, rest) = line.split_once(' ').expect("a directive has a word and a rest");
            let pair =
                || rest.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a pair");
            match word {
                "env" => case.environment = Some(rest.to_owned()),
                "profile" => case.profiles.push(rest.to_owned()),
                "set" => drop(case.variables.insert(pair().0, pair().1)),
                "file" => drop(case.files.0.insert(pair().0, lines(&pair().1))),
                other => panic!("{name}: unknown directive `{other}`"),
            }
        }
        case
    }

    /// Every spec of a folder of the corpus, sorted by name.
    pub(crate) fn all(folder: &str) -> Vec<Self> {
        let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/specs").join(folder);
        let entries = std::fs::read_dir(&folder).expect("the corpus is there");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry of the corpus").path()).collect();
        paths.sort();
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).expect("a spec is UTF-8 text");
            Self::new(&path.file_stem().expect("a file has a name").to_string_lossy(), &text)
        };
        let cases: Vec<_> = paths.iter().map(read).collect();
        assert!(!cases.is_empty(), "no specs in {}", folder.display());
        cases
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = (&String, &String)> {
        self.variables.iter()
    }

    pub(crate) fn resolve(&self) -> Result<(Spec, Vault), Problems> {
        let request = Request {
            text: &self.text,
            file_name: "deploy.toml",
            root: Path::new("/srv/shop"),
            environment: self.environment.as_deref(),
            variables: &self.variables,
            key: &Key::new([7; 32]),
            profiles: &self.profiles,
            files: &self.files,
        };
        let (spec, vault) = Spec::resolve(&request)?;
        match Graph::build(&spec.resources) {
            Ok(_) => Ok((spec, vault)),
            Err(ring) => Err(spec.cycle(ring.links())),
        }
    }
}

/// The text of a file: `;` ends a line, `;;` is a semicolon.
fn lines(text: &str) -> String {
    text.split(";;").map(|part| part.replace(';', "\n")).collect::<Vec<_>>().join(";")
}

/// A report as a terminal without colours shows it.
pub(crate) fn drawn(problems: &Problems) -> String {
    let handler =
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100).with_links(false);
    let mut text = String::new();
    for shown in problems.shown() {
        handler.render_report(&mut text, &shown).expect("a report can be drawn");
        text.push('\n');
    }
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    format!("{}\n{problems}", lines.join("\n"))
}
