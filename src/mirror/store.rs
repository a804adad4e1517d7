//! The objects of a mirror.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::net::settings::Clock;
use crate::net::{HttpRequest, RequestCredential, SameVersion};
use crate::plan::Location;
use crate::values::{ByteSize, SafeUrl};

use super::address::MirrorUrl;
use super::error::MirrorError;
use super::meaning::meaning;

pub use super::upload::Outgoing;

/// The objects of a mirror. Cheap to clone; asks of the network what each call says.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) inner: Arc<dyn ObjectStore>,
    pub(super) url: MirrorUrl,
    pub(super) prefix: Path,
    pub(super) reading: Reading,
    /// The address of the bucket or container, after rewriting.
    pub(super) base: Option<SafeUrl>,
    pub(super) clock: Clock,
}

/// How the bytes of large objects are read.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// From a folder.
    Folder(PathBuf),
    /// By addresses that are signed for a while.
    Signed(Arc<dyn Signer>),
    /// With a credential beside the request.
    With(RequestCredential),
    /// As everybody may.
    Open,
}

impl Store {
    /// The mirror's address.
    pub fn url(&self) -> &MirrorUrl {
        &self.url
    }

    /// Whether somebody in particular asks.
    pub fn knows_who(&self) -> bool {
        !matches!(self.reading, Reading::Open)
    }

    /// The size of an object; `None` where there is none.
    pub async fn size_of(&self, name: &str) -> Result<Option<ByteSize>, MirrorError> {
        match self.inner.head(&self.path(name)).await {
            Ok(found) => Ok(Some(ByteSize(found.size))),
            Err(error) => match meaning(&self.url, name, &error) {
                // Whoever may not list is told 403 of what is not there, and cannot know.
                MirrorError::Lacks { .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    /// A small object.
    ///
    /// # Errors
    /// [`MirrorError::Lacks`] where there is none, [`MirrorError::Record`] where it is larger
    /// than `limit`.
    pub async fn read(&self, name: &str, limit: ByteSize) -> Result<Bytes, MirrorError> {
        let failed = |error: object_store::Error| meaning(&self.url, name, &error);
        let path = self.path(name);
        let size = self.inner.head(&path).await.map_err(failed)?.size;
        if size > limit.0 {
            let reason = format!("it is larger than {limit}");
            return Err(MirrorError::Record { mirror: self.url.clone(), name: name.to_owned(), reason });
        }
        self.inner.get(&path).await.map_err(failed)?.bytes().await.map_err(failed)
    }

    /// Some bytes of an object.
    pub async fn read_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, MirrorError> {
        let bytes = self.inner.get_range(&self.path(name), range).await;
        bytes.map_err(|error| meaning(&self.url, name, &error))
    }

    /// Writes a small object in one step; what is there is replaced.
    pub async fn write(&self, name: &str, bytes: impl Into<Bytes>) -> Result<(), MirrorError> {
        let bytes: Bytes = bytes.into();
        let written = self.inner.put(&self.path(name), bytes.into()).await;
        written.map(|_| ()).map_err(|error| meaning(&self.url, name, &error))
    }

    /// The names of what is directly below a prefix that others continue: of folders, where the
    /// store has such.
    pub async fn below(&self, prefix: &str) -> Result<Vec<String>, MirrorError> {
        let found = self.inner.list_with_delimiter(Some(&self.path(prefix))).await;
        let found = found.map_err(|error| meaning(&self.url, prefix, &error))?;
        let name = |path: Path| path.filename().map(str::to_owned);
        Ok(found.common_prefixes.into_iter().filter_map(name).collect())
    }

    /// Where the bytes of an object are, valid for an hour. Does not ask whether it is there.
    pub async fn locate(&self, name: &str) -> Result<Location, MirrorError> {
        let path = self.path(name);
        let plain = || self.base.as_ref().map(|base| base.at(&path.as_ref().split('/').collect::<Vec<_>>()));
        let request = |url: SafeUrl| HttpRequest { same_version: SameVersion::IfMatch, ..HttpRequest::get(url) };
        let no_address =
            || MirrorError::Answer { mirror: self.url.clone(), name: name.to_owned(), reason: "no address".to_owned() };
        Ok(match &self.reading {
            Reading::Folder(folder) => Location::Local(folder.join(path.as_ref())),
            Reading::Open => Location::Http(request(plain().ok_or_else(no_address)?)),
            Reading::With(credential) => {
                Location::Http(request(plain().ok_or_else(no_address)?).with_credential(credential.clone()))
            }
            Reading::Signed(signer) => {
                let signed = signer.signed_url(hyper::Method::GET, &path, LASTS).await;
                let signed = signed.map_err(|error| meaning(&self.url, name, &error))?;
                let url = SafeUrl::from_url(signed).ok_or_else(no_address)?;
                let expires = self.clock.now() + LASTS;
                Location::Http(HttpRequest { expires: Some(expires), known_as: plain(), ..request(url) })
            }
        })
    }

    pub(super) fn path(&self, name: &str) -> Path {
        name.split('/').filter(|part| !part.is_empty()).fold(self.prefix.clone(), Path::join)
    }
}

/// How long a signed address lasts.
const LASTS: Duration = Duration::from_secs(3600);
