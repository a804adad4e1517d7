//! Files of a repository on the Hugging Face Hub.
//!
//! A revision that is no commit is resolved to one when the files are listed, and every file
//! is then asked for at that commit: a push in between changes nothing. The listing gives the
//! SHA-256 of large files and the git blob id of small ones, so everything is proven. Bytes
//! come by `/resolve`, which redirects to a signed address at another origin; the token stays
//! behind. Large files that are stored with Xet come by the same route up to 50 GB.
//!
//! Gated repositories say so with `X-Error-Code`; asking for access is a form in a browser.
//! Sources: huggingface_hub 2.4.0 and the Hub's documentation, read 2026-11-23.

use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::Locator;
use crate::credentials::Form;
use crate::net::NetError;
use crate::plan::Location;
use crate::values::{Algorithm, ByteSize, Digest, Printable, RelPath, SafeUrl};

use super::account::Account;
use super::identity::{self, Identity};
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

/// A repository.
#[derive(Debug, Clone)]
pub struct HubRepository {
    /// `owner/name`; a few old ones have no owner.
    pub repo: String,
    /// What it holds.
    pub kind: HubKind,
    /// Commit, branch or tag; `main` when absent.
    pub revision: Option<String>,
}

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubKind {
    /// A dataset.
    Dataset,
    /// A model.
    Model,
}

impl HubKind {
    /// By the entry's word; a dataset where it has none.
    pub fn of(word: Option<&str>) -> Self {
        if word == Some("model") { Self::Model } else { Self::Dataset }
    }
}

impl Provider for HubRepository {
    fn needs(&self) -> Needs {
        Needs::May(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known && self.commit().is_some() {
            return Ok(known);
        }
        let commit = match self.commit() {
            Some(commit) => commit.to_owned(),
            None => self.resolve(hosts).await?,
        };
        let place = Arc::new(Locator { key: Some(commit.clone()), ..Locator::default() });
        let mut next = Some(with_query(self.api(&["tree", &commit]), "recursive=true&expand=false"));
        let (mut files, mut cursors) = (Vec::new(), hosts.client.cursors());
        while let Some(url) = next {
            cursors.step(url.expose().as_str()).map_err(|error| unusable(error.to_string()))?;
            let request = hosts.get(url);
            let answer = hosts.client.call(&request, LARGEST_PAGE).await?;
            if let Some(error) = &answer.error {
                return Err(self.meaning(error).unwrap_or_else(|| error.clone().into()));
            }
            let link = answer.page.header("link").and_then(next_page).map(str::to_owned);
            let items: Vec<Item> = answer.json()?;
            for item in items.into_iter().filter(|item| item.kind == "file") {
                let file = item.into_file(&place)?;
                cursors.hold(file.weight()).map_err(|error| unusable(error.to_string()))?;
                files.push(file);
            }
            next = link.map(|link| self.page_at(&link)).transpose()?;
        }
        Ok(Listing(files))
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let commit = file.locator().key.as_deref().or(self.commit());
        let commit = commit.ok_or_else(|| ProviderError::NoPlace { path: file.path.clone() })?;
        let mut parts = self.owner_and_name();
        if self.kind == HubKind::Dataset {
            parts.insert(0, "datasets");
        }
        parts.extend(["resolve", commit]);
        parts.extend(file.path.names());
        Ok(Location::Http(hosts.get(hub().at(&parts))))
    }

    async fn explain(&self, _hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        self.meaning(error)
    }
}

/// Whose token it is.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let request = hosts.get(hub().at(&["api", "whoami-v2"]));
    let account: Whoami = identity::ask("huggingface", hosts, &request).await?;
    Ok(Identity { name: Some(account.name) })
}

impl HubRepository {
    /// The revision, if it is a commit.
    fn commit(&self) -> Option<&str> {
        let is_commit = |text: &&str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.revision.as_deref().filter(is_commit)
    }

    fn owner_and_name(&self) -> Vec<&str> {
        self.repo.split('/').collect()
    }

    fn api(&self, rest: &[&str]) -> SafeUrl {
        let kind = match self.kind {
            HubKind::Dataset => "datasets",
            HubKind::Model => "models",
        };
        let mut parts = vec!["api", kind];
        parts.extend(self.owner_and_name());
        parts.extend(rest);
        hub().at(&parts)
    }

    /// The commit that a branch or tag stands at now.
    async fn resolve(&self, hosts: &Hosts) -> Result<String, ProviderError> {
        let revision = self.revision.as_deref().unwrap_or("main");
        let answer = hosts.client.call(&hosts.get(self.api(&["revision", revision])), LARGEST_PAGE).await?;
        if let Some(error) = &answer.error {
            return Err(self.meaning(error).unwrap_or_else(|| error.clone().into()));
        }
        let info: Info = answer.json()?;
        Ok(info.sha)
    }

    /// The address of a further page, if it is one of the Hub: the token goes there.
    fn page_at(&self, link: &str) -> Result<SafeUrl, ProviderError> {
        let url = hub().join(link).map_err(|error| unusable(error.to_string()))?;
        if url.origin() != hub().origin() {
            return Err(unusable(format!("a page of its list lies at `{}`", url.host())));
        }
        Ok(url)
    }

