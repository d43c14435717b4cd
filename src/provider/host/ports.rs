//! Ports of the host that somebody else has: which one, of which service, and who.

use crate::plain::plain;
use crate::provider::engine::{Engine, Labels};
use crate::provider::host::{Doing, labels};
use crate::provider::{Fault, FaultKind};
use crate::resource::{Port, Resource};

impl<E: Engine> Doing<'_, E> {
    /// The fault of a start in words of its own where it is about a port of the host.
    pub(super) async fn port_told(&self, fault: Fault) -> Fault {
        let Some(Resource::Service(service)) = self.order.change.after.as_ref() else { return fault };
        if fault.kind != FaultKind::Conflict {
            return fault;
        }
        let Some((port, number)) = service.ports.iter().find_map(|port| Some((port, named(port, &fault.message)?)))
        else {
            return fault;
        };
        let address = self.order.address();
        let place = port.host_ip.as_ref().map(|ip| format!(" of {ip}")).unwrap_or_default();
        let taken = format!("host port {number}{place}, which {address} wants, is taken by");
        let other = format!("give {address} another host port in `ports`");
        if let Some(name) = self.publisher(port).await {
            return Fault::new(FaultKind::Conflict, format!("{taken} the container `{name}`"))
                .help(format!("see whose it is and stop it: `docker stop {name}`; or {other}"));
        }
        let kind = if port.protocol.word() == "udp" { 'u' } else { 't' };
        Fault::new(FaultKind::Conflict, format!("{taken} a program of the engine's host"))
            .help(format!("see which: `ss -ln{kind}p 'sport = :{number}'`; stop it, or {other}"))
    }

    /// The name of the running container that publishes a port, where the engine can tell.
    async fn publisher(&self, wanted: &Port) -> Option<String> {
        let all = self.calls.containers(&Labels::new()).await.ok()?;
        let has = |port: &Port| port.host == wanted.host && port.protocol == wanted.protocol;
        let mut others =
            all.iter().filter(|live| live.status.is_up() && !labels::is_made_by(&live.labels, &self.order));
        others.find(|live| live.published.iter().any(has)).map(|live| plain(&live.name))
    }
}

/// The host's number of a port, where a message of the engine names it.
fn named(port: &Port, message: &str) -> Option<u16> {
    let number = port.host?;
    let digits = number.to_string();
    let is_whole = |(at, _): (usize, &str)| {
        let before = message[..at].chars().next_back();
        let after = message[at + digits.len()..].chars().next();
        matches!(before, Some(':' | ' ')) && !after.is_some_and(|c| c.is_ascii_alphanumeric())
    };
    message.match_indices(&digits).any(is_whole).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::named;
    use crate::resource::Port;

    #[test]
    fn finds_the_port_that_the_engine_means() {
        let port = |text: &str| text.parse::<Port>().expect("a port");
        for (message, wanted, found) in [
            ("Bind for 0.0.0.0:8080 failed: port is already allocated", "8080:80/tcp", Some(8080)),
            ("Bind for 0.0.0.0:8080 failed: port is already allocated", "80:80/tcp", None),
            ("Bind for 0.0.0.0:8080 failed: port is already allocated", "80/tcp", None),
            ("listen tcp4 127.0.0.1:80: bind: address already in use", "127.0.0.1:80:8080/tcp", Some(80)),
            ("failed to bind host port 0.0.0.0:53/udp: address already in use", "53:53/udp", Some(53)),
            ("Address already in use", "53:53/udp", None),
        ] {
            assert_eq!(named(&port(wanted), message), found, "{message}");
        }
    }
}
