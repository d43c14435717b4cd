//! `Wire`: a port between omni and the server that counts the round trips and cuts a connection at one of them.
//!
//! A round trip is what the server answers as a whole: a start of a session, a password, a query, or a batch up to its
//! `Sync`. Nothing is added to what passes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never gets it.
    Before,
    /// The server gets it, and its client is gone at once.
    Torn,
    /// The server has answered, and nothing of that is heard.
    After,
    /// The server never gets it, nor anything else from then on.
    Away,
}

pub(crate) const CUTS: [Cut; 4] = [Cut::Before, Cut::Torn, Cut::After, Cut::Away];

#[derive(Default)]
struct Plot {
    seen: usize,
    cut: Option<(usize, Cut)>,
    is_away: bool,
    fired: bool,
    /// How many connections there were.
    connections: usize,
    /// The first so many of them stay open, and nothing passes there any more.
    forgotten: usize,
}

/// A port before a server.
pub(crate) struct Wire {
    pub(crate) port: u16,
    plot: Arc<Mutex<Plot>>,
}

impl Wire {
    pub(crate) fn new(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let plot = Arc::new(Mutex::new(Plot::default()));
        let shared = Arc::clone(&plot);
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let plot = Arc::clone(&shared);
                std::thread::spawn(move || serve(client, server, &plot));
            }
        });
        Self { port, plot }
    }

    /// From now on counts from one, and cuts at this number; nowhere where none.
    pub(crate) fn arm(&self, cut: Option<(usize, Cut)>) {
        *self.plot.lock().unwrap() = Plot { cut, ..Plot::default() };
    }

    /// Lets nothing pass any more on the connections that there are, as something on the way does that has forgotten
    /// them: neither side is told.
    pub(crate) fn forget(&self) {
        let mut plot = self.plot.lock().unwrap();
        plot.forgotten = plot.connections;
    }

    /// Lets everything pass again; how many round trips there were, and whether one was cut.
    pub(crate) fn heal(&self) -> (usize, bool) {
        let plot = std::mem::take(&mut *self.plot.lock().unwrap());
        (plot.seen, plot.fired)
    }
}

/// Passes on what comes until the connection ends or is cut.
fn serve(mut client: TcpStream, server: u16, plot: &Arc<Mutex<Plot>>) {
    let serial = {
        let mut plot = plot.lock().unwrap();
        if plot.is_away {
            return;
        }
        plot.connections += 1;
        plot.connections
    };
    let Ok(mut upstream) = TcpStream::connect(("127.0.0.1", server)) else { return };
    let (mut back, mut to_client) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
    let is_deaf = Arc::new(Mutex::new(false));
    let deaf = Arc::clone(&is_deaf);
    let shared = Arc::clone(plot);
    let answers = std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(read @ 1..) = back.read(&mut buffer) {
            if shared.lock().unwrap().forgotten >= serial {
                // Both ends stay open until the client leaves.
                return;
            }
            if *deaf.lock().unwrap() {
                // It has answered: that is what was waited for.
                break;
            }
            if to_client.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut is_started = false;
    while let Some((message, is_trip)) = message(&mut client, &mut is_started) {
        if plot.lock().unwrap().forgotten >= serial {
            continue;
        }
        match if is_trip { trip(plot) } else { None } {
            None => {
                if upstream.write_all(&message).is_err() {
                    break;
                }
            }
            Some(Cut::Before | Cut::Away) => break,
            Some(Cut::Torn) => {
                let _ = upstream.write_all(&message);
                break;
            }
            Some(Cut::After) => {
                *is_deaf.lock().unwrap() = true;
                let _ = upstream.write_all(&message);
                // A server that works for long is left alone with it.
                let _ = upstream.set_read_timeout(Some(Duration::from_secs(10)));
                let _ = answers.join();
                let _ = client.shutdown(Shutdown::Both);
                return;
            }
        }
    }
    let _ = upstream.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    let _ = answers.join();
}

/// Counts a round trip; how it is cut, if it is.
fn trip(plot: &Mutex<Plot>) -> Option<Cut> {
    let mut plot = plot.lock().unwrap();
    plot.seen += 1;
    if plot.is_away {
        return Some(Cut::Away);
    }
    let (_, cut) = plot.cut.filter(|(number, _)| *number == plot.seen)?;
    plot.fired = true;
    plot.is_away = cut == Cut::Away;
    Some(cut)
}

/// The next message of a client, and whether the server answers it as a whole; none at the end.
fn message(client: &mut TcpStream, is_started: &mut bool) -> Option<(Vec<u8>, bool)> {
    let mut head = [0; 5];
    let length = if *is_started { 5 } else { 4 };
    client.read_exact(&mut head[..length]).ok()?;
    let number = u32::from_be_bytes(head[length - 4..length].try_into().ok()?);
    let mut message = head[..length].to_vec();
    message.resize(length + usize::try_from(number).ok()?.checked_sub(4)?, 0);
    client.read_exact(&mut message[length..]).ok()?;
    if *is_started {
        return Some((message, matches!(head[0], b'Q' | b'S' | b'p')));
    }
    // One of eight bytes asks for encryption, and is answered with a letter.
    *is_started = message.len() != 8;
    Some((message, *is_started))
}
