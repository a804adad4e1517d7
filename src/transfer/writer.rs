//! Large writes behind small pieces.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::fs::FsError;

use super::part::Part;

/// Gathers pieces into large writes on a blocking thread, one behind the other, while the next
/// bytes arrive.
pub(super) struct Writer {
    part: Arc<Part>,
    generation: u64,
    offset: u64,
    buffer: Vec<u8>,
    /// The buffer of the write before, to be filled next: two are enough for a connection.
    spare: Vec<u8>,
    pending: Option<JoinHandle<Written>>,
}

/// The buffer of a write that is over, and how many bytes it brought that were not held.
type Written = Result<(Vec<u8>, u64), FsError>;

/// Bytes gathered before a write.
const GATHER: usize = 512 << 10;

impl Writer {
    /// Writes from `offset` on.
    pub fn new(part: Arc<Part>, generation: u64, offset: u64) -> Self {
        Self { part, generation, offset, buffer: Vec::new(), spare: Vec::new(), pending: None }
    }

    /// Takes a piece. Gives how many bytes were written meanwhile that were not held before.
    pub async fn push(&mut self, piece: &[u8]) -> Result<u64, FsError> {
        if self.buffer.capacity() == 0 {
            self.buffer.reserve(GATHER + (64 << 10));
        }
        self.buffer.extend_from_slice(piece);
        if self.buffer.len() < GATHER { Ok(0) } else { self.hand_over().await }
    }

    /// Writes what is left. Gives how many such bytes were written since the last call.
    pub async fn finish(mut self) -> Result<u64, FsError> {
        let before = self.hand_over().await?;
        Ok(before + self.settle().await?)
    }

    async fn hand_over(&mut self) -> Result<u64, FsError> {
        let written = self.settle().await?;
        if self.buffer.is_empty() {
            return Ok(written);
        }
        let bytes = std::mem::replace(&mut self.buffer, std::mem::take(&mut self.spare));
        let (part, offset, generation) = (self.part.clone(), self.offset, self.generation);
        self.offset += bytes.len() as u64;
        self.pending = Some(tokio::task::spawn_blocking(move || {
            let new = part.write(offset, &bytes, generation)?;
            Ok((bytes, new))
        }));
        Ok(written)
    }

    async fn settle(&mut self) -> Result<u64, FsError> {
        let Some(pending) = self.pending.take() else { return Ok(0) };
        match pending.await {
            Ok(written) => {
                let (mut bytes, new) = written?;
                bytes.clear();
                self.spare = bytes;
                Ok(new)
            }
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Ok(0),
        }
    }
}
