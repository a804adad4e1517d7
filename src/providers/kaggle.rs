//! Files of a dataset or competition on Kaggle.
//!
//! A listing has names and sizes, no digests. A download is asked for at the interface and
//! answered with a signed address at Google's storage, which lasts for minutes: it is asked for
//! anew whenever a file starts or the address has expired, and the credential stays behind.
//! The storage states MD5 and CRC-32C of what it serves. It serves a large file inside a zip of
//! its own, told by the `.zip` behind the name in the address; then the file itself is taken out.
//!
//! Kaggle blocks accounts that ask for files by the thousand, and everything can be had as one
//! archive, made by Kaggle now and then anew: so its digest proves one download and is none for
//! an entry. A version of a dataset never changes; where none is pinned the current one is asked
//! for once, with the listing. Competitions have no versions and want an account that accepted
//! their rules, on the site: no program can.
//!
//! Sources: PyPI kaggle 2.2.5, kagglesdk 0.1.38 and kagglehub 1.0.3, run against a stand-in, and
//! threads of Kaggle/kaggle-cli, read 2026-11-23. Whether a public dataset wants an account is
//! not clear from them: it is asked with the credential there is, or with none.

mod call;
mod refusal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::catalog::source::KaggleTake;
use crate::catalog::{Host, Locator};
use crate::credentials::Form;
use crate::net::{Answer, HttpRequest, Lead, NetError};
use crate::plan::Location;
use crate::values::{ByteSize, RelPath, SafeUrl};

use super::identity::Identity;
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

use call::Call;

/// A dataset or competition.
#[derive(Debug)]
pub struct KaggleFiles {
    /// Which.
    pub place: KagglePlace,
    /// Single files or one archive of all.
    pub take: KaggleTake,
    /// Name of that archive.
    pub bundle: String,
    /// Whether this network or Kaggle knows the older interface only, as found out so far.
    rest: AtomicBool,
}

/// What Kaggle has files of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KagglePlace {
    /// A dataset.
    Dataset {
        /// Whose.
        owner: String,
        /// Its name in addresses.
        slug: String,
        /// Its version; the current one when absent.
        version: Option<u32>,
    },
    /// A competition.
    Competition(String),
}

impl Provider for KaggleFiles {
    fn needs(&self) -> Needs {
        const FORMS: &[Form] = &[Form::Token, Form::Login];
        match self.place {
            KagglePlace::Dataset { .. } => Needs::May(FORMS),
            KagglePlace::Competition(_) => Needs::Must(FORMS),
        }
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        let version = self.version(hosts).await?;
        let at = at(version);
        if self.take == KaggleTake::Bundle {
            return Ok(Listing(vec![self.bundled(at)?]));
        }
        if extent == Extent::Known {
            let located = known.0.into_iter().map(|file| ListedFile { at: file.at.or_else(|| at.clone()), ..file });
            return Ok(Listing(located.collect()));
        }
        let (mut files, mut token, mut cursors) = (Vec::new(), String::new(), hosts.client.cursors());
        loop {
            cursors.step(&token).map_err(|error| unusable(&error.to_string()))?;
            let page: FilesAnswer = self.ask(hosts, &Call::files(&self.place, version, &token)).await?;
            for file in page.files {
                let file = file.into_file(at.clone())?;
                cursors.hold(file.weight()).map_err(|error| unusable(&error.to_string()))?;
                files.push(file);
            }
            // Where the entry names files it means them one by one.
            if self.take == KaggleTake::Auto && known.0.is_empty() && files.len() > MOST_SINGLE {
                return Ok(Listing(vec![self.bundled(at)?]));
            }
            token = page.next_page_token;
            if token.is_empty() {
                return Ok(Listing(files));
            }
        }
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        // An attachment of the forum, for example, which is not behind the interface.
        if let Some(url) = &file.locator().url {
            return Ok(Location::Http(HttpRequest::get(url.clone())));
        }
        let version = match (&file.locator().key, &self.place) {
            (Some(key), _) => key.parse().ok(),
            (None, KagglePlace::Dataset { version, .. }) => *version,
            (None, KagglePlace::Competition(_)) => None,
        };
        let single = (file.path.as_str() != self.bundle).then_some(file.path.as_str());
        let link = match self.lead(hosts, &Call::download(&self.place, version, single)).await? {
            Lead::Elsewhere(link) if link.is_https() => link,
            Lead::Elsewhere(link) => {
                return Err(unusable(&format!("its link to the bytes at `{}` is not protected", link.host())));
            }
            Lead::Answer(answer) => {
                refusal::check(*answer, &self.place, hosts.secret.is_some())?;
                return Err(unusable("no address of the file's bytes"));
            }
        };
        let known_as = Some(self.place.page(version));
        let request = HttpRequest { expires: expires(&link), known_as, ..HttpRequest::get(link) };
        let wrapped = single.is_some() && is_wrapped(&request.url, file.path.file_name());
        Ok(if wrapped { Location::Wrapped(request) } else { Location::Http(request) })
    }
}

