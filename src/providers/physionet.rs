//! Files of a project published on PhysioNet.
//!
//! `SHA256SUMS.txt` at the root of a version lists its files with their digests; it has no sizes.
//! It may be long, so it is read line by line. Where a project has none, the pages of its folders
//! are walked (they have sizes, no digests), and where there are none either, the WFDB records
//! that `RECORDS` names. A project whose sums leave files out has lists of them: the entry names
//! those as `record-lists`, and what they name is added.
//!
//! A file is asked for with user name and password by Basic, at exactly this origin; answers come
//! from there without redirects. Open projects also lie in a public bucket, which is asked first
//! and without a credential: PhysioNet itself is slow. Everything is checked against PhysioNet's
//! own sums, wherever it came from. A version that is not named is the last one that the
//! interface lists; its numbers are not compared.
//!
//! PhysioNet reads passwords only from programs that call themselves `Wget/...` or
//! `libwfdb/...`. This one says its own name unless the setting `physionet.user-agent` says
//! otherwise, and then only along with a password. A refusal has no reason in it; [`refusal`]
//! finds it out.
//!
//! Left out: the session cookie, which would spare the host some work; events that grant access
//! for a time; buckets for which an account at a cloud is entitled.
//!
//! Sources: MIT-LCP/physionet-build (2024-10-24 and newer single files), the PyPI package
//! physionet 0.2.0, GNU wget 1.21.3 on the wire, read 2026-11-23; export/views.py of the first
//! read again 2026-11-28.

mod index;
mod policy;
mod records;
mod refusal;
mod sums;

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::try_join_all;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::catalog::Locator;
use crate::credentials::Form;
use crate::net::{HttpRequest, Lane, NetError, Packing, Read, Want};
use crate::plan::Location;
use crate::values::{ByteSize, Printable, RelPath, SafeUrl};

use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

pub(super) use policy::Policy;
pub use refusal::identify;

/// A project.
#[derive(Debug, Default)]
pub struct PhysionetProject {
    /// Its short name.
    pub slug: String,
    /// Its version; the last one when absent.
    pub version: Option<String>,
    /// Whether no account is needed.
    pub open: bool,
    /// The public bucket, up to where the paths of the files begin.
    pub mirror: Option<SafeUrl>,
    /// Files of the project that name files which the sums leave out.
    pub record_lists: Vec<String>,
    /// What was found out on the way.
    pub asked: Box<Asked>,
}

/// What a provider has asked for once and does not ask for again.
#[derive(Debug, Default)]
pub struct Asked {
    version: OnceCell<String>,
    mirror_serves: OnceCell<bool>,
    refusal: OnceCell<Option<refusal::Refusal>>,
}

impl Provider for PhysionetProject {
    fn needs(&self) -> Needs {
        if self.open { Needs::Nothing } else { Needs::May(&[Form::Login]) }
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known {
            return Ok(known);
        }
        let mut files = match self.sums(hosts).await? {
            Some(files) => files,
            None => match self.index(hosts).await? {
                Some(files) => files,
                None => match self.records(hosts).await? {
                    Some(files) => files,
                    None => return Err(self.nothing_listed(hosts).await),
                },
            },
        };
        for list in &self.record_lists {
            files.extend(self.record_list(hosts, list).await?);
        }
        // What comes first knows more.
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files.dedup_by(|later, first| later.path == first.path);
        if self.version.is_none() {
            let key = Some(self.version(hosts).await?.to_owned());
            let at = Arc::new(Locator { key, ..Locator::default() });
            for file in &mut files {
                file.at = Some(at.clone());
            }
        }
        Ok(Listing(files))
    }

    fn ways(&self, file: &ListedFile) -> usize {
        if self.mirror.is_some() && file.locator().url.is_none() { 2 } else { 1 }
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, way: usize) -> Result<Location, ProviderError> {
        if let Some(url) = &file.locator().url {
            return Ok(Location::Http(self.ask(hosts, url.clone())));
        }
        if let (Some(mirror), 0) = (&self.mirror, way)
            && self.mirror_serves(hosts, mirror).await
        {
            let names: Vec<&str> = file.path.names().collect();
            return Ok(Location::Http(HttpRequest::get(mirror.at(&names))));
        }
        let version = match &file.locator().key {
            Some(version) => version,
            None => self.version(hosts).await?,
        };
        Ok(Location::Http(self.ask(hosts, self.place(version, file.path.as_str()))))
    }

    async fn explain(&self, hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        self.meaning(hosts, error).await
    }
}

