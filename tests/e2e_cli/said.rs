//! `Said`: all that a run of omni said, and the same with what differs from run to run taken out.

use std::path::Path;
use std::process::Output;

use regex_lite::Regex;

/// All that a run said.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// The exit code; -1 where a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    project: String,
    folder: String,
}

impl Said {
    /// What this output says, of a project in a folder.
    pub(crate) fn of(output: &Output, project: &str, folder: &Path) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("what omni says is UTF-8");
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
            project: project.to_owned(),
            folder: folder.display().to_string(),
        }
    }

    /// Standard output and standard error in one.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Checks the exit code, and that nothing was written but this on standard error.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, err: &str) {
        assert_eq!((self.code, self.redacted(&self.err).as_str()), (code, err), "{}", self.screen());
    }

    /// Everything, with what differs from run to run taken out.
    pub(crate) fn screen(&self) -> String {
        let part = |text: &str| if text.is_empty() { String::new() } else { self.redacted(text) };
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, part(&self.out), part(&self.err))
    }

    /// A text with what differs from run to run taken out, as long as it was wherever columns depend on it.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let split = self.project.rfind('-').map_or(0, |at| at + 1);
        let project = format!("{}00000000", &self.project[..split]);
        let mut text = text.replace(&self.folder, "DIR").replace(&self.project, &project);
        for (pattern, instead) in [
            (r"\b[0-9a-f]{64}\b", "<hash>"),
            (r"(?m)^[0-9a-f]{12},", "000000000000,"),
            (r"sha256:[0-9a-f]{12}\b", "sha256:000000000000"),
            (r"\bspec( +)[0-9a-f]{7}\b", "spec${1}0000000"),
            (r",ok,\d+,", ",ok,0,"),
            (r"\b[0-9a-f]{4}-[0-9a-f]{4}\b", "0000-0000"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-01-01 00:00"),
            (r"(?m)^\d\d:\d\d:\d\d  ", "00:00:00  "),
            (r"(^| +)\d+\.\d s\b", " 0.0 s"),
            (r"about \d+ s\b", "about 0 s"),
            (r"about \d+s(\d+ms)?", "about 0s"),
            (r"\(\d+s ago\)", "(0s ago)"),
            (r"\([0-9a-f]{12}\)", "(000000000000)"),
            // How often omni looked, and what it saw last, is a matter of time.
            (r"(?m)^00:00:00    \d+/\d+ .*\n", ""),
            (r"the container did not stay up: .*", "the container did not stay up: <why>"),
            (r"\bup \d+s", "up 0s"),
            (r"\(\d+s old\)", "(0s old)"),
            (r"tester@[A-Za-z0-9._-]+", "tester@host"),
            (r"\b([A-Z2-7]{4}:){11}[A-Z2-7]{4}\b", "<engine>"),
            (r"docker \d+\.\d+\.\d+ unix://\S+", "docker 0.0.0 unix:///socket"),
            (r#""took_ms": ?\d+"#, r#""took_ms":0"#),
        ] {
            text = Regex::new(pattern).expect("a pattern").replace_all(&text, instead).into_owned();
        }
        text
    }

    /// The document on standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.screen()))
    }
}
