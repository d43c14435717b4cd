//! `Table`: rows in aligned columns, measured as a terminal measures them.
//!
//! Cells hold safe text and a tone; padding is outside the colour. Where the whole is too wide, the column that may be
//! wrapped is. What stands in a table is left to the screens.

use unicode_width::UnicodeWidthStr;

use crate::report::style::{Style, Tone};

/// How many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text, filled up with blanks to so many columns.
pub(super) fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// The text, cut at its end to so many columns.
pub(super) fn clipped(text: &str, to: usize) -> String {
    let mut taken = 0;
    let fits = |c: &char| {
        taken += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
        taken <= to
    };
    text.chars().take_while(fits).collect()
}

/// The text, cut to so many columns where it has more, with a sign that something is missing.
pub(super) fn shortened(text: &str, to: usize, style: &Style) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let dots = if style.unicode { "…" } else { "..." };
    clipped(&(clipped(text, to.saturating_sub(width(dots))) + dots), to)
}

/// The lines that the words of a text make where only so many columns are free. A longer word has a line of its own.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A text after a heading that takes so many columns: its words wrapped, further lines under the first. Where next to
/// nothing is left beside the heading, the first line is empty and the text begins under it, `least` columns in.
pub(super) fn hanging(text: &str, heading: usize, least: usize, columns: usize) -> Vec<String> {
    if heading + width(text) <= columns {
        return vec![text.to_owned()];
    }
    let beside = columns.saturating_sub(heading);
    let longest = text.split(' ').map(width).max().unwrap_or(0);
    if beside >= NARROWEST.max(longest) {
        let blanks = " ".repeat(heading);
        let lines = wrapped(text, beside).into_iter().enumerate();
        return lines.map(|(at, line)| if at == 0 { line } else { format!("{blanks}{line}") }).collect();
    }
    let blanks = " ".repeat(least);
    let under = wrapped(text, columns.saturating_sub(least)).into_iter().map(|line| format!("{blanks}{line}"));
    std::iter::once(String::new()).chain(under).collect()
}

/// A heading, and a text after it in the lines of `hanging`, which were made for a heading of this width.
pub(super) fn headed(heading: &str, mut lines: Vec<String>) -> Vec<String> {
    if let Some(first) = lines.first_mut() {
        format!("{heading}{first}").trim_end().clone_into(first);
    }
    lines
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its heading.
    pub(super) heading: &'static str,
    /// How many blanks stand before it.
    pub(super) gap: usize,
    /// The least width it has.
    pub(super) least: usize,
    /// Whether its cells stand at its right edge.
    pub(super) right: bool,
    /// Whether its cells may be wrapped.
    pub(super) wraps: bool,
    /// Whether its cells may be cut.
    pub(super) clips: bool,
    /// When it is left out where not all have room: the highest first; none where it stays.
    pub(super) drops: Option<u8>,
}

impl Column {
    /// A column whose cells stand left, two blanks after the one before.
    pub(super) const fn left(heading: &'static str) -> Self {
        Self { heading, gap: 2, least: 0, right: false, wraps: false, clips: false, drops: None }
    }

    /// A column whose cells stand right.
    pub(super) const fn right(heading: &'static str) -> Self {
        Self { right: true, ..Self::left(heading) }
    }

    /// The same column, one blank after the one before.
    pub(super) const fn close(mut self) -> Self {
        self.gap = 1;
        self
    }

    /// The same column, at least so wide.
    pub(super) const fn at_least(mut self, least: usize) -> Self {
        self.least = least;
        self
    }

    /// The same column, whose cells may be cut.
    pub(super) const fn clipping(mut self) -> Self {
        self.clips = true;
        self
    }

    /// The same column, left out where there is no room: the highest first.
    pub(super) const fn dropped(mut self, rank: u8) -> Self {
        self.drops = Some(rank);
        self
    }