    /// What a refusal means, by the code in its header.
    fn meaning(&self, error: &NetError) -> Option<ProviderError> {
        let (exit, code) = match error {
            NetError::SignInNeeded { credential_sent: false, hint, .. } => (20, hint.as_deref()),
            NetError::SignInNeeded { hint, .. } => (21, hint.as_deref()),
            NetError::NotPermitted { hint, .. } => (22, hint.as_deref()),
            _ => return None,
        };
        let page = match self.kind {
            HubKind::Dataset => format!("https://huggingface.co/datasets/{}", self.repo),
            HubKind::Model => format!("https://huggingface.co/{}", self.repo),
        };
        let repo = Printable::new(&self.repo);
        let token = || Account::help("huggingface");
        let (message, help) = match (exit, code) {
            (20, Some("GatedRepo")) => (
                format!("`{repo}` is gated: the Hub wants to know who asks"),
                [token(), vec![format!("ask for access at <{page}>")]].concat(),
            ),
            (22, Some("GatedRepo")) => (
                format!("`{repo}` is gated, and the Hub has not granted it to this account"),
                vec![
                    format!("ask for access at <{page}>"),
                    "see the state of your request at <https://huggingface.co/settings/gated-repos>".to_owned(),
                ],
            ),
            (20, _) => (format!("`{repo}` is private or not there, and the Hub wants to know who asks"), token()),
            (21, _) => ("the Hub refuses the stored token".to_owned(), token()),
            _ => (
                format!("the Hub does not permit `{repo}` to this account"),
                vec![format!("see <{page}>; a fine-grained token must allow gated repositories")],
            ),
        };
        Some(ProviderError::Refused { exit, message, help })
    }
}

fn hub() -> SafeUrl {
    SafeUrl::parse("https://huggingface.co/").expect("it is an address")
}

fn with_query(url: SafeUrl, query: &str) -> SafeUrl {
    let mut url = url.expose().clone();
    url.set_query(Some(query));
    SafeUrl::from_url(url).expect("it stays an address")
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: "the Hugging Face Hub", reason }
}

/// The address behind `rel="next"` (RFC 8288).
fn next_page(link: &str) -> Option<&str> {
    link.split(',').find_map(|one| {
        let (address, parameters) = one.trim().strip_prefix('<')?.split_once('>')?;
        parameters.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next")).then_some(address)
    })
}

const LARGEST_PAGE: ByteSize = ByteSize(64 << 20);

#[derive(Debug, Deserialize)]
struct Whoami {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Info {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    oid: String,
    size: u64,
    path: String,
    lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

impl Item {
    /// A file at the commit that `place` names. Pure, so that the tests feed it recorded answers.
    fn into_file(self, place: &Arc<Locator>) -> Result<ListedFile, ProviderError> {
        let host = "the Hugging Face Hub";
        let path = RelPath::parse(&self.path).map_err(|source| ProviderError::Name { host, source })?;
        // For a large file `oid` is that of the pointer that git holds in its place.
        let (size, digest) = match self.lfs {
            Some(lfs) => (lfs.size, Digest::from_hex(Algorithm::Sha256, &lfs.oid)),
            None => (self.size, Digest::from_hex(Algorithm::GitBlob, &self.oid)),
        };
        Ok(ListedFile {
            size: Some(ByteSize(size)),
            digests: vec![digest.map_err(|error| unusable(error.to_string()))?],
            at: Some(place.clone()),
            ..ListedFile::named(path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "bcf91e7654fb9d51c8ab6a5b82cacf3fafd2fae9";

    #[test]
    fn large_files_are_proven_by_sha256_and_small_ones_by_their_blob() {
        let text = r#"[{"type":"file","oid":"30d74d258442c7c65512eafab474568dd706c430","size":4,"path":"a.csv"},
            {"type":"file","oid":"0000000000000000000000000000000000000000","size":132,"path":"b/big.bin",
             "lfs":{"oid":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":1048576,"pointerSize":132},
             "xetHash":"00"}]"#;
        let items: Vec<Item> = serde_json::from_str(text).unwrap();
        let place = Arc::new(Locator { key: Some(COMMIT.into()), ..Locator::default() });
        let files: Vec<ListedFile> = items.into_iter().map(|item| item.into_file(&place).unwrap()).collect();
        assert_eq!(files[0].digests[0].algorithm(), Algorithm::GitBlob);
        assert_eq!(files[1].digests[0].algorithm(), Algorithm::Sha256);
        assert_eq!(files[1].size, Some(ByteSize(1048576)));
    }

    #[test]
    fn the_next_page_is_read_from_the_link_header() {
        #[track_caller]
        fn check(link: &str, expected: Option<&str>) {
            assert_eq!(next_page(link), expected);
        }
        check("<https://huggingface.co/api/x?cursor=a>; rel=\"next\"", Some("https://huggingface.co/api/x?cursor=a"));
        check("<https://a/>; rel=\"prev\", <https://b/>; rel=\"next\"", Some("https://b/"));
        check("<https://a/>; rel=\"prev\"", None);
        check("", None);
    }

    #[test]
    fn a_gated_repository_is_explained() {
        let repository = HubRepository { repo: "o/r".into(), kind: HubKind::Dataset, revision: None };
        let url = hub();
        let error = NetError::NotPermitted { url, credential_sent: true, hint: Some("GatedRepo".into()) };
        let Some(ProviderError::Refused { exit: 22, help, .. }) = repository.meaning(&error) else { panic!() };
        assert!(help[0].contains("https://huggingface.co/datasets/o/r"));
    }
}
