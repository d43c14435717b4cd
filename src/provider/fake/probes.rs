//! The fake's answers to probes from outside.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;

use crate::provider::fake::container::FakeContainer;
use crate::provider::fake::{FakeEngine, READ};
use crate::provider::host::Probes;
use crate::provider::{Fault, FaultKind};

#[async_trait]
impl Probes for FakeEngine {
    async fn http(&self, addr: SocketAddr, _host: &str, _path: &str, deadline: Duration) -> Result<u16, Fault> {
        Ok(if self.answer(addr, deadline).await? { 200 } else { 503 })
    }

    async fn tcp(&self, addr: SocketAddr, deadline: Duration) -> Result<(), Fault> {
        if self.answer(addr, deadline).await? { Ok(()) } else { Err(refused(addr)) }
    }
}

impl FakeEngine {
    /// Whether what listens there is healthy.
    async fn answer(&self, addr: SocketAddr, deadline: Duration) -> Result<bool, Fault> {
        sleep(READ.min(deadline)).await;
        self.with(|world| {
            let listens = |container: &&FakeContainer| {
                let published = container.published().iter().any(|p| p.host == Some(addr.port()));
                let here = addr.ip().is_loopback() && published;
                container.runs(world.now) && (here || addr.ip() == IpAddr::V4(container.address()))
            };
            world.containers.iter().find(listens).map(|c| world.is_healthy(c)).ok_or_else(|| refused(addr))
        })
    }
}

fn refused(addr: SocketAddr) -> Fault {
    Fault::new(FaultKind::Unreachable, format!("{addr} refused the connection"))
}