impl PhysionetProject {
    /// A request with the stored credential, if it is for this origin. The chosen name of the
    /// program goes along with a password and with nothing else.
    fn ask(&self, hosts: &Hosts, url: SafeUrl) -> HttpRequest {
        if url.origin() != home().origin() {
            return HttpRequest::get(url);
        }
        let request = HttpRequest { connections: Some(CONNECTIONS), ..hosts.get(url) };
        match &hosts.choices.physionet_user_agent {
            Some(name) if request.credential.is_some() => request.with_header("user-agent", name),
            _ => request,
        }
    }

    /// The address of a file, or of a folder whose path is empty or ends in `/`.
    fn place(&self, version: &str, path: &str) -> SafeUrl {
        let names: Vec<&str> = ["files", &self.slug, version].into_iter().chain(path.split('/')).collect();
        home().at(&names)
    }

    /// The version that is named, or the one that the interface lists last.
    async fn version(&self, hosts: &Hosts) -> Result<&str, ProviderError> {
        if let Some(version) = &self.version {
            return Ok(version);
        }
        let last = || async {
            let last = self.versions(hosts).await?.pop();
            last.ok_or_else(|| gone(format!("PhysioNet has no project `{}`", Printable::new(&self.slug))))
        };
        self.asked.version.get_or_try_init(last).await.map(String::as_str)
    }

    /// All versions, the oldest first; none of a project that is not there.
    async fn versions(&self, hosts: &Hosts) -> Result<Vec<String>, ProviderError> {
        let url = interface(&["projects", &self.slug, "versions", ""]);
        let found: Vec<VersionAnswer> = hosts.client.get_json(&HttpRequest::get(url)).await?;
        Ok(found.into_iter().map(|one| one.version).collect())
    }

    /// Whether the bucket has this project: not every open one lies there.
    async fn mirror_serves(&self, hosts: &Hosts, mirror: &SafeUrl) -> bool {
        let probe = || async {
            let first = Want { from: 0, until: Some(1), same_as: None };
            let request = HttpRequest::get(mirror.at(&[SUMS]));
            hosts.client.get(&request, Some(&first), Lane::Light).await.is_ok()
        };
        *self.asked.mirror_serves.get_or_init(probe).await
    }

    /// The files by the sums, those of the bucket where PhysioNet cannot be reached; `None` where
    /// the project has none.
    async fn sums(&self, hosts: &Hosts) -> Result<Option<Vec<ListedFile>>, ProviderError> {
        let request = self.ask(hosts, self.place(self.version(hosts).await?, SUMS));
        match self.read_sums(hosts, &request).await {
            Err(ProviderError::Net(NetError::Gone { .. })) => Ok(None),
            Err(ProviderError::Net(error)) => match &self.mirror {
                Some(mirror) if matches!(error.exit(), 31..=34) => {
                    let read = self.read_sums(hosts, &HttpRequest::get(mirror.at(&[SUMS]))).await;
                    read.map(Some).map_err(|_| error.into())
                }
                _ => Err(self.meant(hosts, error).await),
            },
            read => read.map(Some),
        }
    }

    async fn read_sums(&self, hosts: &Hosts, request: &HttpRequest) -> Result<Vec<ListedFile>, ProviderError> {
        let Read { gathered, size } =
            hosts.client.gather_lines(request, Packing::Plain, LARGEST_LIST, sums::Sums::take).await?;
        Ok(gathered.into_files(size))
    }

    /// The files by the pages of the folders; `None` where there are no such pages.
    async fn index(&self, hosts: &Hosts) -> Result<Option<Vec<ListedFile>>, ProviderError> {
        let mut folders = VecDeque::from([String::new()]);
        let (mut files, mut read) = (Vec::new(), 0);
        while !folders.is_empty() {
            let some: Vec<String> = folders.drain(..folders.len().min(CONNECTIONS)).collect();
            read += some.len();
            if read > MOST_FOLDERS {
                let reason = format!("project {} has more than {MOST_FOLDERS} folders", self.slug);
                return Err(ProviderError::Answer { host: HOST, reason });
            }
            let pages = try_join_all(some.iter().map(|folder| self.text(hosts, folder))).await?;
            for (folder, page) in some.iter().zip(pages) {
                let page = page.and_then(|page| index::entries(&page));
                let Some(entries) = page else {
                    if folder.is_empty() {
                        return Ok(None);
                    }
                    let reason = format!("the folder `{}` has no list", Printable::new(folder));
                    return Err(ProviderError::Answer { host: HOST, reason });
                };
                for entry in entries {
                    match entry {
                        index::Entry::Folder { name } => folders.push_back(format!("{folder}{name}/")),
                        index::Entry::File { name, size } => {
                            files.push(ListedFile { size, ..ListedFile::named(named(&format!("{folder}{name}"))?) });
                        }
                    }
                }
            }
        }
        Ok(Some(files))
    }

