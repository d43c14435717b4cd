//! A port of the host that leads to a container: `127.0.0.1:8080:80/tcp`.

use std::net::IpAddr;

use crate::resource::{Port, Protocol};

const FORM: &str = "write `\"8080:80\"` (host first), `\"127.0.0.1:8080:80\"`, `\"53:53/udp\"` or `\"80\"`";

/// Reads a port.
pub(in crate::spec) fn parse(text: &str) -> Result<Port, String> {
    let (ports, protocol) = protocol(text)?;
    if ports.contains('-') {
        return Err("ranges are not supported: write each port".to_owned());
    }
    let wrong = || FORM.to_owned();
    let (before, container) = ports.rsplit_once(':').map_or((None, ports), |(before, last)| (Some(before), last));
    let container = number(container).ok_or_else(wrong)?;
    let Some(before) = before else { return Ok(Port { host_ip: None, host: None, container, protocol }) };
    let (ip, host) = before.rsplit_once(':').map_or((None, before), |(ip, host)| (Some(ip), host));
    let host = if host.is_empty() { None } else { Some(number(host).ok_or_else(wrong)?) };
    let host_ip = match ip {
        None => None,
        Some(ip) => {
            let bare = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
            let address: IpAddr =
                bare.parse().map_err(|_| format!("`{}` is no IP address; {FORM}", crate::plain::plain(ip)))?;
            Some(address.to_string())
        }
    };
    Ok(Port { host_ip, host, container, protocol })
}

/// The text before the protocol, and the protocol.
pub(super) fn protocol(text: &str) -> Result<(&str, Protocol), String> {
    match text.rsplit_once('/') {
        None => Ok((text, Protocol::Tcp)),
        Some((before, "tcp")) => Ok((before, Protocol::Tcp)),
        Some((before, "udp")) => Ok((before, Protocol::Udp)),
        Some(_) => Err("the protocol is `tcp` or `udp`".to_owned()),
    }
}

/// A port's number.
pub(super) fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::resource::Protocol;

    #[test]
    fn reads_every_form() {
        let read = |text| parse(text).map(|port| (port.host_ip, port.host, port.container, port.protocol));
        assert_eq!(read("80"), Ok((None, None, 80, Protocol::Tcp)));
        assert_eq!(read("8080:80"), Ok((None, Some(8080), 80, Protocol::Tcp)));
        assert_eq!(read("53:53/udp"), Ok((None, Some(53), 53, Protocol::Udp)));
        assert_eq!(read("127.0.0.1:8080:80"), Ok((Some("127.0.0.1".into()), Some(8080), 80, Protocol::Tcp)));
        assert_eq!(read("127.0.0.1::80"), Ok((Some("127.0.0.1".into()), None, 80, Protocol::Tcp)));
        assert_eq!(read("[::1]:8080:80"), Ok((Some("::1".into()), Some(8080), 80, Protocol::Tcp)));
        for wrong in ["", "x", "0:80", "80:", "70000:1", "1-2:1-2", "host:1:1", "80/sctp", "+1:80"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
