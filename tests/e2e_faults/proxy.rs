//! `Proxy`: a socket between omni and the engine that counts every request and makes trouble at one of them.
//!
//! It adds nothing of its own to what passes but the wish that each connection ends with its answer, so that one
//! connection is one request and an answer may be a stream, an archive or an upgraded connection. What a run has to
//! come to under trouble is left to whoever made it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// The socket of the engine that all tests share.
pub(crate) const ENGINE: &str = "/var/run/docker.sock";
/// A request whose body is longer is passed on without a look at it.
const LARGEST: usize = 1 << 20;
/// How long an engine that is away once stays away.
const AWAY: Duration = Duration::from_millis(150);

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nobody listens: the socket is not there.
    Refuse,
    /// The connection ends before the engine has the request.
    Reset,
    /// The engine does it, and the answer is lost.
    Drop,
    /// The engine gets it only after its caller has given up.
    Late(Duration),
    /// The engine does it, and nothing is heard.
    Hang,
    /// The engine does it, and half of the answer is heard.
    Truncate,
    /// The engine does it, and the answer makes no sense.
    Garbage,
    /// The engine does it, and the answer comes a byte at a time.
    Drip,
    /// The answer is this status, and nothing is done.
    Status(u16),
    /// The engine does it, and the answer is that it failed.
    FailsAfter,
}

/// A request that came by.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// From 1, since the proxy was armed.
    pub(crate) number: usize,
    pub(crate) method: String,
    /// The path without the version and the query.
    pub(crate) path: String,
    /// The labels in its body; none where it has none.
    pub(crate) labels: BTreeMap<String, String>,
}

impl Call {
    /// Whether it may change something.
    pub(crate) fn is_mutating(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }

    /// What is asked, without whom it is about: `POST /containers/{}/start`.
    pub(crate) fn template(&self) -> String {
        let words = ["containers", "networks", "volumes", "images", "exec", "distribution"];
        let verbs = ["create", "json", "start", "stop", "wait", "logs", "exec", "archive", "update", "prune"];
        let mut parts: Vec<&str> = Vec::new();
        for part in self.path.split('/').filter(|part| !part.is_empty()) {
            let is_name = parts.first().is_some_and(|first| words.contains(first)) && !verbs.contains(&part);
            parts.push(if is_name { "{}" } else { part });
        }
        parts.dedup();
        format!("{} /{}", self.method, parts.join("/"))
    }
}

/// Sees each request before it goes on.
pub(crate) type Witness = Arc<dyn Fn(&Call) + Send + Sync>;

/// Says whether a request is the one.
pub(crate) type Pick = Arc<dyn Fn(&Call) -> bool + Send + Sync>;

#[derive(Default)]
struct Plot {
    seen: usize,
    /// Which is the first, what, and whether everything after it has the same trouble.
    trouble: Option<(Pick, Trouble, bool)>,
    fired: usize,
    calls: Vec<Call>,
    witness: Option<Witness>,
    /// Grows with every healing: who waits for one waits for another number.
    healed: usize,
}

struct Shared {
    socket: PathBuf,
    upstream: Mutex<PathBuf>,
    plot: Mutex<Plot>,
    healing: Condvar,
    is_over: AtomicBool,
}

/// A socket between omni and the engine.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    _folder: TempDir,
}

impl Proxy {
    /// A proxy before the engine at this socket.
    pub(crate) fn new(upstream: impl AsRef<Path>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let shared = Arc::new(Shared {
            socket,
            upstream: Mutex::new(upstream.as_ref().to_owned()),
            plot: Mutex::default(),
            healing: Condvar::new(),
            is_over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { shared, _folder: folder }
    }

    /// Its address, as omni takes it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.shared.socket.display())
    }

    /// Puts another engine behind the socket.
    pub(crate) fn lead_to(&self, upstream: impl AsRef<Path>) {
        upstream.as_ref().clone_into(&mut self.shared.upstream.lock().expect("no panic"));
    }

    /// Counts anew, and makes this trouble at the request of this number; at all after it too where `on` says so.
    pub(crate) fn arm(&self, number: usize, trouble: Trouble, on: bool) {
        self.arm_when(Arc::new(move |call| call.number == number), trouble, on);
    }

    /// The same at the first request that is picked.
    pub(crate) fn arm_when(&self, pick: Pick, trouble: Trouble, on: bool) {
        self.forget().trouble = Some((pick, trouble, on));
    }

    /// Counts anew, and makes no trouble.
    pub(crate) fn count(&self) {
        drop(self.forget());
    }

    /// Counts anew, and shows every request to this witness before it goes on.
    pub(crate) fn watch(&self, witness: Witness) {
        self.forget().witness = Some(witness);
    }

    fn forget(&self) -> MutexGuard<'_, Plot> {
        let mut plot = self.shared.plot();
        *plot = Plot { healed: plot.healed, ..Plot::default() };
        plot
    }

