//! A port that other containers may use: `3000/tcp`.

use super::port;

/// Reads a port and returns it with its protocol.
pub(in crate::spec) fn parse(text: &str) -> Result<String, String> {
    let (number, protocol) = port::protocol(text)?;
    let number =
        port::number(number).ok_or("write `\"3000\"` or `\"3000/udp\"`; ports of the host belong into `ports`")?;
    Ok(format!("{number}/{}", protocol.word()))
}
