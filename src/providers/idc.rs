//! Series of a collection in NCI's Imaging Data Commons.
//!
//! There is no interface to ask: an index of all series comes as a Parquet file, made anew for
//! each release of IDC. The entry names one version of it with its SHA-256, so the series are
//! pinned. A series is a folder of a public bucket, named after a number that changes with its
//! content; the bucket lists the files, and their count and their bytes together must be those
//! of the index. Series that no rule of the entry wants are not listed. Nothing needs an account.
//!
//! Paths are those of IDC's own client with the entry's `dir-template`, and each file carries
//! the licence of its series. Left out: versions of series before the pinned release, and the
//! copies of the buckets at Google.
//!
//! Sources: PyPI idc-index 0.13.4 and idc-index-data 25.0.5, read 2026-11-23.

#[cfg(feature = "parquet")]
mod index;
mod template;

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::catalog::{Host, HostRules, Locator, Selection};
use crate::net::{HttpRequest, NetError};
use crate::plan::Location;
use crate::values::{Algorithm, ByteSize, Digest, Printable, RelPath, SafeUrl};

use super::s3::{Bucket, Object};
use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError, Shelf, Stated};

use template::DirTemplate;

/// A collection, by one version of the index.
#[derive(Debug, Clone)]
pub struct IdcCollection {
    /// Its id, such as `lidc_idri`.
    pub collection: String,
    /// Version of the index.
    pub index: String,
    /// SHA-256 of the index, as the entry writes it.
    pub index_sha256: String,
    /// Folders of a series; those of IDC's client where the entry does not say.
    pub dir_template: Option<String>,
    /// Whose rules choose among the series.
    pub selection: Selection,
    /// The source as the entry has it.
    pub host: Host,
}

/// What the index says of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Series {
    collection: String,
    patient: String,
    study: String,
    uid: String,
    modality: String,
    license: String,
    bucket: String,
    /// Its folder in the bucket.
    folder: String,
    files: u64,
    size: ByteSize,
}

impl Provider for IdcCollection {
    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known {
            return Ok(known);
        }
        let index = self.index(hosts).await?;
        let template = self.dir_template.as_deref().map_or_else(|| Ok(DirTemplate::default()), DirTemplate::parse);
        let template = template.map_err(|error| in_entry(error.to_string()))?;
        let collection = self.collection.clone();
        let read = tokio::task::spawn_blocking(move || read_index(index, &collection)).await;
        let series = read.map_err(|error| unusable(format!("its index could not be read: {error}")))??;
        if series.is_empty() {
            let name = Printable::new(&self.collection);
            return Err(unusable(format!("version {} of the index has no collection `{name}`", self.index)));
        }
        let mut wanted = self.wanted(series, &template)?;
        wanted.sort_by(|one, other| one.0.cmp(&other.0));
        let listed = futures_util::stream::iter(wanted)
            .map(|(folder, series)| async move { listed(hosts, &folder, series).await })
            .buffered(AT_ONCE);
        let files = listed.try_concat().await?;
        Ok(Listing(files))
    }

    async fn locate(&self, _hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let at = file.locator();
        if let Some(url) = &at.url {
            return Ok(Location::Http(HttpRequest::get(url.clone())));
        }
        let place = at.key.as_deref().and_then(|key| key.split_once('/'));
        let (bucket, folder) = place.ok_or_else(|| ProviderError::NoPlace { path: file.path.clone() })?;
        let key = format!("{folder}/{}", file.path.file_name());
        Ok(Location::Http(Bucket::new(bucket, None).get(&key)))
    }

    async fn explain(&self, _hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        let NetError::NotPermitted { url, .. } = error else { return None };
        Some(ProviderError::Refused {
            exit: 35,
            message: format!("Imaging Data Commons does not give out <{url}>"),
            help: vec!["a newer version of medsets may name a newer index".to_owned()],
        })
    }
}

impl IdcCollection {
    /// The index: kept from an earlier run, or had now.
    async fn index(&self, hosts: &Hosts) -> Result<Vec<u8>, ProviderError> {
        let pin =
            Digest::from_hex(Algorithm::Sha256, &self.index_sha256).map_err(|error| in_entry(error.to_string()))?;
        // Tens of megabytes are read and hashed, which would hold up what else is under way.
        let shelf = hosts.shelf.clone();
        let kept = tokio::task::spawn_blocking(move || shelf.take(&pin)).await;
        if let Ok(Some(bytes)) = kept {
            return Ok(bytes);
        }
        let mut last = None;
        for base in INDEX_PLACES {
            let url = SafeUrl::parse(base).expect("it is an address");
            let place = match base.contains("storage.googleapis.com") {
                true => url.at(&[&self.index, "release_artifacts", INDEX_NAME]),
                false => url.at(&[&self.index, INDEX_NAME]),
            };
            match hosts.client.get_bytes(&HttpRequest::get(place), LARGEST_INDEX).await {
                Ok(page) => {
                    let shelf = hosts.shelf.clone();
                    let proven = tokio::task::spawn_blocking(move || proven(&*shelf, &pin, page.bytes)).await;
                    return proven.map_err(|error| unusable(format!("its index could not be proven: {error}")))?;
                }
                Err(error) => last = last.or(Some(error)),
            }
        }
        Err(last.map_or_else(|| unusable("no place for its index".to_owned()), Into::into))
    }

