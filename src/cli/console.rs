//! `Console`: what the user sees and is asked: results to standard output, everything else to standard error.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use crate::cli::args::{Global, When};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, UNTOUCHED};
use crate::journal::Record;
use crate::plain::{coloured, escaped, plain};
use crate::plan::Plan;
use crate::report::{JsonLines, Lines, Live, Reporter, Silent, Style};

/// What the user sees and is asked.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// How standard output may look.
    pub(crate) out: Style,
    /// How standard error may look.
    pub(crate) err: Style,
    /// Whether results are JSON.
    pub(crate) json: bool,
    quiet: bool,
    is_live: bool,
    /// Whether there is somebody to ask.
    may_ask: bool,
    /// Why the first result that could not be written was not.
    unwritten: Arc<OnceLock<String>>,
}

impl Console {
    /// The console of these words.
    #[must_use]
    pub(crate) fn new(global: &Global) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let style = |terminal: bool| Style {
            colour: has_colour(global.color, terminal),
            unicode: speaks_unicode(),
            width: columns(),
            ..Style::default()
        };
        Self {
            out: style(out),
            err: style(err),
            json: global.json,
            quiet: global.quiet,
            is_live: err && !global.plain && !global.json,
            may_ask: io::stdin().is_terminal() && err && !global.no_input && !global.json,
            unwritten: Arc::default(),
        }
    }

    /// Prints a result. A reader that has gone away (a closed pager) is no error; any other is kept for the end of the
    /// command.
    pub(crate) fn print(&self, text: &str) {
        let text = if self.json { escaped(text) } else { coloured(text) };
        // Nothing that omni does depends on being heard.
        let mut out = self.results();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Where results are written.
    fn results(&self) -> Results {
        Results { unwritten: Arc::clone(&self.unwritten) }
    }

    /// Why results could not all be written; none where they were, or their reader has gone away.
    pub(crate) fn unwritten(&self) -> Option<&str> {
        self.unwritten.get().map(String::as_str)
    }

    #[expect(clippy::unused_self, reason = "who asks has a console; that it needs nothing of it is a detail")]
    /// How many lines are in view.
    pub(crate) fn rows(&self) -> usize {
        usize::from(rows())
    }

    /// Prints a note beside the results; nothing with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.warn(text);
        }
    }

    /// Shows how far something long has come, on the line where it said so before; nothing where nobody looks on.
    pub(crate) fn step(&self, text: &str) {
        if self.is_live && !self.quiet {
            let room = usize::from(self.err.width.saturating_sub(1));
            let shown: String = plain(text).chars().take(room).collect();
            let mut err = io::stderr().lock();
            let _ = err.write_all(format!("\r\u{1b}[2K{shown}").as_bytes()).and_then(|()| err.flush());
        }
    }

    #[expect(clippy::unused_self, reason = "who prints has a console; that it needs nothing of it is a detail")]
    /// Prints what has to be seen.
    pub(crate) fn warn(&self, text: &str) {
        let text = coloured(text);
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// Whether there is somebody to ask.
    #[must_use]
    pub(crate) const fn may_ask(&self) -> bool {
        self.may_ask
    }

    /// Asks for `wanted` to be typed. `flag` is what answers without a terminal.
    ///
    /// # Errors
    /// `Consent` when something else was typed, or there is nobody to ask.
    pub(crate) fn ask(&self, question: &str, wanted: &str, flag: &str) -> Result<(), Failure> {
        if !self.may_ask {
            return Err(Failure::new(Exit::Consent, "omni::consent::missing", "there is nobody to ask for consent")
                .help(format!("read the plan, then give `{flag}`")));
        }
        self.warn(&format!("{question} Type `{wanted}` to go on: "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        if !answer.ends_with('\n') {
            // Nobody has ended the line of the question.
            self.warn("\n");
        }
        if read.is_ok() && answer.trim() == wanted {
            return Ok(());
        }
        Err(Failure::new(Exit::Consent, "omni::consent::refused", format!("you did not agree; {UNTOUCHED}")))
    }

    /// What tells of an apply of this plan, of which these records were written before.
    #[must_use]
    pub(crate) fn reporter(&self, plan: &Plan, prior: &[Record]) -> Box<dyn Reporter> {
        if self.json {
            Box::new(JsonLines::new(self.results()))
        } else if self.quiet {
            Box::new(Silent::default())
        } else if self.is_live {
            Box::new(Live::stderr(plan, self.err, rows()).resumed(prior))
        } else {
            Box::new(Lines::new(plan, self.err, io::stderr()).resumed(prior))
        }
    }
}

/// Standard output, which keeps why it could not be written.
struct Results {
    unwritten: Arc<OnceLock<String>>,
}

impl Write for Results {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.kept(io::stdout().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.kept(io::stdout().lock().flush())
    }
}

impl Results {
    /// The same answer; the first failure that is not that of a reader who has gone away is kept.
    fn kept<T>(&self, answer: io::Result<T>) -> io::Result<T> {
        answer.inspect_err(|error| {
            if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::Interrupted) {
                let _ = self.unwritten.set(error.to_string());
            }
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn has_colour(when: When, terminal: bool) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR").is_some() => false,
        When::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        When::Auto => terminal && set("TERM").is_none_or(|term| term != "dumb"),
    }
}

fn speaks_unicode() -> bool {
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let is_plain = locale.is_some_and(|locale| matches!(locale.as_str(), "C" | "POSIX"));
    !is_plain
}

fn columns() -> u16 {
    let asked = set("COLUMNS").and_then(|columns| columns.parse().ok());
    asked.or_else(|| console_size().map(|(_, columns)| columns)).unwrap_or(100).clamp(40, 200)
}

fn rows() -> u16 {
    console_size().map_or(24, |(rows, _)| rows)
}

fn console_size() -> Option<(u16, u16)> {
    let (width, height) = terminal_size::terminal_size_of(io::stderr())?;
    Some((height.0, width.0))
}
