//! `Style`: how a screen may look: with colour or without, in Unicode or ASCII, how wide.
//!
//! A tone only ever repeats what a symbol or a word says already. Whether a terminal wants colour is left to `cli`.

use owo_colors::OwoColorize;

/// How a screen may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are drawn.
    pub colour: bool,
    /// Whether characters beyond ASCII are drawn where omni chooses the character.
    pub unicode: bool,
    /// How many columns there are.
    pub width: u16,
    /// Whether what does not change is drawn too.
    pub full: bool,
    /// How many unchanged lines are drawn around a change in a long text.
    pub context: usize,
}

impl Default for Style {
    /// Without colour, for a reader of 100 columns.
    fn default() -> Self {
        Self { colour: false, unicode: true, width: 100, full: false, context: 3 }
    }
}

/// What a piece of text means, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing special.
    Normal,
    /// Something that is added, or well.
    Good,
    /// Something that is removed, or wrong.
    Bad,
    /// Something to look at.
    Warn,
    /// Something that runs.
    Busy,
    /// Something of little weight.
    Dim,
    /// Something of great weight.
    Strong,
}

/// A sign that omni draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Taken back.
    Undone,
    /// Not begun.
    Waiting,
    /// Nobody knows.
    Unknown,
}

impl Mark {
    pub(super) const fn tone(self) -> Tone {
        match self {
            Self::Done => Tone::Good,
            Self::Failed => Tone::Bad,
            Self::Undone | Self::Unknown => Tone::Warn,
            Self::Waiting => Tone::Dim,
        }
    }
}

impl Style {
    /// The same style for lines that stand so many columns in.
    pub(super) const fn inset(mut self, columns: u16) -> Self {
        self.width = self.width.saturating_sub(columns);
        self
    }

    /// The text in the colour of its tone; as it is without colours.
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        match tone {
            Tone::Normal => text.to_owned(),
            Tone::Good => text.green().to_string(),
            Tone::Bad => text.red().to_string(),
            Tone::Warn => text.yellow().to_string(),
            Tone::Busy => text.cyan().to_string(),
            Tone::Dim => text.dimmed().to_string(),
            Tone::Strong => text.bold().to_string(),
        }
    }

    /// The character of a mark, without colour.
    pub(super) const fn mark(&self, mark: Mark) -> &'static str {
        match (mark, self.unicode) {
            (Mark::Done, true) => "✓",
            (Mark::Done, false) => "v",
            (Mark::Failed, true) => "✗",
            (Mark::Failed, false) => "x",
            (Mark::Undone, true) => "↶",
            (Mark::Undone, false) => "<",
            (Mark::Waiting, true) => "·",
            (Mark::Waiting, false) => ".",
            (Mark::Unknown, _) => "?",
        }
    }

    /// One frame of the spinner.
    pub(super) fn spinner(&self, frame: usize) -> &'static str {
        const UNICODE: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        const ASCII: [&str; 4] = ["|", "/", "-", "\\"];
        if self.unicode { UNICODE[frame % UNICODE.len()] } else { ASCII[frame % ASCII.len()] }
    }
}
