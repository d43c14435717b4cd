//! `Resting`: a terminal whose cursor rests at the start of a line between two drawings.
//!
//! What the terminal itself writes there, as `^C`, is drawn over the next time. At the end of a line it would begin a
//! new one, and the drawing would be repeated below what is left of it.

use std::io;

use indicatif::TermLike;

/// A terminal whose cursor rests at the start of a line.
#[derive(Debug)]
pub(super) struct Resting<T>(pub(super) T);

impl<T: TermLike> TermLike for Resting<T> {
    fn width(&self) -> u16 {
        self.0.width()
    }

    fn height(&self) -> u16 {
        self.0.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.write_str("\r")?;
        self.0.flush()
    }
}
