//! Where a reader can open what was applied: the ports of the host that lead to services.

use crate::plan::Plan;
use crate::report::words;
use crate::resource::{Port, Protocol, Resource};

/// Container ports whose protocol is known and is not HTTP: a browser is of no use there.
const NOT_HTTP: [u16; 10] = [22, 25, 1433, 1883, 3306, 5432, 5672, 6379, 9092, 27017];

/// One line for each port that people can reach, in order of the services.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let services = plan.after().into_iter().filter_map(|(address, resource)| match resource {
        Resource::Service(service) => Some((address, service)),
        _ => None,
    });
    let ports = services.flat_map(|(address, service)| service.ports.iter().map(move |port| (address, port)));
    ports.filter_map(|(address, port)| Some(format!("  open {}   {}", url(port)?, words::name(address)))).collect()
}

fn url(port: &Port) -> Option<String> {
    let host = match port.host_ip.as_deref() {
        None | Some("" | "0.0.0.0" | "127.0.0.1" | "::" | "::1") => "localhost".to_owned(),
        Some(ip) if ip.contains(':') => format!("[{}]", crate::plain::plain(ip)),
        Some(ip) => crate::plain::plain(ip),
    };
    let number = port.host.filter(|_| port.protocol == Protocol::Tcp)?;
    Some(match (port.container, number) {
        (443 | 8443, 443) => format!("https://{host}"),
        (443 | 8443, number) => format!("https://{host}:{number}"),
        (inner, number) if NOT_HTTP.contains(&inner) => format!("{host}:{number}"),
        (_, 80) => format!("http://{host}"),
        (_, number) => format!("http://{host}:{number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::url;
    use crate::resource::{Port, Protocol};

    #[test]
    fn says_what_a_browser_can_open() {
        for (ip, host, container, expected) in [
            (None, Some(8080), 80, Some("http://localhost:8080")),
            (Some("0.0.0.0"), Some(80), 3000, Some("http://localhost")),
            (Some("10.0.0.5"), Some(8443), 443, Some("https://10.0.0.5:8443")),
            (Some("fe80::1"), Some(8080), 80, Some("http://[fe80::1]:8080")),
            (Some("127.0.0.1"), Some(5432), 5432, Some("localhost:5432")),
            (None, None, 80, None),
        ] {
            let port = Port { host_ip: ip.map(str::to_owned), host, container, protocol: Protocol::Tcp };
            assert_eq!(url(&port).as_deref(), expected);
        }
    }
}
