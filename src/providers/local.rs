//! Files that a person already has.
//!
//! `import` recognised each as a file of the release; here they are located like any other,
//! so that what follows is the same verification and layout.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::plan::Location;
use crate::values::RelPath;

use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError};

/// Recognised files by their path at the publisher.
#[derive(Debug, Clone, Default)]
pub struct LocalFiles {
    /// Where each is on this machine.
    pub files: BTreeMap<RelPath, PathBuf>,
}

impl Provider for LocalFiles {
    async fn list(&self, _hosts: &Hosts, known: Listing, _extent: Extent) -> Result<Listing, ProviderError> {
        Ok(known)
    }

    async fn locate(&self, _hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        self.files.get(&file.path).cloned().map(Location::Local).ok_or_else(missing)
    }
}
