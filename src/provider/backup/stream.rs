//! Bytes brought into the file of a backup, and fetched out of it, a few at a time: however large it is, memory stays
//! as it was.
//!
//! The layers of `folding` run on a thread of their own. Where whoever brings bytes is gone, the thread ends without
//! having finished the file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::failpoint::{Place, reach, touch};
use crate::provider::backup::folding::{Folding, Stored, Unfolding};
use crate::provider::backup::size;
use crate::provider::engine::Hear;
use crate::provider::pace::{Pace, Total};

const PIECE: usize = 256 << 10;
/// How many pieces may wait for the other side.
const WAITING: usize = 4;
/// How often it is told how far it came.
const TOLD: Duration = Duration::from_secs(1);

/// A piece on its way, or the end of all.
enum Piece {
    Bytes(Bytes),
    End,
}

/// Brings everything that `source` has into a file.
pub(super) async fn store(
    mut source: impl AsyncRead + Unpin + Send,
    mut folding: Folding,
    (hear, total): (Hear<'_>, Total),
) -> io::Result<Stored> {
    reach(Place::DiskUntouched);
    touch()?;
    let (to, mut from) = mpsc::channel(WAITING);
    let thread = spawn_blocking(move || {
        while let Some(piece) = from.blocking_recv() {
            match piece {
                Piece::Bytes(bytes) => folding.write_all(&bytes)?,
                Piece::End => return folding.finish(),
            }
        }
        Err(io::Error::other("it was given up"))
    });
    let mut told = Told::new(hear, total);
    let mut buffer = BytesMut::with_capacity(PIECE);
    loop {
        buffer.reserve(PIECE);
        let read = source.read_buf(&mut buffer).await?;
        told.more(read);
        let piece = if read == 0 { Piece::End } else { Piece::Bytes(buffer.split().freeze()) };
        // Where nobody takes it the thread has ended, and says why.
        if to.send(piece).await.is_err() || read == 0 {
            let stored = thread.await.map_err(io::Error::other)?;
            reach(Place::DiskTouched);
            return stored;
        }
    }
}

/// The content of a file, as whatever brought it in had it.
pub(super) struct Content {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

/// Fetches what is in a file.
pub(super) fn fetch(mut from: Unfolding) -> Content {
    let (to, pieces) = mpsc::channel(WAITING);
    // Nobody waits for the thread: it ends with the last piece, or once nobody takes one.
    drop(spawn_blocking(move || {
        loop {
            let mut buffer = vec![0; PIECE];
            let piece = from.read(&mut buffer).map(|read| {
                buffer.truncate(read);
                Bytes::from(buffer)
            });
            let is_last = !piece.as_ref().is_ok_and(|piece| !piece.is_empty());
            if to.blocking_send(piece).is_err() || is_last {
                return;
            }
        }
    }));
    Content { pieces, rest: Bytes::new() }
}

impl AsyncRead for Content {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            let gone = || Err(io::Error::new(io::ErrorKind::UnexpectedEof, "its end was not read"));
            self.rest = ready!(self.pieces.poll_recv(context)).unwrap_or_else(gone)?;
        }
        let length = self.rest.len().min(into.remaining());
        into.put_slice(&self.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}

/// A file that the thread of a lock, a hash or a rename may have: such calls would hold up the others.
pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The same for what changes something in a folder of backups.
pub(super) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    reach(Place::DiskUntouched);
    touch()?;
    let done = on_thread(work).await;
    reach(Place::DiskTouched);
    done
}

/// Tells how far something came, now and then.
pub(super) struct Told<'a> {
    hear: Hear<'a>,
    pace: Pace,
    last: Instant,
    bytes: u64,
    has_ended: bool,
}

impl<'a> Told<'a> {
    fn new(hear: Hear<'a>, total: Total) -> Self {
        Self { hear, pace: Pace::new(0, total), last: Instant::now(), bytes: 0, has_ended: false }
    }

    fn more(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        if self.last.elapsed() >= TOLD {
            self.last = Instant::now();
            (self.hear)(self.pace.words(self.bytes));
        }
    }

    /// All was read: what is made of it at the end, indexes above all, takes its time too, and nobody counts that.
    fn end(&mut self) {
        if !std::mem::replace(&mut self.has_ended, true) {
            (self.hear)(format!("all {} read, the rest is made of it", size(self.bytes)));
        }
    }
}

/// `source`, of which is told how far it was read.
pub(super) struct Heard<'a, R> {
    source: R,
    told: Told<'a>,
}

impl<'a, R> Heard<'a, R> {
    pub(super) fn new(source: R, hear: Hear<'a>, total: Total) -> Self {
        Self { source, told: Told::new(hear, total) }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Heard<'_, R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.source).poll_read(context, into))?;
        let read = into.filled().len() - before;
        self.told.more(read);
        if read == 0 && into.remaining() > 0 {
            self.told.end();
        }
        Poll::Ready(Ok(()))
    }
}

/// Writes everything of a content into a file that is open, and waits until it is on disk.
pub(super) async fn write_out(mut content: impl AsyncRead + Unpin + Send, file: File) -> io::Result<()> {
    let mut file = tokio::fs::File::from_std(file);
    tokio::io::copy(&mut content, &mut file).await?;
    file.sync_all().await
}
