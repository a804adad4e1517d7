//! The objects of a mirror, in a bucket, a container or a folder.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::net::settings::Clock;
use crate::net::{CursorError, Cursors, HttpRequest, ListLimit, RequestCredential, SameVersion};
use crate::plan::Location;
use crate::values::{ByteSize, SafeUrl};

use super::address::MirrorUrl;
use super::error::MirrorError;
use super::folder::Folder;
use super::meaning::meaning;
use super::outgoing::Leftovers;

/// The objects of a mirror. Cheap to clone; asks of the network what each call says.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(super) url: MirrorUrl,
    pub(super) kind: Kind,
}

/// Where objects are.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// In a folder.
    Folder(Folder),
    /// In a bucket or container.
    Objects(Objects),
}

/// A bucket or container.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    pub(super) inner: Arc<dyn Store>,
    pub(super) prefix: Path,
    pub(super) reading: Reading,
    /// The address of the bucket or container, after rewriting.
    pub(super) base: SafeUrl,
    pub(super) clock: Clock,
}

/// What every store can do that is used here.
pub(super) trait Store: ObjectStore + PaginatedListStore {}

impl<S: ObjectStore + PaginatedListStore> Store for S {}

/// How the bytes of large objects are read.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// By addresses that are signed for a while.
    Signed(Arc<dyn Signer>),
    /// With a credential beside the request.
    With(RequestCredential),
    /// As everybody may.
    Open,
}

impl Bucket {
    /// The mirror's address.
    pub fn url(&self) -> &MirrorUrl {
        &self.url
    }

    /// Whether somebody in particular asks.
    pub fn knows_who(&self) -> bool {
        !matches!(&self.kind, Kind::Objects(Objects { reading: Reading::Open, .. }))
    }

    /// The size of an object; `None` where there is none, or in a folder no file.
    ///
    /// # Errors
    /// [`MirrorError::NotPermitted`] also where whoever asks may not list: they cannot know.
    pub async fn size_of(&self, name: &str) -> Result<Option<ByteSize>, MirrorError> {
        let objects = match &self.kind {
            Kind::Folder(folder) => return in_folder(folder, name, Folder::size_of).await,
            Kind::Objects(objects) => objects,
        };
        match objects.inner.head(&objects.path(name)).await {
            Ok(found) => Ok(Some(ByteSize(found.size))),
            Err(error) => match meaning(&self.url, name, &error) {
                MirrorError::Lacks { .. } => Ok(None),
                error => Err(error),
            },
        }
    }

    /// A small object.
    ///
    /// # Errors
    /// [`MirrorError::Lacks`] where there is none, [`MirrorError::Record`] where it is larger
    /// than `limit`, whatever the store says of it.
    pub async fn read(&self, name: &str, limit: ByteSize) -> Result<Bytes, MirrorError> {
        let objects = match &self.kind {
            Kind::Folder(folder) => return in_folder(folder, name, move |folder, name| folder.read(name, limit)).await,
            Kind::Objects(objects) => objects,
        };
        let failed = |error: object_store::Error| meaning(&self.url, name, &error);
        let found = objects.inner.get(&objects.path(name)).await.map_err(failed)?;
        let (mut bytes, mut stream) = (Vec::new(), found.into_stream());
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece.map_err(failed)?);
            if bytes.len() as u64 > limit.0 {
                let reason = format!("it is larger than {limit}");
                return Err(MirrorError::Record { mirror: self.url.clone(), name: name.to_owned(), reason });
            }
        }
        Ok(bytes.into())
    }

    /// Some bytes of an object.
    pub async fn read_range(&self, name: &str, range: Range<u64>) -> Result<Bytes, MirrorError> {
        match &self.kind {
            Kind::Folder(folder) => in_folder(folder, name, move |folder, name| folder.read_range(name, &range)).await,
            Kind::Objects(objects) => {
                let bytes = objects.inner.get_range(&objects.path(name), range).await;
                bytes.map_err(|error| meaning(&self.url, name, &error))
            }
        }
    }

    /// Writes a small object in one step; what is there is replaced.
    pub async fn write(&self, name: &str, bytes: impl Into<Bytes>) -> Result<(), MirrorError> {
        let bytes: Bytes = bytes.into();
        match &self.kind {
            Kind::Folder(folder) => in_folder(folder, name, move |folder, name| folder.write(name, &bytes)).await,
            Kind::Objects(objects) => {
                let written = objects.inner.put(&objects.path(name), bytes.into()).await;
                written.map(|_| ()).map_err(|error| meaning(&self.url, name, &error))
            }
        }
    }

    /// The names of what is directly below a prefix that others continue: of folders, where the
    /// store has such.
    pub async fn below(&self, prefix: &str) -> Result<Vec<String>, MirrorError> {
        let objects = match &self.kind {
            Kind::Folder(folder) => return in_folder(folder, prefix, Folder::below).await,
            Kind::Objects(objects) => objects,
        };
        let endless =
            |reason: String| MirrorError::Answer { mirror: self.url.clone(), name: prefix.to_owned(), reason };
        match tokio::time::timeout(LISTS, objects.below(prefix)).await {
            Ok(Ok(names)) => Ok(names),
            Ok(Err(Unlisted::Endless(error))) => Err(endless(error.to_string())),
            Ok(Err(Unlisted::Store(error))) => Err(meaning(&self.url, prefix, &error)),
            Err(_) => Err(endless(format!("its list has no end after {} s", LISTS.as_secs()))),
        }
    }

    /// Where the bytes of an object are, valid for an hour. Asks whether it is there only in a
    /// folder.
    pub async fn locate(&self, name: &str) -> Result<Location, MirrorError> {
        match &self.kind {
            Kind::Folder(folder) => in_folder(folder, name, Folder::locate).await.map(Location::Local),
            Kind::Objects(objects) => objects.locate(&self.url, name).await,
        }
    }

    /// What killed uploads left in a folder that nobody has written to since then, removed where
    /// it is to be swept. Of a bucket only its own rules know.
    pub async fn leftovers(&self, since: Timestamp, sweep: bool) -> Result<Leftovers, MirrorError> {
        match &self.kind {
            Kind::Folder(folder) => {
                in_folder(folder, "uploads", move |folder, _| Ok(folder.leftovers(since, sweep)?)).await
            }
            Kind::Objects(_) => Ok(Leftovers::default()),
        }
    }
}

