//! Files of a figshare article, listed through its API.
//!
//! A published version never changes. The article's own list of files may be cut short, so the
//! paged list is asked, up to a short page. Bytes come from `ndownloader.figshare.com` and,
//! where that fails, from the API's download route; both redirect to a short-lived signed
//! address at an object store, which must not see the credential. The old routes below
//! `figshare.com` stand behind a challenge for browsers and are never used. What comes as
//! status 202 with an empty body is that challenge, and a failure.
//!
//! Sources: figshare/user_documentation (2024-12-05) and issue threads of 2026, read
//! 2026-11-23.

use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::Locator;
use crate::credentials::{CredentialSecret, Form};
use crate::net::{HttpRequest, RequestCredential};
use crate::plan::Location;
use crate::values::{Algorithm, ByteSize, Digest, RelPath, SafeUrl, Secret};

use super::identity::{self, Identity};
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

/// A published article.
#[derive(Debug, Clone)]
pub struct FigshareArticle {
    /// Its number.
    pub article: u64,
    /// Its version; the newest when absent.
    pub version: Option<u32>,
}

impl Provider for FigshareArticle {
    fn needs(&self) -> Needs {
        Needs::May(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        let located = |file: &ListedFile| file.locator().file_id.is_some();
        if extent == Extent::Known && known.0.iter().all(located) {
            return Ok(known);
        }
        let (mut files, mut cursors) = (Vec::new(), hosts.client.cursors());
        for page in 1..=PAGES {
            let url = self.files_url(page);
            let listed: Vec<File> = hosts.client.get_json(&ask(hosts, url)).await?;
            let last = listed.len() < PAGE_SIZE;
            // Pages have no names but their numbers, which may lead anywhere.
            if let Some(first) = listed.first() {
                cursors.step(first.id.to_string()).map_err(|error| unusable(error.to_string()))?;
            }
            files.extend(listed);
            if last {
                return into_listing(files, self.article);
            }
        }
        Err(unusable(format!("article {} has more than {} files", self.article, PAGES * PAGE_SIZE)))
    }

    fn ways(&self, _file: &ListedFile) -> usize {
        2
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, way: usize) -> Result<Location, ProviderError> {
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        let id = file.locator().file_id.as_deref().ok_or_else(missing)?;
        let request = match way {
            0 => HttpRequest::get(SafeUrl::ours("https://ndownloader.figshare.com/files").at(&[id])),
            _ => ask(hosts, SafeUrl::ours("https://api.figshare.com/v2/file/download").at(&[id])),
        };
        Ok(Location::Http(request))
    }
}

impl FigshareArticle {
    fn files_url(&self, page: usize) -> SafeUrl {
        let article = self.article.to_string();
        let version = self.version.map(|version| version.to_string());
        let mut parts = vec![article.as_str()];
        parts.extend(version.iter().flat_map(|version| ["versions", version.as_str()]));
        parts.push("files");
        let mut url = SafeUrl::ours("https://api.figshare.com/v2/articles").at(&parts).expose().clone();
        url.set_query(Some(&format!("page={page}&page_size={PAGE_SIZE}")));
        SafeUrl::from_url(url).expect("it stays an address")
    }
}

/// Whose token it is.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let request = ask(hosts, SafeUrl::ours("https://api.figshare.com/v2/account"));
    let account: Account = identity::ask("figshare", hosts, &request).await?;
    Ok(Identity { name: account.email })
}

/// A request to the API; the host's word for a token is `token`, not `Bearer`.
pub(super) fn ask(hosts: &Hosts, url: SafeUrl) -> HttpRequest {
    let credential = match &hosts.secret {
        Some(CredentialSecret::Token(token)) => Some(RequestCredential::Header {
            name: "authorization".to_owned(),
            value: Secret::new(format!("token {}", token.expose())),
        }),
        _ => None,
    };
    HttpRequest { credential, ..HttpRequest::get(url) }
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: "figshare", reason }
}

const PAGE_SIZE: usize = 100;

/// The host allows 500 files in an article; twice that ends a list that never ends.
const PAGES: usize = 10;

#[derive(Debug, Deserialize)]
struct Account {
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
struct File {
    id: u64,
    name: String,
    size: u64,
    #[serde(default)]
    is_link_only: bool,
    computed_md5: Option<String>,
    supplied_md5: Option<String>,
}

/// Pure, so that the tests feed it recorded answers. An article without any file is under
/// embargo or confidential.
fn into_listing(files: Vec<File>, article: u64) -> Result<Listing, ProviderError> {
    if files.is_empty() {
        return Err(ProviderError::Refused {
            exit: 22,
            message: format!("figshare shows no files of article {article}: it may be under embargo or confidential"),
            help: vec![format!("see <https://figshare.com/articles/dataset/_/{article}>")],
        });
    }
    let files = files.into_iter().filter(|file| !file.is_link_only).map(|file| {
        let path = RelPath::parse(&file.name).map_err(|source| ProviderError::Name { host: "figshare", source })?;
        let md5 = [file.computed_md5, file.supplied_md5].into_iter().flatten().find(|text| !text.is_empty());
        Ok(ListedFile {
            size: Some(ByteSize(file.size)),
            digests: md5.and_then(|hex| Digest::from_hex(Algorithm::Md5, &hex).ok()).into_iter().collect(),
            at: Some(Arc::new(Locator { file_id: Some(file.id.to_string()), ..Locator::default() })),
            ..ListedFile::named(path)
        })
    });
    files.collect::<Result<_, _>>().map(Listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_carry_their_number_and_md5() {
        let text = r#"[{"id":3000002,"name":"test.csv","size":14848,"is_link_only":false,
            "download_url":"https://ndownloader.figshare.com/files/3000002",
            "supplied_md5":"","computed_md5":"900150983cd24fb0d6963f7d28e17f72"},
            {"id":7,"name":"elsewhere","size":0,"is_link_only":true}]"#;
        let listing = into_listing(serde_json::from_str(text).unwrap(), 1).unwrap();
        assert_eq!(listing.0.len(), 1);
        assert_eq!(listing.0[0].locator().file_id.as_deref(), Some("3000002"));
        assert_eq!(listing.0[0].digests.len(), 1);
    }

    #[test]
    fn nothing_shown_is_a_refusal() {
        assert!(matches!(into_listing(Vec::new(), 1), Err(ProviderError::Refused { exit: 22, .. })));
    }

    #[test]
    fn a_version_is_part_of_the_address() {
        let article = FigshareArticle { article: 77, version: Some(2) };
        let url = article.files_url(1);
        assert_eq!(
            url.expose().as_str(),
            "https://api.figshare.com/v2/articles/77/versions/2/files?page=1&page_size=100"
        );
    }
}
