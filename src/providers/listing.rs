//! The files of a release, as a host or an entry lists them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::catalog::{FileEntry, Locator};
use crate::values::{ByteSize, Digest, RelPath};

use super::ProviderError;

/// The files of a release, as the host or the entry lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(pub Vec<ListedFile>);

/// One of them. A listing may have a million: rare parts are boxed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Exact size, where known.
    pub size: Option<ByteSize>,
    /// What the entry and the host say proves it; all of them must hold.
    pub digests: Vec<Digest>,
    /// Where it is at this source; files that are at one place share it.
    pub at: Option<Arc<Locator>>,
    /// What the host states of it alone; files of which it states the same share it.
    pub stated: Option<Arc<Stated>>,
    /// How many files come out of it, where it is an archive and the host says so.
    pub members: Option<u32>,
}

/// What a host states of single files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stated {
    /// Terms.
    pub license: Option<String>,
    /// What a person must know, such as that it was retracted.
    pub notice: Option<String>,
}

impl Stated {
    /// These terms, and nothing else.
    pub fn license(license: impl Into<String>) -> Option<Arc<Self>> {
        Some(Arc::new(Self { license: Some(license.into()), notice: None }))
    }
}

impl ListedFile {
    /// Its terms as the host states them for this file alone.
    pub fn license(&self) -> Option<&str> {
        self.stated.as_ref()?.license.as_deref()
    }

    /// What the host says of it that a person must know.
    pub fn notice(&self) -> Option<&str> {
        self.stated.as_ref()?.notice.as_deref()
    }

    /// Where it is at this source, as far as anything is said about it.
    pub fn locator(&self) -> &Locator {
        static NOWHERE: LazyLock<Locator> = LazyLock::new(Locator::default);
        self.at.as_deref().unwrap_or(&NOWHERE)
    }

    /// About how many bytes of memory it takes. What it shares with the file before counts again:
    /// whether a host means the same by every file is its own affair.
    pub fn weight(&self) -> usize {
        let at = self.locator();
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let url = at.url.as_ref().map_or(0, |url| url.expose().as_str().len());
        let texts = [self.license(), self.notice()].map(|text| text.map_or(0, str::len));
        let place = url + length(&at.file_id) + length(&at.entity) + length(&at.key);
        size_of::<Self>()
            + self.digests.len() * size_of::<Digest>()
            + self.path.as_str().len()
            + texts.iter().sum::<usize>()
            + place
    }

    /// A file of which only the name is known.
    pub fn named(path: RelPath) -> Self {
        Self { path, size: None, digests: Vec::new(), at: None, stated: None, members: None }
    }
}

impl Listing {
    /// The files an entry names, as one source serves them.
    pub fn of_entry<'f>(known: impl IntoIterator<Item = &'f FileEntry>, channel: &str) -> Self {
        let listed = known.into_iter().map(|file| ListedFile {
            size: file.size,
            digests: file.digests.clone(),
            at: file.at.get(channel).cloned().map(Arc::new),
            ..ListedFile::named(file.path.clone())
        });
        Self(listed.collect())
    }

    /// What the host lists, completed by what the entry knows: the entry's size and digests
    /// stand beside the host's, and files that only the entry names are kept.
    ///
    /// # Errors
    /// [`ProviderError::Changed`] where both give the size or the same kind of digest and
    /// differ: the publisher has replaced the file, or the entry is wrong.
    pub fn completed_by(mut self, known: Self) -> Result<Self, ProviderError> {
        let mut rest: HashMap<RelPath, ListedFile> =
            known.0.into_iter().map(|file| (file.path.clone(), file)).collect();
        // In its place: a listing may have a million files.
        for place in &mut self.0 {
            if let Some(known) = rest.remove(&place.path) {
                let path = place.path.clone();
                let listed = std::mem::replace(place, ListedFile::named(path));
                *place = listed.completed_by(known)?;
            }
        }
        let mut left: Vec<ListedFile> = rest.into_values().collect();
        left.sort_by(|one, other| one.path.cmp(&other.path));
        self.0.extend(left);
        Ok(self)
    }
}

impl ListedFile {
    fn completed_by(mut self, known: Self) -> Result<Self, ProviderError> {
        let changed =
            |expected: String, listed: String| ProviderError::Changed { path: self.path.clone(), expected, listed };
        if let (Some(listed), Some(expected)) = (self.size, known.size)
            && listed != expected
        {
            return Err(changed(format!("{} bytes", expected.0), format!("{} bytes", listed.0)));
        }
        for digest in &known.digests {
            let same_kind = self.digests.iter().find(|one| one.algorithm() == digest.algorithm());
            if let Some(listed) = same_kind.filter(|listed| *listed != digest) {
                return Err(changed(digest.to_string(), listed.to_string()));
            }
        }
        let mut digests = known.digests;
        digests.extend(self.digests.iter().filter(|one| !digests.contains(one)).copied().collect::<Vec<_>>());
        self.size = self.size.or(known.size);
        self.digests = digests;
        self.members = self.members.or(known.members);
        self.at = match (self.at, known.at) {
            (Some(listed), Some(known)) => Some(Arc::new(Locator::clone(&listed).or(Locator::clone(&known)))),
            (listed, known) => listed.or(known),
        };
        Ok(self)
    }
}
