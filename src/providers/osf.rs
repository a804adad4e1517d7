//! Files of a project on the Open Science Framework, listed through its JSON:API.
//!
//! The storage of a project is a tree of folders; each folder is a list with pages, and the
//! addresses of further pages and folders come from the answers, as long as they stay with the
//! API's own origin. Files carry MD5 and SHA-256 where they lie in OSF's own storage. The file
//! server redirects to a signed address at another origin, which does not see the credential.
//! Anonymous callers have a hundred requests in an hour: a token raises that. Components of a
//! project are projects of their own and are not listed with it.
//!
//! Sources: waterbutler (2026-01-04) and osf.io (2026-07-20) at CenterForOpenScience, read
//! 2026-11-23.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::Locator;
use crate::credentials::Form;
use crate::net::HttpRequest;
use crate::plan::Location;
use crate::values::{Algorithm, ByteSize, Digest, RelPath, SafeUrl};

use super::identity::{self, Identity};
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

/// A project, component or registration.
#[derive(Debug, Clone)]
pub struct OsfNode {
    /// Its five letters.
    pub node: String,
}

impl Provider for OsfNode {
    fn needs(&self) -> Needs {
        Needs::May(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known && known.0.iter().all(|file| file.locator().url.is_some()) {
            return Ok(known);
        }
        let api = SafeUrl::ours("https://api.osf.io/v2/");
        let first = api.join(&format!("nodes/{}/files/osfstorage/?page%5Bsize%5D=100", self.node));
        let mut pages = VecDeque::from([first.map_err(|error| unusable(error.to_string()))?]);
        let mut files = Vec::new();
        let mut cursors = hosts.client.cursors();
        while let Some(url) = pages.pop_front() {
            let request = HttpRequest { connections: Some(CONNECTIONS), ..hosts.get(url) }
                .with_header("accept", "application/vnd.api+json");
            let folder: Folder = hosts.client.get_json(&request).await?;
            for found in folder.into_found()? {
                match found {
                    Found::File(file) => {
                        cursors.hold(file.weight()).map_err(|error| unusable(error.to_string()))?;
                        files.push(file);
                    }
                    Found::Folder(text) => {
                        cursors.hold(text.len()).map_err(|error| unusable(error.to_string()))?;
                        cursors.step(&text).map_err(|error| unusable(error.to_string()))?;
                        pages.push_back(at_api(&api, &text)?);
                    }
                    Found::Next(text) => {
                        cursors.step(&text).map_err(|error| unusable(error.to_string()))?;
                        pages.push_back(at_api(&api, &text)?);
                    }
                }
            }
        }
        Ok(Listing(files))
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        if let Some(url) = &file.locator().url {
            return Ok(Location::Http(HttpRequest::get(url.clone())));
        }
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        let id = file.locator().file_id.as_deref().ok_or_else(missing)?;
        let server = SafeUrl::ours("https://files.osf.io/v1/resources");
        Ok(Location::Http(hosts.get(server.at(&[&self.node, "providers", "osfstorage", id]))))
    }
}

/// Whose token it is.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let request =
        hosts.get(SafeUrl::ours("https://api.osf.io/v2/users/me/")).with_header("accept", "application/vnd.api+json");
    let account: Account = identity::ask("osf", hosts, &request).await?;
    Ok(Identity { name: account.data.attributes.full_name })
}

/// The API allows three lists of files in a second.
const CONNECTIONS: usize = 4;

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: "OSF", reason }
}

/// An address that an answer gives, if it is one of the API: the credential goes there.
fn at_api(api: &SafeUrl, text: &str) -> Result<SafeUrl, ProviderError> {
    let url = SafeUrl::parse(text).map_err(|error| unusable(error.to_string()))?;
    if url.origin() != api.origin() {
        return Err(unusable(format!("a page of its list lies at `{}`", url.host())));
    }
    Ok(url)
}

#[derive(Debug, Deserialize)]
struct Account {
    data: AccountData,
}

#[derive(Debug, Deserialize)]
struct AccountData {
    attributes: AccountAttributes,
}

