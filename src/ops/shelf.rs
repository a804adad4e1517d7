//! Large files that lists are made of, kept by their digest: `<data_dir>/.medsets-store/listings`.
//!
//! The index of a host may have tens of megabytes and serve many datasets. It is kept under the
//! SHA-256 that the entry pins, and compared with it whenever it is used. Nothing depends on
//! it: what is missing, damaged or cannot be written is had from the host again.

use std::path::PathBuf;
use std::sync::Arc;

use crate::context::Context;
use crate::fs;
use crate::layout::Store;
use crate::providers::Shelf;
use crate::values::{Algorithm, Digest};

/// The folder; none where there is no data folder.
struct Kept(Option<PathBuf>);

/// The shelf of the person's data folder.
pub(super) fn of(context: &Context) -> Arc<dyn Shelf> {
    Arc::new(Kept(context.data_dir().ok().map(|dir| Store::of(&dir).listings())))
}

impl Kept {
    fn path(&self, digest: &Digest) -> Option<PathBuf> {
        let name = (digest.algorithm() == Algorithm::Sha256).then(|| digest.hex())?;
        Some(self.0.as_ref()?.join(name))
    }
}

impl Shelf for Kept {
    fn take(&self, digest: &Digest) -> Option<Vec<u8>> {
        let bytes = fs::read(&self.path(digest)?, LARGEST).ok()?;
        (Digest::sha256(&bytes) == *digest).then_some(bytes)
    }

    fn keep(&self, digest: &Digest, bytes: &[u8]) {
        let Some(path) = self.path(digest) else { return };
        if let Err(error) = fs::replace_unsynced(&path, bytes, fs::Access::Private) {
            tracing::debug!(%error, "not kept");
        }
    }
}

const LARGEST: u64 = 1 << 30;