impl KaggleFiles {
    /// The files that a source of the catalogue means; `None` if it names neither a competition
    /// nor a dataset with its owner.
    pub fn of(host: &Host) -> Option<Self> {
        let Host::Kaggle { competition, dataset, dataset_version, take } = host else { return None };
        let place = match (competition, dataset) {
            (Some(competition), _) => KagglePlace::Competition(competition.clone()),
            (None, Some(dataset)) => {
                let (owner, slug) = dataset.split_once('/')?;
                KagglePlace::Dataset { owner: owner.to_owned(), slug: slug.to_owned(), version: *dataset_version }
            }
            (None, None) => return None,
        };
        Some(Self { place, take: *take, bundle: host.bundle_name()?, rest: AtomicBool::new(false) })
    }

    /// The version that files are listed and downloaded of; none for a competition.
    async fn version(&self, hosts: &Hosts) -> Result<Option<u32>, ProviderError> {
        let KagglePlace::Dataset { version, .. } = &self.place else { return Ok(None) };
        if version.is_some() {
            return Ok(*version);
        }
        Ok(self.facts(hosts).await?.version)
    }

    /// What Kaggle says of a dataset.
    pub(super) async fn facts(&self, hosts: &Hosts) -> Result<DatasetFacts, ProviderError> {
        self.ask(hosts, &Call::dataset(&self.place)).await
    }

    fn bundled(&self, at: Option<Arc<Locator>>) -> Result<ListedFile, ProviderError> {
        Ok(ListedFile { at, ..ListedFile::named(path(&self.bundle)?) })
    }

    async fn ask<T: DeserializeOwned>(&self, hosts: &Hosts, call: &Call) -> Result<T, ProviderError> {
        match self.lead(hosts, call).await? {
            Lead::Answer(answer) => {
                let answer = refusal::check(*answer, &self.place, hosts.secret.is_some())?;
                Ok(answer.json()?)
            }
            Lead::Elsewhere(url) => Err(unusable(&format!("a redirect to `{}`", url.host()))),
        }
    }

    /// Asks in the newer way, and in the older where nobody there understands that.
    async fn lead(&self, hosts: &Hosts, call: &Call) -> Result<Lead, ProviderError> {
        if !self.rest.load(Ordering::Relaxed) {
            match hosts.client.lead(&call.rpc(hosts), LARGEST_ANSWER).await {
                Ok(Lead::Answer(answer)) if is_not_understood(&answer) => {}
                Ok(lead) => return Ok(lead),
                Err(error) if is_out_of_reach(&error) => {}
                Err(error) => return Err(error.into()),
            }
            self.rest.store(true, Ordering::Relaxed);
        }
        Ok(hosts.client.lead(&call.rest(hosts), LARGEST_ANSWER).await?)
    }
}

impl KagglePlace {
    /// Its page, for people and records; that of one version where it is known.
    fn page(&self, version: Option<u32>) -> SafeUrl {
        let site = SafeUrl::parse("https://www.kaggle.com/").expect("it is an address");
        match (self, version) {
            (Self::Dataset { owner, slug, .. }, Some(version)) => {
                site.at(&["datasets", owner, slug, "versions", &version.to_string()])
            }
            (Self::Dataset { owner, slug, .. }, None) => site.at(&["datasets", owner, slug]),
            (Self::Competition(name), _) => site.at(&["competitions", name]),
        }
    }
}

/// Whose account the credential opens.
///
/// # Errors
/// [`ProviderError::Refused`] with exit 21 where Kaggle does not take it, or the network.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let answer = hosts.client.call(&Call::hello().rpc(hosts), LARGEST_ANSWER).await?;
    // The place is named in refusals of files only.
    let nowhere = KagglePlace::Competition(String::new());
    let hello: HelloAnswer = refusal::check(answer, &nowhere, hosts.secret.is_some())?.json()?;
    Ok(Identity { name: hello.user_name })
}

/// The interface is not there: an answer of no shape that it has.
fn is_not_understood(answer: &Answer) -> bool {
    matches!(answer.status, 404 | 405 | 501) && answer.refusal::<refusal::Said>().is_none_or(|said| said.is_silent())
}

/// Networks that let programs through to the site alone.
fn is_out_of_reach(error: &NetError) -> bool {
    matches!(error, NetError::NameNotFound { .. } | NetError::CannotConnect { .. } | NetError::ProxyFailed { .. })
}

/// Whether a signed address leads to a zip around the file, as Kaggle's own clients decide it.
fn is_wrapped(link: &SafeUrl, file_name: &str) -> bool {
    let last = link.expose().path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
    last.strip_suffix(".zip") == Some(file_name)
}

/// When a signed address stops working, by its own parameters (V4 signatures of Google).
fn expires(link: &SafeUrl) -> Option<Timestamp> {
    let parameter = |name: &str| link.expose().query_pairs().find(|(one, _)| one == name).map(|(_, value)| value);
    let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", &*parameter("X-Goog-Date")?).ok()?;
    let seconds: u32 = parameter("X-Goog-Expires")?.parse().ok()?;
    let signed = TimeZone::UTC.to_timestamp(signed).ok()?;
    signed.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}