    /// The same column, whose cells may be wrapped.
    pub(super) const fn wrapping(mut self) -> Self {
        self.wraps = true;
        self
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

/// A cell of this tone.
pub(super) fn cell(tone: Tone, text: impl Into<String>) -> Cell {
    Cell { text: text.into(), tone }
}

/// Rows in aligned columns.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    headings: bool,
}

/// The narrowest a wrapped column becomes.
const NARROWEST: usize = 16;
/// The narrowest a cut column becomes.
const NARROWEST_CUT: usize = 8;

impl Table {
    /// An empty table with a line of headings.
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), headings: true }
    }

    /// An empty table without headings.
    pub(super) fn bare(columns: &[Column]) -> Self {
        Self { headings: false, ..Self::new(columns) }
    }

    /// Adds a row; cells that are left out are empty.
    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Its lines, without blanks at their ends.
    pub(super) fn lines(&self, style: &Style) -> Vec<String> {
        let available = usize::from(style.width);
        let total = |widths: &[usize]| -> usize {
            widths.iter().zip(&self.columns).map(|(width, column)| width + column.gap).sum()
        };
        let last = self.columns.iter().enumerate().filter_map(|(at, column)| Some((column.drops?, at))).max();
        match last {
            Some((_, at)) if total(&self.widths(available)) > available => self.without(at).lines(style),
            _ => self.all_lines(style),
        }
    }

    /// The same table without one of its columns.
    fn without(&self, at: usize) -> Self {
        let (mut columns, mut rows) = (self.columns.clone(), self.rows.clone());
        columns.remove(at);
        for row in rows.iter_mut().filter(|row| at < row.len()) {
            row.remove(at);
        }
        Self { columns, rows, headings: self.headings }
    }

    fn all_lines(&self, style: &Style) -> Vec<String> {
        let widths = self.widths(usize::from(style.width));
        let mut lines = Vec::new();
        if self.headings {
            let headings: Vec<_> = self.columns.iter().map(|column| cell(Tone::Dim, column.heading)).collect();
            lines.extend(self.drawn(&headings, &widths, style));
        }
        for row in &self.rows {
            lines.extend(self.drawn(row, &widths, style));
        }
        lines
    }

    /// Whether it is wider than there is room, however much is wrapped.
    pub(super) fn is_too_wide(&self, style: &Style) -> bool {
        let available = usize::from(style.width);
        let total: usize =
            self.widths(available).iter().zip(&self.columns).map(|(width, column)| width + column.gap).sum();
        let at = self.columns.iter().position(|column| column.wraps);
        let words = at.into_iter().flat_map(|at| self.rows.iter().filter_map(move |row| row.get(at)));
        let longest = words.flat_map(|cell| cell.text.split(' ')).map(width).max().unwrap_or(0);
        total > available || at.is_some_and(|at| longest > self.widths(available)[at])
    }

    fn widths(&self, available: usize) -> Vec<usize> {
        let mut widths: Vec<_> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let heading = if self.headings { width(column.heading) } else { 0 };
                let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(&cell.text));
                cells.max().unwrap_or(0).max(heading).max(column.least)
            })
            .collect();
        let total: usize = widths.iter().zip(&self.columns).map(|(width, column)| width + column.gap).sum();
        let wrapping = self.columns.iter().position(|column| column.wraps);
        if let Some(at) = wrapping.filter(|_| total > available) {
            let narrower = widths[at].saturating_sub(total - available).max(NARROWEST);
            widths[at] = widths[at].min(narrower);
        }
        let total: usize = widths.iter().zip(&self.columns).map(|(width, column)| width + column.gap).sum();
        // What may be left out is, before anything is cut.
        let clipping = self.columns.iter().position(|column| column.clips && column.drops.is_none());
        let drops = self.columns.iter().any(|column| column.drops.is_some());
        if let Some(at) = clipping.filter(|_| total > available && !drops) {
            widths[at] = widths[at].saturating_sub(total - available).max(widths[at].min(NARROWEST_CUT));
        }
        widths
    }

    fn drawn(&self, row: &[Cell], widths: &[usize], style: &Style) -> Vec<String> {
        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(&self.columns)
            .zip(widths)
            .map(|((cell, column), width)| {
                let texts = if column.wraps { wrapped(&cell.text, *width) } else { vec![cell.text.clone()] };
                let cut = |text: String| if column.clips { shortened(&text, *width, style) } else { text };
                texts.into_iter().map(cut).collect()
            })
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        let line = |at: usize| {
            let mut line = String::new();
            for (((texts, cell), column), to) in cells.iter().zip(row).zip(&self.columns).zip(widths) {
                let text = texts.get(at).map_or("", String::as_str);
                let blanks = " ".repeat(to.saturating_sub(width(text)));
                line.push_str(&" ".repeat(column.gap));
                let painted = style.paint(cell.tone, text);
                line.push_str(&if column.right { blanks + &painted } else { painted + &blanks });
            }
            line.truncate(line.trim_end().len());
            line
        };
        (0..height).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Style, Table, Tone, cell, clipped, wrapped};

    fn lines(width: u16) -> Vec<String> {
        let mut table = Table::new(&[Column::left("name"), Column::left("text").wrapping(), Column::right("n")]);
        let row = |name, text, number| vec![cell(Tone::Normal, name), cell(Tone::Good, text), cell(Tone::Dim, number)];
        table.row(row("日本", "one two three four five six", "1"));
        table.row(row("ab", "x", "22"));
        table.lines(&Style { width, ..Style::default() })
    }

    #[test]
    fn columns_stand_under_each_other_where_characters_are_wide() {
        let expected = [
            "  name  text                          n",
            "  日本  one two three four five six   1",
            "  ab    x                            22",
        ];
        assert_eq!(lines(80), expected);
    }

    #[test]
    fn a_narrow_table_wraps_its_text() {
        let expected = [
            "  name  text                n",
            "  日本  one two three       1",
            "        four five six",
            "  ab    x                  22",
        ];
        assert_eq!(lines(29), expected);
        // Narrower than it can be, it is as narrow as it can be.
        assert_eq!(lines(0), lines(10));
    }

    #[test]
    fn words_and_cuts_count_columns() {
        assert_eq!(wrapped("a longer-than-that b", 6), ["a", "longer-than-that", "b"]);
        assert_eq!(clipped("日本語", 5), "日本");
    }
}