impl Objects {
    /// The names of what is directly below a prefix that others continue.
    async fn below(&self, prefix: &str) -> Result<Vec<String>, Unlisted> {
        let prefix = format!("{}/", self.path(prefix));
        let mut cursors = Cursors::new(ListLimit { entries: MOST, ..ListLimit::default() });
        let (mut names, mut page_token) = (BTreeSet::new(), None);
        loop {
            let delimiter = Some("/".into());
            let asked = PaginatedListOptions { delimiter, page_token, ..PaginatedListOptions::default() };
            let page = self.inner.list_paginated(Some(&prefix), asked).await?;
            for name in page.result.common_prefixes.iter().filter_map(Path::filename) {
                cursors.hold(name.len())?;
                names.insert(name.to_owned());
            }
            // They are no names, and count all the same.
            page.result.objects.iter().try_for_each(|_| cursors.hold(0))?;
            let Some(next) = page.page_token.filter(|token| !token.is_empty()) else {
                return Ok(names.into_iter().collect());
            };
            cursors.step(&next)?;
            page_token = Some(next);
        }
    }

    async fn locate(&self, url: &MirrorUrl, name: &str) -> Result<Location, MirrorError> {
        let path = self.path(name);
        let plain = self.base.at(&path.as_ref().split('/').collect::<Vec<_>>());
        let request = |url: SafeUrl| HttpRequest { same_version: SameVersion::IfMatch, ..HttpRequest::get(url) };
        Ok(Location::Http(match &self.reading {
            Reading::Open => request(plain),
            Reading::With(credential) => request(plain).with_credential(credential.clone()),
            Reading::Signed(signer) => {
                let signed = signer.signed_url(hyper::Method::GET, &path, LASTS).await;
                let signed = SafeUrl::from_url(signed.map_err(|error| meaning(url, name, &error))?);
                let signed = signed.ok_or_else(|| MirrorError::Answer {
                    mirror: url.clone(),
                    name: name.to_owned(),
                    reason: "no address".to_owned(),
                })?;
                let expires = self.clock.now() + LASTS;
                HttpRequest { expires: Some(expires), known_as: Some(plain), ..request(signed) }
            }
        }))
    }

    pub(super) fn path(&self, name: &str) -> Path {
        name.split('/').filter(|part| !part.is_empty()).fold(self.prefix.clone(), Path::join)
    }
}

/// Why names could not be listed.
enum Unlisted {
    Store(object_store::Error),
    Endless(CursorError),
}

impl From<object_store::Error> for Unlisted {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<CursorError> for Unlisted {
    fn from(error: CursorError) -> Self {
        Self::Endless(error)
    }
}

/// Asks a folder, on a thread that may wait.
async fn in_folder<T: Send + 'static>(
    folder: &Folder,
    name: &str,
    ask: impl FnOnce(&Folder, &str) -> Result<T, MirrorError> + Send + 'static,
) -> Result<T, MirrorError> {
    let (folder, name) = (folder.clone(), name.to_owned());
    off_thread(move || ask(&folder, &name)).await?
}

/// Work that waits for a disk or computes, on a thread of its own.
pub(super) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, MirrorError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| MirrorError::Thread)
}

/// The most entries that a list of datasets, releases or trees may have: far more than any team
/// keeps, and few enough for the memory of any machine.
const MOST: u64 = 100_000;
/// How long such a list may take. Each page has the usual patience; this is for one that drips.
const LISTS: Duration = Duration::from_secs(600);
/// How long a signed address lasts.
const LASTS: Duration = Duration::from_secs(3600);