    /// Ends all trouble: who hangs is let go, and the socket is there.
    pub(crate) fn heal(&self) {
        let mut plot = self.shared.plot();
        plot.trouble = None;
        plot.witness = None;
        plot.healed += 1;
        self.shared.healing.notify_all();
        drop(plot);
        self.shared.come_back();
    }

    /// How many requests met trouble.
    pub(crate) fn fired(&self) -> usize {
        self.shared.plot().fired
    }

    /// Every request since the proxy counts.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.plot().calls.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.heal();
        self.shared.is_over.store(true, Ordering::Relaxed);
        // The thread that listens looks at that only once somebody comes.
        drop(UnixStream::connect(&self.shared.socket));
    }
}

impl Shared {
    fn plot(&self) -> MutexGuard<'_, Plot> {
        self.plot.lock().expect("no panic")
    }

    fn hidden(&self) -> PathBuf {
        self.socket.with_extension("away")
    }

    fn go_away(&self) {
        // Another request may have been here first.
        let _ = fs::rename(&self.socket, self.hidden());
    }

    fn come_back(&self) {
        let _ = fs::rename(self.hidden(), &self.socket);
    }

    /// Serves one connection, which is one request. What breaks on the way is a broken connection to both ends.
    fn serve(&self, mut client: UnixStream) {
        let Some(request) = Request::read(&mut client) else { return };
        let (trouble, on, witness, call) = {
            let mut plot = self.plot();
            plot.seen += 1;
            let call = request.call(plot.seen);
            let fired = plot.fired;
            let meets = |(pick, _, on): &&(Pick, Trouble, bool)| if fired > 0 { *on } else { pick(&call) };
            let now = plot.trouble.as_ref().filter(meets).map(|(_, trouble, on)| (*trouble, *on));
            plot.fired += usize::from(now.is_some());
            plot.calls.push(call.clone());
            (now.map(|(trouble, _)| trouble), now.is_some_and(|(_, on)| on), plot.witness.clone(), call)
        };
        if let Some(witness) = witness {
            witness(&call);
        }
        let Ok(end) = client.try_clone() else { return };
        let _ = match trouble {
            None => self.pass(&request, client),
            Some(trouble) => self.trouble(&request, client, trouble, on),
        };
        // Whatever still reads from it has its end with this.
        let _ = end.shutdown(Shutdown::Both);
    }

    fn trouble(&self, request: &Request, mut client: UnixStream, trouble: Trouble, on: bool) -> std::io::Result<()> {
        match trouble {
            Trouble::Refuse => {
                self.go_away();
                drop(client);
                if !on {
                    std::thread::sleep(AWAY);
                    self.come_back();
                }
                Ok(())
            }
            Trouble::Reset => client.shutdown(Shutdown::Both),
            Trouble::Drop => {
                self.answer(request, &client)?;
                client.shutdown(Shutdown::Both)
            }
            Trouble::Late(after) => {
                self.wait_for_healing(Some(after));
                self.answer(request, &client).map(drop)
            }
            Trouble::Hang => {
                self.answer(request, &client)?;
                self.wait_for_healing(None);
                Ok(())
            }
            Trouble::Truncate => {
                let answer = self.answer(request, &client)?;
                let head = answer.windows(4).position(|end| end == b"\r\n\r\n").map_or(0, |at| at + 4);
                let body = answer.len() - head;
                client.write_all(&answer[..if body > 1 { head + body / 2 } else { head / 2 }])
            }
            Trouble::Garbage => {
                self.answer(request, &client)?;
                client.write_all(&written("200 OK", "}{ this is no JSON"))
            }
            Trouble::Drip => {
                let answer = self.answer(request, &client)?;
                answer.iter().enumerate().try_for_each(|(at, byte)| {
                    if at < 300 {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    client.write_all(&[*byte])
                })
            }
            Trouble::Status(status) => {
                client.write_all(&written(&format!("{status} Trouble"), "{\"message\":\"trouble was asked for\"}\n"))
            }
            Trouble::FailsAfter => {
                self.answer(request, &client)?;
                client.write_all(&written("500 Trouble", "{\"message\":\"it was done all the same\"}\n"))
            }
        }
    }

    fn wait_for_healing(&self, longest: Option<Duration>) {
        let plot = self.plot();
        let before = plot.healed;
        let _plot = match longest {
            Some(longest) => {
                self.healing.wait_timeout_while(plot, longest, |plot| plot.healed == before).expect("no panic").0
            }
            None => self.healing.wait_while(plot, |plot| plot.healed == before).expect("no panic"),
        };
    }

    /// Sends the request on, and hears the answer to its end, whether or not its caller is still there.
    fn answer(&self, request: &Request, client: &UnixStream) -> std::io::Result<Vec<u8>> {
        let mut engine = self.send(request, client, false)?;
        let mut answer = Vec::new();
        match engine.read_to_end(&mut answer) {
            // An engine that dies while it answers has answered so far.
            Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error),
            _ => Ok(answer),
        }
    }

    /// Sends the request on; whatever else the client says follows it. `tells` says whether the engine sees it leave.
    fn send(&self, request: &Request, client: &UnixStream, tells: bool) -> std::io::Result<UnixStream> {
        let upstream = self.upstream.lock().expect("no panic").clone();
        let mut engine = UnixStream::connect(upstream)?;
        engine.write_all(&request.bytes)?;
        let (mut from, mut to) = (client.try_clone()?, engine.try_clone()?);
        let is_whole = request.is_whole;
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            if tells || !is_whole {
                let _ = to.shutdown(if tells { Shutdown::Both } else { Shutdown::Write });
            }
        });
        Ok(engine)
    }

    /// Hands everything on as it comes.
    fn pass(&self, request: &Request, mut client: UnixStream) -> std::io::Result<()> {
        let mut engine = self.send(request, &client, true)?;
        let passed = std::io::copy(&mut engine, &mut client);
        engine.shutdown(Shutdown::Both)?;
        passed.map(drop)
    }
}