#[derive(Debug, Deserialize)]
struct AccountAttributes {
    full_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Folder {
    data: Vec<Item>,
    #[serde(default)]
    links: PageLinks,
}

#[derive(Debug, Default, Deserialize)]
struct PageLinks {
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Item {
    attributes: Attributes,
    relationships: Option<Relationships>,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    kind: String,
    path: Option<String>,
    materialized_path: Option<String>,
    size: Option<u64>,
    #[serde(default)]
    extra: Extra,
}

#[derive(Debug, Default, Deserialize)]
struct Extra {
    #[serde(default)]
    hashes: Hashes,
}

#[derive(Debug, Default, Deserialize)]
struct Hashes {
    md5: Option<String>,
    sha256: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Relationships {
    files: Option<Related>,
}

#[derive(Debug, Deserialize)]
struct Related {
    links: RelatedLinks,
}

#[derive(Debug, Deserialize)]
struct RelatedLinks {
    related: Href,
}

#[derive(Debug, Deserialize)]
struct Href {
    href: String,
}

/// What a page of a folder holds.
#[derive(Debug)]
enum Found {
    File(ListedFile),
    /// The address of a folder's first page.
    Folder(String),
    /// The address of the next page.
    Next(String),
}

impl Folder {
    /// Pure, so that the tests feed it recorded answers.
    fn into_found(self) -> Result<Vec<Found>, ProviderError> {
        let items = self.data.into_iter().filter_map(|item| match item.attributes.kind.as_str() {
            "file" => Some(item.attributes.into_file().map(Found::File)),
            "folder" => {
                let files = item.relationships.and_then(|one| one.files)?;
                Some(Ok(Found::Folder(with_page_size(files.links.related.href))))
            }
            _ => None,
        });
        items.chain(self.links.next.map(|next| Ok(Found::Next(next)))).collect()
    }
}

fn with_page_size(href: String) -> String {
    if href.contains('?') { href } else { format!("{href}?page%5Bsize%5D=100") }
}

impl Attributes {
    fn into_file(self) -> Result<ListedFile, ProviderError> {
        let name = self.materialized_path.unwrap_or_default();
        let path = RelPath::parse(name.trim_start_matches('/'))
            .map_err(|source| ProviderError::Name { host: "OSF", source })?;
        let id = self.path.unwrap_or_default().trim_start_matches('/').to_owned();
        let hashes = self.extra.hashes;
        let digests = [(Algorithm::Sha256, hashes.sha256), (Algorithm::Md5, hashes.md5)];
        Ok(ListedFile {
            size: self.size.map(ByteSize),
            digests: digests
                .into_iter()
                .filter_map(|(algorithm, hex)| Digest::from_hex(algorithm, &hex?).ok())
                .collect(),
            at: Some(Arc::new(Locator { file_id: Some(id), ..Locator::default() })),
            ..ListedFile::named(path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_files_folders_and_its_next_page() {
        let text = r#"{"data":[
            {"attributes":{"kind":"file","name":"big.bin","path":"/5f00","materialized_path":"/data/big.bin","size":3,
              "extra":{"hashes":{"md5":"900150983cd24fb0d6963f7d28e17f72",
                "sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}}}},
            {"attributes":{"kind":"folder","name":"more","path":"/5f01/","materialized_path":"/more/"},
             "relationships":{"files":{"links":{"related":{"href":"https://api.osf.io/v2/nodes/x/files/osfstorage/5f01/"}}}}}],
            "links":{"next":"https://api.osf.io/v2/nodes/x/files/osfstorage/?page=2"}}"#;
        let folder: Folder = serde_json::from_str(text).unwrap();
        let found = folder.into_found().unwrap();
        let [Found::File(file), Found::Folder(folder), Found::Next(next)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((file.path.as_str(), file.digests.len()), ("data/big.bin", 2));
        assert!(folder.ends_with("5f01/?page%5Bsize%5D=100"));
        assert!(next.ends_with("page=2"));
    }

    #[test]
    fn pages_stay_at_the_api() {
        let api = SafeUrl::ours("https://api.osf.io/v2/");
        assert!(at_api(&api, "https://api.osf.io/v2/x").is_ok());
        assert!(at_api(&api, "https://elsewhere.example/v2/x").is_err());
    }
}
