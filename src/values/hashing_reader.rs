//! Bytes that are hashed while they are read.

use std::io::{self, Read};

use super::{Algorithm, Digest, Digester};

/// A reader that knows the SHA-256 of all that was read through it.
pub struct HashingReader<R> {
    inner: R,
    digester: Digester,
}

impl<R: Read> HashingReader<R> {
    /// Begins before the first byte.
    pub fn sha256(inner: R) -> Self {
        Self { inner, digester: Digester::new(Algorithm::Sha256, None) }
    }

    /// The digest of what was read until now.
    pub fn finish(self) -> Digest {
        self.digester.finish()
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.digester.update(&buffer[..read]);
        Ok(read)
    }
}