fn written(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request as it came, but for the wish that its connection ends with the answer.
struct Request {
    bytes: Vec<u8>,
    method: String,
    path: String,
    body: Vec<u8>,
    /// Whether all of it is here.
    is_whole: bool,
}

impl Request {
    /// Reads a request; none where the client leaves before it is there.
    fn read(client: &mut UnixStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 8192];
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 2;
            }
            match client.read(&mut chunk) {
                Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
                _ => return None,
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut body = bytes.split_off(end + 2);
        let field = |name: &str| {
            head.lines()
                .skip(1)
                .filter_map(|line| line.split_once(':'))
                .find_map(|(found, value)| found.eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase()))
        };
        let length = field("content-length").and_then(|length| length.parse::<usize>().ok());
        let is_chunked = field("transfer-encoding").is_some();
        let upgrades = field("upgrade").is_some();
        if let Some(length) = length.filter(|length| *length <= LARGEST) {
            while body.len() < length {
                match client.read(&mut chunk) {
                    Ok(read) if read > 0 => body.extend_from_slice(&chunk[..read]),
                    _ => return None,
                }
            }
        }
        let mut words = head.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let path = target.split('?').next()?;
        let path = match path.split('/').nth(1) {
            Some(version) if version.starts_with("v1.") => path[version.len() + 1..].to_owned(),
            _ => path.to_owned(),
        };
        let close = if upgrades { "" } else { "Connection: close\r\n" };
        let kept = head
            .split_inclusive("\r\n")
            .filter(|line| upgrades || !line.to_ascii_lowercase().starts_with("connection:"));
        let bytes = [kept.collect::<String>().as_bytes(), close.as_bytes(), b"\r\n", &body].concat();
        let is_whole = !upgrades && !is_chunked && length.is_none_or(|length| length <= body.len());
        Some(Self { bytes, method, path, body, is_whole })
    }

    fn call(&self, number: usize) -> Call {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let labels = body["Labels"].as_object().cloned().unwrap_or_default();
        let labels = labels.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        Call { number, method: self.method.clone(), path: self.path.clone(), labels: labels.collect() }
    }
}
