//! Probes from this machine: does a port accept a connection, does a path answer.
//!
//! Each is one try with one deadline. How often it is tried, and which answer is a good one, is left to `host` and to
//! the checks.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::plain::plain;
use crate::provider::{Fault, FaultKind};

/// Opens a connection and closes it again.
///
/// # Errors
/// `Unreachable` when nobody accepts, `Failed` when nobody answers within the deadline.
pub async fn tcp(address: SocketAddr, deadline: Duration) -> Result<(), Fault> {
    within(deadline, address, async { connect(address).await.map(drop) }).await
}

/// `GET path` with this `Host` header; returns the status of the answer. Redirects are not followed.
///
/// # Errors
/// `Unreachable` when nobody accepts, `Failed` when the answer is no HTTP or does not come within the deadline.
pub async fn http(address: SocketAddr, host: &str, path: &str, deadline: Duration) -> Result<u16, Fault> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("omni/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(&format!("cannot ask for `{}`: {error}", plain(path))))?;
    within(deadline, address, async {
        let stream = connect(address).await?;
        let broken = |error: hyper::Error| failed(&format!("cannot hear HTTP from {address}: {error}"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let answer = sender.send_request(request);
        // The connection is driven here and not by a task of its own, so that it ends with the deadline.
        let (answer, connection) = (std::pin::pin!(answer), std::pin::pin!(connection));
        let answer = match futures_util::future::select(answer, connection).await {
            futures_util::future::Either::Left((answer, _)) => answer,
            futures_util::future::Either::Right((_, answer)) => answer.await,
        };
        Ok(answer.map_err(broken)?.status().as_u16())
    })
    .await
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Fault> {
    let refused =
        |error: std::io::Error| Fault::new(FaultKind::Unreachable, format!("cannot connect to {address}: {error}"));
    TcpStream::connect(address).await.map_err(refused)
}

async fn within<T>(
    deadline: Duration,
    address: SocketAddr,
    trying: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let late = |_| Err(failed(&format!("cannot hear from {address} within {deadline:?}")));
    tokio::time::timeout(deadline, trying).await.unwrap_or_else(late)
}

fn failed(message: &str) -> Fault {
    Fault::new(FaultKind::Failed, message)
}

#[cfg(test)]
mod tests;
