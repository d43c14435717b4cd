//! `Sections`: the two ways of a file of goose, cut where goose cuts them.

/// The two ways: the line on which each begins, from 1, and its text.
#[derive(Debug)]
pub(super) struct Sections<'a> {
    pub(super) up: (usize, &'a str),
    pub(super) down: Option<(usize, &'a str)>,
    /// `NO TRANSACTION`, which holds for both.
    pub(super) is_bare: bool,
}

/// What goose would refuse.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: Option<usize>,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

/// One line of a file: from 1, where it starts and ends in the text, and its words.
pub(super) struct Line<'a> {
    number: usize,
    start: usize,
    end: usize,
    text: &'a str,
}

/// How far goose's parser is.
#[derive(Default)]
struct Course {
    /// The line after `Up` and where it starts.
    up: Option<(usize, usize)>,
    /// `Down`: where its line starts, the line after it, and where that starts.
    down: Option<(usize, usize, usize)>,
    is_bare: bool,
    /// The line of a `StatementBegin` without its end.
    open: Option<usize>,
    /// The line of a statement without its `;`.
    unended: Option<usize>,
}

impl<'a> Sections<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, Fault> {
        let mut course = Course::default();
        for line in lines(text) {
            if is_annotation(line.text) { course.annotation(&line)? } else { course.words(&line)? }
        }
        course.ended()?;
        let help = "put the line before the way forward";
        let none = Fault { line: None, message: "it has no `-- +goose Up`", help };
        let (line, start) = course.up.ok_or(none)?;
        let end = course.down.map_or(text.len(), |(end, _, _)| end);
        let down = course.down.map(|(_, line, start)| (line, &text[start..]));
        Ok(Self { up: (line, &text[start..end]), down, is_bare: course.is_bare })
    }
}

impl Course {
    fn annotation(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let fault = |message, help| Err(Fault { line: Some(line.number), message, help });
        if line.text.starts_with([' ', '\t']) {
            return fault("the annotation does not start its line, which goose refuses", "remove the white space");
        }
        let word = line.text.replace("--", "").replacen("+goose", "", 1).trim().to_ascii_lowercase();
        match word.as_str() {
            "up" if self.up.is_some() => fault("a second `Up`", "put it in a file of its own"),
            "up" => {
                self.up = Some((line.number + 1, line.end));
                Ok(())
            }
            "down" if self.up.is_none() => fault("`Down` stands before `Up`", "put the way forward first"),
            "down" if self.down.is_some() => fault("a second `Down`", "put it in a file of its own"),
            "down" => {
                self.ended()?;
                self.down = Some((line.start, line.number + 1, line.end));
                Ok(())
            }
            "statementbegin" if self.up.is_none() || self.open.is_some() => fault(
                "`StatementBegin` stands where none may",
                "put it behind `Up` or `Down`, and end the one before it",
            ),
            "statementbegin" => {
                self.open = Some(line.number);
                Ok(())
            }
            "statementend" if self.open.is_none() => {
                fault("`StatementEnd` without `StatementBegin`", "add the other, or remove this one")
            }
            "statementend" => {
                (self.open, self.unended) = (None, None);
                Ok(())
            }
            "no transaction" => {
                self.is_bare = true;
                Ok(())
            }
            "envsub off" => Ok(()),
            "envsub on" => fault(
                "`ENVSUB ON` takes its SQL from the environment, which omni does not",
                "write the values into the script",
            ),
            _ => fault("goose knows no such annotation", "write `Up`, `Down`, `StatementBegin` or `StatementEnd`"),
        }
    }

    fn words(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let trimmed = line.text.trim();
        let is_comment = trimmed.starts_with("--");
        if self.up.is_none() {
            if trimmed.is_empty() || is_comment {
                return Ok(());
            }
            let message = "a statement stands before `-- +goose Up`, which goose refuses";
            return Err(Fault { line: Some(line.number), message, help: "put it behind the annotation" });
        }
        if self.unended.is_none() && !trimmed.is_empty() && !is_comment {
            self.unended = Some(line.number);
        }
        if self.open.is_none() && ends_statement(line.text) {
            self.unended = None;
        }
        Ok(())
    }

    /// At the end of a way, where nothing may be left open.
    fn ended(&self) -> Result<(), Fault> {
        if let Some(line) = self.open {
            let message = "`StatementBegin` without `StatementEnd`";
            return Err(Fault { line: Some(line), message, help: "add `-- +goose StatementEnd`" });
        }
        match self.unended {
            Some(line) => {
                let message = "the statement does not end with `;`, which goose refuses";
                Err(Fault { line: Some(line), message, help: "end its last line with `;`" })
            }
            None => Ok(()),
        }
    }
}

/// Whether goose takes a statement as ended with this line. It knows neither quotes nor `$$`.
fn ends_statement(line: &str) -> bool {
    line.split_whitespace().take_while(|word| !word.starts_with("--")).last().is_some_and(|word| word.ends_with(';'))
}

pub(super) fn annotations(text: &str) -> impl Iterator<Item = Line<'_>> {
    lines(text).filter(|line| is_annotation(line.text))
}

fn is_annotation(line: &str) -> bool {
    line.trim().starts_with("--") && line.contains("+goose")
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut end = 0;
    text.split_inclusive('\n').enumerate().map(move |(at, line)| {
        end += line.len();
        Line { number: at + 1, start: end - line.len(), end, text: line }
    })
}
