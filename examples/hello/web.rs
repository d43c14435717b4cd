//! The program of the `hello` example: a tiny HTTP service that can also check its own health.
//!
//! It stands for any service of yours. `/` greets, says its version and repeats what the backend answers; `/healthz` says
//! whether it is well. An image made `FROM scratch` holds no shell and no `curl`, so `web health` asks `/healthz` itself.
//! It uses the standard library only. Signals are left to the container's init (`init = true` in deploy.toml).
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `PORT` | the port to listen on | `8080` |
//! | `GREETING` | the first word of the answer | `Hello` |
//! | `VERSION` | the version it names | `dev` |
//! | `BACKEND` | `host:port` of another service to ask | none |
//! | `HEALTHY` | `false` makes `/healthz` answer 503 | `true` |

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let port = setting("PORT", "8080");
    let result = match env::args().nth(1).as_deref() {
        None | Some("serve") => serve(&port),
        Some("health") => health(&port),
        Some(other) => Err(io::Error::other(format!("unknown word `{other}`; write `serve` or `health`"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("web: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(port: &str) -> io::Result<()> {
    let listener = TcpListener::bind(format!("0.0.0.0:{port}"))?;
    println!("listening on port {port}");
    for stream in listener.incoming().flatten() {
        thread::spawn(move || {
            if let Err(error) = answer(&stream) {
                eprintln!("web: {error}");
            }
        });
    }
    Ok(())
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream).lines();
    let Some(request) = lines.next().transpose()? else { return Ok(()) };
    // The headers say nothing that matters here, but have to be read before the connection is closed.
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/" => ("200 OK", greeting()),
        "/healthz" if setting("HEALTHY", "true") == "false" => ("503 Service Unavailable", "not well\n".to_owned()),
        "/healthz" => ("200 OK", "well\n".to_owned()),
        _ => ("404 Not Found", "nothing here\n".to_owned()),
    };
    println!("{request}: {status}");
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn greeting() -> String {
    let mut body = format!("{} from version {}\n", setting("GREETING", "Hello"), setting("VERSION", "dev"));
    if let Ok(backend) = env::var("BACKEND") {
        match get(&backend, "/") {
            Ok((status, answer)) => body.push_str(&format!("{backend} answered {status}: {answer}")),
            Err(error) => body.push_str(&format!("{backend} did not answer: {error}\n")),
        }
    }
    body
}

fn health(port: &str) -> io::Result<()> {
    match get(&format!("127.0.0.1:{port}"), "/healthz")? {
        (200, _) => Ok(()),
        (status, body) => Err(io::Error::other(format!("/healthz answered {status}: {}", body.trim_end()))),
    }
}

fn get(host: &str, path: &str) -> io::Result<(u16, String)> {
    let mut stream = connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    status.zip(body).ok_or_else(|| io::Error::other("the answer is no HTTP"))
}

/// Tries every address of the name: while a new container takes over, old and new share it.
fn connect(host: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name has no address");
    for address in host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