    /// A small text of the project; `None` where it is not there.
    async fn text(&self, hosts: &Hosts, path: &str) -> Result<Option<String>, ProviderError> {
        let request = self.ask(hosts, self.place(self.version(hosts).await?, path));
        match hosts.client.get_text(&request, LARGEST_PAGE).await {
            Ok(text) => Ok(Some(text)),
            Err(NetError::Gone { .. }) => Ok(None),
            Err(error) => Err(self.meant(hosts, error).await),
        }
    }

    /// The files that a list of the project names.
    async fn record_list(&self, hosts: &Hosts, list: &str) -> Result<Vec<ListedFile>, ProviderError> {
        let request = self.ask(hosts, self.place(self.version(hosts).await?, list));
        let packing = if list.ends_with(".gz") { Packing::Gzip } else { Packing::Plain };
        let read = hosts.client.gather_lines(&request, packing, LARGEST_LIST, records::RecordList::take).await;
        match read {
            Ok(Read { gathered, .. }) => Ok(gathered.into_files()),
            Err(ProviderError::Net(error)) => Err(self.meant(hosts, error).await),
            Err(error) => Err(error),
        }
    }

    /// Nothing lists the files: which versions there are, as far as that can be found out.
    async fn nothing_listed(&self, hosts: &Hosts) -> ProviderError {
        let slug = Printable::new(&self.slug);
        let version = match self.version(hosts).await {
            Ok(version) => version,
            Err(error) => return error,
        };
        let shown = Printable::new(version);
        match self.versions(hosts).await.ok().as_deref() {
            Some([]) => gone(format!("PhysioNet has no project `{slug}`")),
            Some(versions) if versions.iter().all(|one| one != version) => {
                let versions = versions.join(", ");
                gone(format!("PhysioNet has no version `{shown}` of `{slug}`: there is {}", Printable::new(&versions)))
            }
            _ => gone(format!("PhysioNet lists no files of `{slug}` {shown}: no {SUMS}, no folders, no RECORDS")),
        }
    }
}

/// Where everything is.
fn home() -> SafeUrl {
    SafeUrl::parse("https://physionet.org/").expect("it is an address")
}

/// An address of the interface; the last part is empty, since its addresses end in `/`.
fn interface(parts: &[&str]) -> SafeUrl {
    home().at(&[&["api", "v1"], parts].concat())
}

/// A path that PhysioNet lists.
fn named(path: &str) -> Result<RelPath, ProviderError> {
    RelPath::parse(path).map_err(|source| ProviderError::Name { host: HOST, source })
}

fn gone(message: String) -> ProviderError {
    let help = vec!["`medsets info ID --sources` names other sources".to_owned()];
    ProviderError::Refused { exit: 35, message, help }
}

const HOST: &str = "PhysioNet";

const SUMS: &str = "SHA256SUMS.txt";

/// Users report that eight connections are borne and that more time out.
const CONNECTIONS: usize = 8;

/// Folders whose pages are read at most.
const MOST_FOLDERS: usize = 20_000;

const LARGEST_PAGE: ByteSize = ByteSize(16 << 20);

/// The sums of 400,000 files take about 50 MiB.
const LARGEST_LIST: ByteSize = ByteSize(512 << 20);

#[derive(Debug, Deserialize)]
struct VersionAnswer {
    version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> PhysionetProject {
        PhysionetProject { slug: "toy".into(), version: Some("1.0.0".into()), ..PhysionetProject::default() }
    }

    #[test]
    fn names_are_encoded_and_folders_keep_their_stroke() {
        #[track_caller]
        fn check(path: &str, expected: &str) {
            assert_eq!(project().place("1.0.0", path).expose().as_str(), expected);
        }
        check("a b/c#1 50%.csv", "https://physionet.org/files/toy/1.0.0/a%20b/c%231%2050%25.csv");
        check("", "https://physionet.org/files/toy/1.0.0/");
        check("p10/", "https://physionet.org/files/toy/1.0.0/p10/");
    }

    #[test]
    fn addresses_of_the_interface_end_in_a_stroke() {
        let url = interface(&["projects", "toy", "versions", ""]);
        assert_eq!(url.expose().as_str(), "https://physionet.org/api/v1/projects/toy/versions/");
    }

    #[test]
    fn the_last_version_is_the_one_that_is_meant() {
        let text = r#"[{"slug":"toy-ecg","title":"Toy ECG","version":"1.10.0","abstract":"<p>..</p>","citation":"Doe J."},
            {"slug":"toy-ecg","title":"Toy ECG","version":"1.9.0","abstract":"<p>..</p>","citation":"Doe J."}]"#;
        let found: Vec<VersionAnswer> = serde_json::from_str(text).unwrap();
        assert_eq!(found.last().unwrap().version, "1.9.0");
    }
}
