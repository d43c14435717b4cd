use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{http, tcp};
use crate::provider::FaultKind;

const LONG: Duration = Duration::from_secs(10);

/// A server that gives one answer and returns what it was asked.
#[expect(clippy::disallowed_methods, reason = "the server of a test has to run beside it")]
async fn server(answer: &'static str) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut piece = [0; 1024];
            let read = stream.read(&mut piece).await.expect("a request");
            asked.extend_from_slice(&piece[..read]);
        }
        stream.write_all(answer.as_bytes()).await.expect("an answer");
        String::from_utf8(asked).expect("text")
    });
    (address, serving)
}

/// An address that nobody listens on.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address")
}

#[tokio::test]
async fn returns_the_status_and_sends_the_host() {
    for (answer, status) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200),
        ("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", 302),
        ("HTTP/1.1 503 Busy\r\n\r\nendless", 503),
        ("HTTP/1.0 204 No Content\r\n\r\n", 204),
    ] {
        let (address, serving) = server(answer).await;
        assert_eq!(http(address, "shop.local", "/healthz?deep=1", LONG).await.expect("an answer"), status);
        let asked = serving.await.expect("a request").to_ascii_lowercase();
        assert!(asked.starts_with("get /healthz?deep=1 http/1.1\r\n"), "{asked}");
        assert!(asked.contains("\r\nhost: shop.local\r\n"), "{asked}");
    }
}

#[tokio::test]
async fn tells_nobody_from_nonsense_from_silence() {
    let fault = http(nobody().await, "x", "/", LONG).await.expect_err("nobody");
    assert_eq!(fault.kind, FaultKind::Unreachable);
    let (address, _serving) = server("220 mail.example ESMTP\r\n").await;
    assert_eq!(http(address, "x", "/", LONG).await.expect_err("no HTTP").kind, FaultKind::Failed);
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let fault = http(address, "x", "/", Duration::from_millis(50)).await.expect_err("silence");
    assert_eq!(fault.kind, FaultKind::Failed);
    assert!(fault.message.contains("within 50ms"), "{}", fault.message);
    let fault = http(address, "x", "no path\n", LONG).await.expect_err("no path");
    assert_eq!(fault.kind, FaultKind::Failed);
}

#[tokio::test]
async fn knows_whether_a_port_is_open() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    tcp(listener.local_addr().expect("an address"), LONG).await.expect("a connection");
    assert_eq!(tcp(nobody().await, LONG).await.expect_err("nobody").kind, FaultKind::Unreachable);
}
