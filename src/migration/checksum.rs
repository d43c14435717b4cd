//! Checksums as the tools compute and write them.

use crc::{CRC_32_ISO_HDLC, Crc};
use sha2::{Digest, Sha256, Sha384};

use crate::fingerprint::Fingerprint;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// SHA-256 in lower-case hexadecimal digits.
pub(in crate::migration) fn sha256(bytes: &[u8]) -> String {
    Fingerprint::of_bytes(bytes).to_string()
}

/// SHA-256 as old versions of Prisma wrote it: a byte below 16 has one digit.
pub(in crate::migration) fn sha256_unpadded(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:x}")).collect::<Vec<_>>().concat()
}

/// SHA-384 in lower-case hexadecimal digits.
pub(in crate::migration) fn sha384(bytes: &[u8]) -> String {
    Sha384::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// CRC-32 over the lines of a text without their ends and without a byte order mark, as a signed number: Flyway's.
pub(in crate::migration) fn crc32_of_lines(text: &str) -> String {
    let mut digest = CRC.digest();
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).split(['\n', '\r']) {
        digest.update(line.as_bytes());
    }
    digest.finalize().cast_signed().to_string()
}

/// CRC-32 of bytes, of which tools make the numbers of their locks.
pub(in crate::migration) fn crc32(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}
