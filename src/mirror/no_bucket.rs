//! The place of the objects in a build without the feature `cloud`: no mirror can be opened.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::events::Cancel;
use crate::net::Client;
use crate::plan::Location;
use crate::values::ByteSize;

use super::address::MirrorUrl;
use super::error::MirrorError;
use super::keys::Surroundings;
use super::outgoing::{Leftovers, Outgoing};

/// There is none.
#[derive(Debug, Clone)]
pub enum Bucket {}

#[allow(missing_docs, clippy::unused_async, reason = "as in `bucket.rs`; none of it is ever called")]
impl Bucket {
    pub fn open(url: &MirrorUrl, _: &Surroundings, _: &Client) -> Result<Self, MirrorError> {
        Err(MirrorError::NotBuilt(url.clone()))
    }

    pub fn url(&self) -> &MirrorUrl {
        match *self {}
    }

    pub fn knows_who(&self) -> bool {
        match *self {}
    }

    pub async fn size_of(&self, _: &str) -> Result<Option<ByteSize>, MirrorError> {
        match *self {}
    }

    pub async fn read(&self, _: &str, _: ByteSize) -> Result<Bytes, MirrorError> {
        match *self {}
    }

    pub async fn read_range(&self, _: &str, _: Range<u64>) -> Result<Bytes, MirrorError> {
        match *self {}
    }

    pub async fn write(&self, _: &str, _: impl Into<Bytes>) -> Result<(), MirrorError> {
        match *self {}
    }

    pub async fn below(&self, _: &str) -> Result<Vec<String>, MirrorError> {
        match *self {}
    }

    pub async fn locate(&self, _: &str) -> Result<Location, MirrorError> {
        match *self {}
    }

    pub async fn leftovers(&self, _: Timestamp, _: bool) -> Result<Leftovers, MirrorError> {
        match *self {}
    }

    pub async fn send(
        &self,
        _: &Outgoing,
        _: &Arc<Semaphore>,
        _: &Cancel,
        _: impl Fn(ByteSize),
    ) -> Result<(), MirrorError> {
        match *self {}
    }
}
