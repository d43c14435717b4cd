//! Random bytes: lineages, keys, names that nobody else has.

use std::fmt::Write as _;
use std::io;

/// So many random bytes, as hexadecimal digits.
pub(super) fn random_hex<const N: usize>() -> io::Result<String> {
    Ok(random(N)?.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// So many random bytes.
pub(super) fn random(count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}
