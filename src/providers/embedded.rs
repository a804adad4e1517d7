//! Sets that the program carries inside itself.
//!
//! They are fetched like any other: a server on a loopback port of this process serves them,
//! and everything that follows is the same as for a host on the other side of the world.

use std::collections::BTreeMap;

use crate::net::loopback::Loopback;
use crate::plan::{HttpRequest, Location};

use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError};

/// A carried set.
#[derive(Debug, Clone)]
pub struct EmbeddedSet {
    /// Which one.
    pub set: String,
}

/// The running server of this process.
pub struct EmbeddedServer(Loopback);

/// The files of the demonstration set (made by `examples/make_demo.rs`).
const FILES: [(&str, &[u8]); 4] = [
    ("demo/README.txt", include_bytes!("../../catalog/demo/README.txt")),
    ("demo/demo-images.zip", include_bytes!("../../catalog/demo/demo-images.zip")),
    ("demo/demo-texts.tar.gz", include_bytes!("../../catalog/demo/demo-texts.tar.gz")),
    ("demo/labels.csv", include_bytes!("../../catalog/demo/labels.csv")),
];

impl Provider for EmbeddedSet {
    async fn list(&self, _hosts: &Hosts, known: Listing, _extent: Extent) -> Result<Listing, ProviderError> {
        for file in &known.0 {
            self.carried(file)?;
        }
        Ok(known)
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        self.carried(file)?;
        let start = || async {
            let files: BTreeMap<String, &'static [u8]> =
                FILES.iter().map(|(name, bytes)| ((*name).to_owned(), *bytes)).collect();
            Loopback::serve(files).await.map(EmbeddedServer)
        };
        let server = hosts.embedded.get_or_try_init(start).await.map_err(ProviderError::Loopback)?;
        let mut segments = vec![self.set.as_str()];
        segments.extend(file.path.names());
        Ok(Location::Http(HttpRequest::get(server.0.base().at(&segments))))
    }
}

impl EmbeddedSet {
    fn carried(&self, file: &ListedFile) -> Result<(), ProviderError> {
        let name = format!("{}/{}", self.set, file.path);
        let carried = FILES.iter().any(|(one, _)| *one == name);
        if carried { Ok(()) } else { Err(ProviderError::NotCarried { path: file.path.clone() }) }
    }
}