/// The version goes with the file, so that an interrupted fetch keeps to it.
fn at(version: Option<u32>) -> Option<Arc<Locator>> {
    version.map(|version| Arc::new(Locator { key: Some(version.to_string()), ..Locator::default() }))
}

fn path(name: &str) -> Result<RelPath, ProviderError> {
    RelPath::parse(name).map_err(|source| ProviderError::Name { host: "Kaggle", source })
}

fn unusable(reason: &str) -> ProviderError {
    ProviderError::Answer { host: "Kaggle", reason: reason.to_owned() }
}

/// More files than this are taken as one archive unless the entry says otherwise. Kaggle's own
/// client goes by the same number.
const MOST_SINGLE: usize = 25;

const LARGEST_ANSWER: ByteSize = ByteSize(16 << 20);

/// Part of a listing, of either kind of place. Unset fields may be left out.
#[derive(Debug, Deserialize)]
struct FilesAnswer {
    #[serde(default, alias = "datasetFiles")]
    files: Vec<File>,
    #[serde(default, rename = "nextPageToken")]
    next_page_token: String,
}

#[derive(Debug, Deserialize)]
struct File {
    name: String,
    #[serde(rename = "totalBytes")]
    total_bytes: Option<u64>,
}

/// A dataset in Kaggle's words, as it is now.
#[derive(Debug, Deserialize)]
pub(super) struct DatasetFacts {
    /// Its current version.
    #[serde(rename = "currentVersionNumber")]
    pub version: Option<u32>,
    /// Its title.
    pub title: Option<String>,
    /// Its licence, by Kaggle's own name for it.
    #[serde(rename = "licenseName")]
    pub license: Option<String>,
    /// When the current version came.
    #[serde(rename = "lastUpdated")]
    pub updated: Option<String>,
}

#[derive(Debug, Deserialize)]
struct HelloAnswer {
    #[serde(rename = "userName")]
    user_name: Option<String>,
}

impl File {
    /// Pure, so that the tests feed it recorded answers.
    fn into_file(self, at: Option<Arc<Locator>>) -> Result<ListedFile, ProviderError> {
        let path = path(&self.name)?;
        Ok(ListedFile { size: self.total_bytes.map(ByteSize), at, ..ListedFile::named(path) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_place_list_alike() {
        #[track_caller]
        fn check(text: &str, name: &str, size: Option<u64>, token: &str) {
            let answer: FilesAnswer = serde_json::from_str(text).unwrap();
            assert_eq!(answer.next_page_token, token);
            let file = answer.files.into_iter().next().unwrap().into_file(at(Some(3))).unwrap();
            assert_eq!((file.path.as_str(), file.size), (name, size.map(ByteSize)));
            assert_eq!(file.locator().key.as_deref(), Some("3"));
        }
        check(
            r#"{"datasetFiles":[{"ref":"","name":"train/a.csv","totalBytes":15,"creationDate":"2026-01-05T10:00:00.000Z"}],
                "errorMessage":"","nextPageToken":"T2"}"#,
            "train/a.csv",
            Some(15),
            "T2",
        );
        check(r#"{"files":[{"ref":"..","name":"train.csv","description":"","url":".."}]}"#, "train.csv", None, "");
    }

    #[test]
    fn a_file_is_wrapped_only_in_a_zip_of_its_own_name() {
        #[track_caller]
        fn check(link: &str, file_name: &str, wrapped: bool) {
            assert_eq!(is_wrapped(&SafeUrl::parse(link).unwrap(), file_name), wrapped, "{link} {file_name}");
        }
        check("https://storage.googleapis.com/b/7/train.csv.zip?X-Goog-Signature=0", "train.csv", true);
        check("https://storage.googleapis.com/b/7/a%20b.csv.zip", "a b.csv", true);
        check("https://storage.googleapis.com/b/7/train.csv", "train.csv", false);
        check("https://storage.googleapis.com/b/7/images.zip", "images.zip", false);
        check("https://storage.googleapis.com/b/7/images.zip.zip", "images.zip", true);
        check("https://storage.googleapis.com/b/7/archive.zip", "train.csv", false);
    }

    #[test]
    fn a_signed_address_says_when_it_ends() {
        #[track_caller]
        fn check(query: &str, expected: Option<&str>) {
            let link = SafeUrl::parse(&format!("https://storage.googleapis.com/x?{query}")).unwrap();
            assert_eq!(expires(&link), expected.map(|text| text.parse().unwrap()), "{query}");
        }
        let whole = "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date=20260105T100000Z&X-Goog-Expires=900";
        check(whole, Some("2026-01-05T10:15:00Z"));
        check("X-Goog-Date=20260105T100000Z", None);
        check("X-Goog-Date=yesterday&X-Goog-Expires=900", None);
    }
}