    /// The series of which the rules want something, with their folders.
    fn wanted(&self, series: Vec<Series>, template: &DirTemplate) -> Result<Vec<(RelPath, Series)>, ProviderError> {
        let rules = HostRules::of(&self.selection, &self.host);
        let any = RelPath::parse("any.dcm").expect("it is a name");
        let mut wanted = Vec::new();
        for series in series {
            let folder = RelPath::parse(&template.fill(&series)).map_err(refused_name)?;
            let is_wanted = rules.treatment(&any.below(&folder).map_err(refused_name)?, false).is_some();
            if is_wanted {
                wanted.push((folder, series));
            }
        }
        Ok(wanted)
    }
}

/// The index, if it is the pinned one; it is kept for other runs.
fn proven(shelf: &dyn Shelf, pin: &Digest, bytes: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
    let found = Digest::sha256(&bytes);
    if found != *pin {
        return Err(ProviderError::Changed {
            path: RelPath::parse(INDEX_NAME).expect("it is a name"),
            expected: pin.to_string(),
            listed: found.to_string(),
        });
    }
    shelf.keep(pin, &bytes);
    Ok(bytes)
}

/// The files of one series, counted and weighed.
async fn listed(hosts: &Hosts, folder: &RelPath, series: Series) -> Result<Vec<ListedFile>, ProviderError> {
    let prefix = format!("{}/", series.folder);
    let at = Arc::new(Locator { key: Some(format!("{}/{}", series.bucket, series.folder)), ..Locator::default() });
    let stated = Stated::license(spdx(&series.license));
    let (mut files, mut size) = (Vec::new(), 0);
    let take = |object: Object| {
        size += object.size.0;
        let name = RelPath::parse(object.key.strip_prefix(&prefix).unwrap_or(&object.key)).map_err(refused_name)?;
        files.push(ListedFile {
            size: Some(object.size),
            digests: object.md5().into_iter().collect(),
            at: Some(at.clone()),
            stated: stated.clone(),
            ..ListedFile::named(name.below(folder).map_err(refused_name)?)
        });
        Ok(())
    };
    Bucket::new(&series.bucket, None).objects(hosts, &prefix, take).await?;
    if (files.len() as u64, size) != (series.files, series.size.0) {
        let (found, expected) = (files.len(), series.files);
        return Err(unusable(format!(
            "series `{}` has {found} files of {size} bytes, and the index says {expected} of {} bytes",
            Printable::new(&series.uid),
            series.size.0
        )));
    }
    Ok(files)
}

#[cfg(feature = "parquet")]
fn read_index(bytes: Vec<u8>, collection: &str) -> Result<Vec<Series>, ProviderError> {
    index::series_of(bytes.into(), collection).map_err(|error| unusable(format!("its index is unreadable: {error}")))
}

#[cfg(not(feature = "parquet"))]
fn read_index(_bytes: Vec<u8>, _collection: &str) -> Result<Vec<Series>, ProviderError> {
    Err(ProviderError::Refused {
        exit: 55,
        message: "this build of medsets reads no Parquet files, and the index of IDC is one".to_owned(),
        help: vec!["use a build with the feature `parquet`".to_owned()],
    })
}

/// The licence of a series as the shelf names it: `CC BY-NC 4.0` is `CC-BY-NC-4.0`.
fn spdx(short_name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    let words: String = short_name.trim().chars().map(plain).collect();
    let known = ["CC-BY-", "CC-BY-NC-"]
        .iter()
        .any(|kind| words.strip_prefix(kind).is_some_and(|version| matches!(version, "3.0" | "4.0")));
    if known { words } else { format!("LicenseRef-IDC-{words}") }
}

fn in_entry(message: String) -> ProviderError {
    ProviderError::Refused { exit: 11, message, help: vec!["the entry must be put right".to_owned()] }
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: HOST, reason }
}

fn refused_name(source: crate::values::UnsafePath) -> ProviderError {
    ProviderError::Name { host: HOST, source }
}

const HOST: &str = "Imaging Data Commons";

const INDEX_NAME: &str = "idc_index.parquet";

/// Where versions of the index are.
const INDEX_PLACES: [&str; 2] = [
    "https://storage.googleapis.com/idc-index-data-artifacts/",
    "https://github.com/ImagingDataCommons/idc-index-data/releases/download/",
];

/// The index of IDC v25 has 74 million bytes.
const LARGEST_INDEX: ByteSize = ByteSize(512 << 20);

/// Lists asked for at once; how many travel at once is for `net`.
const AT_ONCE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_named_as_on_the_shelf() {
        #[track_caller]
        fn check(short_name: &str, expected: &str) {
            assert_eq!(spdx(short_name), expected);
        }
        check("CC BY 3.0", "CC-BY-3.0");
        check("CC BY 4.0", "CC-BY-4.0");
        check("CC BY-NC 3.0", "CC-BY-NC-3.0");
        check("CC BY-NC 4.0", "CC-BY-NC-4.0");
        check(
            "National Library of Medicine Terms and Conditions; May 21, 2019",
            "LicenseRef-IDC-National-Library-of-Medicine-Terms-and-Conditions--May-21--2019",
        );
    }
}
