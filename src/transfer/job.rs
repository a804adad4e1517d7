//! What is wanted, and what became of it.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::fs::Access;
use crate::net::NetError;
use crate::plan::Location;
use crate::values::{ByteSize, DatasetId, Digest, RelPath, SafeUrl};

use super::error::TransferError;

/// Answers where the bytes of one file are: when the download starts, and again when the
/// answer has expired.
pub trait Locate: Send + Sync {
    /// Where the bytes are now.
    fn locate(&self) -> BoxFuture<'_, Result<Location, LocateError>>;

    /// The name of the mirror, for what comes from none of the publisher's places.
    fn mirror(&self) -> Option<String> {
        None
    }

    /// What a refusal of the host means, where more can be said than its plain words.
    fn explain<'a>(&'a self, _error: &'a NetError) -> BoxFuture<'a, Option<LocateError>> {
        Box::pin(std::future::ready(None))
    }

    /// What a web page in the place of the file means, where more can be said.
    fn explain_page(&self, _title: Option<&str>) -> Option<LocateError> {
        None
    }
}

/// Nobody can say where a file is.
#[derive(Debug, Clone)]
pub struct LocateError {
    /// What the network or the host said, where it was asked.
    pub net: Option<crate::net::NetError>,
    /// Exit code of the failure.
    pub exit: u8,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// One file to be had.
pub struct Job {
    /// The dataset that it belongs to, for warnings and remedies.
    pub dataset: DatasetId,
    /// Its path at the publisher, for events and errors.
    pub file: RelPath,
    /// Where it goes when it is finished. What is there is replaced.
    pub target: PathBuf,
    /// Where it grows.
    pub part: PathBuf,
    /// Who may read it.
    pub access: Access,
    /// What is known of it beforehand.
    pub expected: Expected,
    /// Ways to it, tried in order.
    pub ways: Vec<Arc<dyn Locate>>,
}

impl Job {
    /// The same job for a zip around the file, of which nothing is known beforehand.
    pub(super) fn for_wrapping(&self) -> Self {
        Self {
            dataset: self.dataset.clone(),
            file: self.file.clone(),
            target: self.target.clone(),
            part: self.part.clone(),
            access: self.access,
            expected: Expected::default(),
            ways: Vec::new(),
        }
    }
}

/// What is known of a file beforehand.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Exact size.
    pub size: Option<ByteSize>,
    /// Digests; all of them must match.
    pub digests: Vec<Digest>,
    /// Whether the person takes it as it comes, empty too. Nothing else is known of it then.
    pub as_it_comes: bool,
}

/// What became of a job.
pub struct Outcome {
    /// The job's file.
    pub file: RelPath,
    /// The file as received, or why not.
    pub result: Result<Done, TransferError>,
}

/// A finished file.
#[derive(Debug, Clone)]
pub struct Done {
    /// Its size.
    pub size: ByteSize,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// What proved it.
    pub verified: Verified,
    /// Digests that the host sent along with it, with which it was compared too.
    pub stated: Vec<Digest>,
    /// Where it was asked for, before redirects.
    pub url: Option<SafeUrl>,
    /// Bytes that came over the network in this run.
    pub downloaded: ByteSize,
    /// Whether these are the bytes of a zip around the file, of which only what the host said
    /// along with it was proven.
    pub wrapped: bool,
}

/// What proved a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// Digests known beforehand.
    Known,
    /// A digest that the host sent with it.
    Header,
    /// Its size alone.
    Size,
    /// Nothing.
    Nothing,
}
