//! The layers between a dump and its file: packed, encrypted, hashed; and the same way back.
//!
//! They are made of plain readers and writers, which run on a thread of their own; `stream` brings bytes there and
//! fetches them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use flate2::Compression as Level;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::fingerprint::Fingerprint;
use crate::provider::backup::keys::recipients;
use crate::provider::backup::{Compression, Keys, Manifest};
use crate::provider::{Fault, FaultKind};

const BUFFER: usize = 256 << 10;

/// What a backup became on its way into the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) size: u64,
    pub(super) sha256: Fingerprint,
}

/// The way into a file.
pub(super) enum Folding {
    Inside(Sealing),
    Gzip(GzEncoder<Sealing>),
}

/// A file that may be encrypted.
pub(super) enum Sealing {
    Open(Hashing),
    Sealed(StreamWriter<Hashing>),
}

/// A file whose bytes are counted and hashed.
pub(super) struct Hashing {
    file: BufWriter<File>,
    hash: Sha256,
    size: u64,
}

impl Folding {
    /// The way into this file, which is empty.
    pub(super) fn new(file: File, compression: Compression, to: &BTreeSet<String>) -> Result<Self, Fault> {
        let hashing = Hashing { file: BufWriter::with_capacity(BUFFER, file), hash: Sha256::new(), size: 0 };
        let recipients = recipients(to)?;
        let sealing = if recipients.is_empty() {
            Sealing::Open(hashing)
        } else {
            let all = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
            let failed = |why: String| Fault::new(FaultKind::Failed, format!("encrypting: {why}"));
            let encryptor = age::Encryptor::with_recipients(all).map_err(|error| failed(error.to_string()))?;
            Sealing::Sealed(encryptor.wrap_output(hashing).map_err(|error| failed(error.to_string()))?)
        };
        Ok(match compression {
            Compression::Inside => Self::Inside(sealing),
            Compression::Gzip => Self::Gzip(GzEncoder::new(sealing, Level::default())),
        })
    }

    /// Ends every layer, and waits until all of it is on disk.
    pub(super) fn finish(self) -> io::Result<Stored> {
        let sealing = match self {
            Self::Inside(sealing) => sealing,
            Self::Gzip(gzip) => gzip.finish()?,
        };
        let hashing = match sealing {
            Sealing::Open(hashing) => hashing,
            Sealing::Sealed(sealed) => sealed.finish()?,
        };
        let file = hashing.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(Stored { size: hashing.size, sha256: Fingerprint::of_hash(hashing.hash.finalize().into()) })
    }
}

impl Write for Folding {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Inside(sealing) => sealing.write(bytes),
            Self::Gzip(gzip) => gzip.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(hashing) => hashing.write(bytes),
            Self::Sealed(sealed) => sealed.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The way out of a file. What comes out is as it was put in, where the file's hash is: that is looked at before.
pub(super) enum Unfolding {
    Inside(Unsealing),
    Gzip(Box<GzDecoder<BufReader<Unsealing>>>),
}

/// A file that may be encrypted.
pub(super) enum Unsealing {
    Open(BufReader<File>),
    Sealed(Box<StreamReader<BufReader<File>>>),
}

impl Unfolding {
    /// The way out of this file of a manifest; why it cannot be opened otherwise.
    pub(super) fn new(file: File, manifest: &Manifest, keys: &Keys) -> Result<Self, String> {
        let file = BufReader::with_capacity(BUFFER, file);
        let unsealing = if manifest.recipients.is_empty() {
            Unsealing::Open(file)
        } else {
            let decryptor = age::Decryptor::new_buffered(file).map_err(|error| error.to_string())?;
            let reader = decryptor.decrypt(keys.identities()).map_err(|error| error.to_string())?;
            Unsealing::Sealed(Box::new(reader))
        };
        Ok(match manifest.compression {
            Compression::Inside => Self::Inside(unsealing),
            Compression::Gzip => Self::Gzip(Box::new(GzDecoder::new(BufReader::with_capacity(BUFFER, unsealing)))),
        })
    }
}

/// The size and the hash of a file.
pub(super) fn stored(mut file: File) -> io::Result<Stored> {
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Stored { size, sha256: Fingerprint::of_hash(hash.finalize().into()) }),
            read => {
                hash.update(&buffer[..read]);
                size += read as u64;
            }
        }
    }
}

impl Read for Unfolding {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Inside(unsealing) => unsealing.read(into),
            Self::Gzip(gzip) => gzip.read(into),
        }
    }
}

impl Read for Unsealing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(file) => file.read(into),
            Self::Sealed(sealed) => sealed.read(into),
        }
    }
}
