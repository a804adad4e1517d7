//! Files of a dataset on Redivis, where Stanford's AIMI centre and others keep sets.
//!
//! A dataset is made of tables; files lie in those that are file indexes. Their list comes whole,
//! as an Arrow stream (`index`), with an id, a size and an MD5 of each file. Names of datasets,
//! tables and versions form one reference, `owner.dataset:id:v1_0.table:id`; without a version the
//! current one is meant.
//!
//! Bytes are asked for by the id of a file, which never changes. Redivis answers with them or leads
//! to a link of its storage that is signed for a while: the token stays behind, and every attempt
//! asks for its own link. Public sets need no token. What else a set asks for (an agreement, a
//! membership, an approval) is met on its page by a person; the interface only says that it is not.
//!
//! Left out: rows of tables that are no file indexes, and files of workflows.
//!
//! Sources: redivis 0.21.1 of PyPI, run; Redivis's documentation (referencing resources, table,
//! dataset, rawFiles, authorization, limits), read 2026-11-28.

#[cfg(feature = "arrow")]
mod index;
mod refusal;
#[cfg(feature = "arrow")]
mod stream;

use serde::Deserialize;

use crate::credentials::Form;
use crate::net::{NetError, Page, Peek};
use crate::plan::Location;
use crate::values::percent::RESERVED;
use crate::values::{ByteSize, RelPath, SafeUrl};

use super::identity::{self, Identity};
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

use refusal::{Refused, Subject};

/// A dataset, or one table of it.
#[derive(Debug, Clone)]
pub struct RedivisFiles {
    /// The organisation or person that keeps it.
    pub owner: String,
    /// Its name, with its id and version where they are known: `chexpert_plus:5fja:v1_0`.
    pub dataset: String,
    /// The table; every file index of the dataset when absent, each in a folder of its name.
    pub table: Option<String>,
    /// The page where a person asks for access, where the entry names one.
    pub page: Option<SafeUrl>,
}

/// A table that indexes files, and the folder that they go to.
struct IndexTable {
    reference: String,
    folder: Option<RelPath>,
}

impl Provider for RedivisFiles {
    fn needs(&self) -> Needs {
        Needs::May(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known && known.0.iter().all(|file| file.locator().file_id.is_some()) {
            return Ok(known);
        }
        let mut files = Vec::new();
        for table in self.indexes(hosts).await? {
            let url = api(&["tables", &table.reference, "rawFiles"], &[("format", "arrow")])?;
            let page = self.ask(hosts, url, LARGEST_INDEX).await?;
            files.extend(files_of(&page.bytes, table.folder.as_ref())?);
        }
        Ok(Listing(files))
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        let id = file.locator().file_id.as_deref().ok_or_else(missing)?;
        Ok(Location::Http(hosts.get(api(&["rawFiles", id], &[])?)))
    }

    /// The reason stands in the body, which a download does not read: the file is asked for once more.
    async fn explain(&self, hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        let url = error.url().filter(|url| url.origin() == SafeUrl::ours(API).origin())?;
        let refused = match error {
            NetError::SignInNeeded { .. } | NetError::NotPermitted { .. } => {
                match hosts.client.peek(&hosts.get(url.clone()), LARGEST_PAGE).await.ok()? {
                    Peek::Page(answer) => Refused::of(&answer, hosts),
                    Peek::File(_) => return None,
                }
            }
            NetError::Gone { .. } => Refused::default(),
            _ => return None,
        };
        self.meaning(hosts, error, &refused).await
    }
}

/// Whose account the stored token opens.
///
/// # Errors
/// A token that Redivis does not take: exit 21.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let account: Named = identity::ask("redivis", hosts, &hosts.get(api(&["users", "me"], &[])?)).await?;
    Ok(Identity { name: account.name })
}

impl RedivisFiles {
    /// The reference of the dataset.
    fn reference(&self) -> String {
        format!("{}.{}", self.owner, self.dataset)
    }

    /// The tables whose files are meant.
    async fn indexes(&self, hosts: &Hosts) -> Result<Vec<IndexTable>, ProviderError> {
        let dataset = self.reference();
        if let Some(table) = &self.table {
            return Ok(vec![IndexTable { reference: format!("{dataset}.{table}"), folder: None }]);
        }
        let (mut indexes, mut others) = (Vec::new(), 0);
        let (mut token, mut cursors) = (None, hosts.client.cursors());
        loop {
            let query = [("maxResults", Some(PAGE.to_owned())), ("pageToken", token)];
            let query: Vec<(&str, &str)> =
                query.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
            let page = self.ask(hosts, api(&["datasets", &dataset, "tables"], &query)?, LARGEST_PAGE).await?;
            let page: Tables = page.json()?;
            for table in page.results {
                cursors.hold(size_of::<IndexTable>()).map_err(|error| unusable(error.to_string()))?;
                match table.is_file_index {
                    true => indexes.push(table.into_index(&dataset)?),
                    false => others += 1,
                }
            }
            let Some(next) = page.next_page_token.filter(|next| !next.is_empty()) else { break };
            cursors.step(&next).map_err(|error| unusable(error.to_string()))?;
            token = Some(next);
        }
        if indexes.is_empty() {
            return Err(refusal::no_files(self.subject(hosts).await, others));
        }
        Ok(indexes)
    }

    /// An answer of the interface, or what its refusal means. What Redivis warns of is passed on.
    async fn ask(&self, hosts: &Hosts, url: SafeUrl, limit: ByteSize) -> Result<Page, ProviderError> {
        let answer = hosts.client.call(&hosts.get(url), limit).await?;
        let refused = Refused::of(&answer, hosts);
        let Some(error) = answer.error else {
            refused.warning.into_iter().for_each(|warning| hosts.warn(warning));
            return Ok(answer.page);
        };
        Err(self.meaning(hosts, &error, &refused).await.unwrap_or_else(|| error.into()))
    }

    async fn meaning(&self, hosts: &Hosts, error: &NetError, refused: &Refused) -> Option<ProviderError> {
        let is_known =
            matches!(error, NetError::SignInNeeded { .. } | NetError::NotPermitted { .. } | NetError::Gone { .. });
        if is_known { refusal::meaning(error, refused, &self.subject(hosts).await) } else { None }
    }

    /// What is asked for, with its page: as the entry has it, else as Redivis says where it says
    /// that to the one who asks.
    async fn subject(&self, hosts: &Hosts) -> Subject {
        let page = match &self.page {
            Some(page) => Some(page.clone()),
            None => self.own_page(hosts).await,
        };
        Subject { reference: self.reference(), page: page.unwrap_or_else(|| SafeUrl::ours(SITE)) }
    }

    async fn own_page(&self, hosts: &Hosts) -> Option<SafeUrl> {
        let url = api(&["datasets", &self.reference()], &[]).ok()?;
        let about: About = hosts.client.call(&hosts.get(url), LARGEST_PAGE).await.ok()?.json().ok()?;
        about.page()
    }
}

/// The files of an index.
#[cfg(feature = "arrow")]
fn files_of(bytes: &[u8], folder: Option<&RelPath>) -> Result<Vec<ListedFile>, ProviderError> {
    index::files_of(bytes, folder)
}

#[cfg(not(feature = "arrow"))]
fn files_of(_bytes: &[u8], _folder: Option<&RelPath>) -> Result<Vec<ListedFile>, ProviderError> {
    Err(ProviderError::Refused {
        exit: 55,
        message: "this build of medsets reads no Arrow streams, and Redivis lists files in one".to_owned(),
        help: vec!["use a build with the feature `arrow`".to_owned()],
    })
}

/// An address of the interface. Each part is one segment, whatever it holds; Redivis wants colons
/// escaped, too.
pub(super) fn api(parts: &[&str], query: &[(&str, &str)]) -> Result<SafeUrl, ProviderError> {
    let mut text = API.to_owned();
    for part in parts {
        if matches!(*part, "" | "." | "..") {
            return Err(unusable("a name of it is empty or made of dots".to_owned()));
        }
        text.push('/');
        text.extend(percent_encoding::utf8_percent_encode(part, RESERVED));
    }
    let mut url = SafeUrl::ours(&text).expose().clone();
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(SafeUrl::from_url(url).expect("it stays an address"))
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: HOST, reason }
}

fn refused_name(source: crate::values::UnsafePath) -> ProviderError {
    ProviderError::Name { host: HOST, source }
}

const HOST: &str = "Redivis";

const SITE: &str = "https://redivis.com/";

const API: &str = "https://redivis.com/api/v1";

/// Tables on a page, as Redivis's own client asks for.
const PAGE: &str = "100";

const LARGEST_PAGE: ByteSize = ByteSize(16 << 20);

/// Some hundred bytes a file: more than a million files.
const LARGEST_INDEX: ByteSize = ByteSize(512 << 20);

/// `GET /datasets/REFERENCE/tables`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tables {
    results: Vec<Table>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    name: String,
    qualified_reference: Option<String>,
    #[serde(default)]
    is_file_index: bool,
}

/// `GET /datasets/REFERENCE`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    pub name: Option<String>,
    pub qualified_reference: Option<String>,
    pub doi: Option<String>,
    /// What everybody may see: `none`, `overview`, `metadata`, `sample`, `data` or `edit`.
    pub public_access_level: Option<String>,
    url: Option<String>,
}

/// `GET /users/me`.
#[derive(Debug, Deserialize)]
struct Named {
    name: Option<String>,
}

impl Table {
    fn into_index(self, dataset: &str) -> Result<IndexTable, ProviderError> {
        let folder = RelPath::parse(&self.name).map_err(refused_name)?;
        if folder.names().count() > 1 {
            return Err(unusable(format!("`{folder}` is no name of a folder")));
        }
        let reference = self.qualified_reference.unwrap_or_else(|| format!("{dataset}.{}", self.name));
        Ok(IndexTable { reference, folder: Some(folder) })
    }
}

impl About {
    /// Its page, which is one of Redivis.
    pub fn page(&self) -> Option<SafeUrl> {
        let page = SafeUrl::parse(self.url.as_deref()?).ok()?;
        let is_theirs = page.host() == "redivis.com" || page.host().ends_with(".redivis.com");
        (page.is_https() && is_theirs).then_some(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_one_segment_of_an_address() {
        #[track_caller]
        fn check(parts: &[&str], expected: Option<&str>) {
            let url = api(parts, &[("format", "arrow")]).ok();
            let expected = expected.map(|path| format!("{API}{path}?format=arrow"));
            assert_eq!(url.map(|url| url.expose().to_string()), expected);
        }
        check(&["tables", "o.ds:abcd.t:efgh", "rawFiles"], Some("/tables/o.ds%3Aabcd.t%3Aefgh/rawFiles"));
        check(&["rawFiles", "93qh-6w.bc57/../x"], Some("/rawFiles/93qh-6w.bc57%2F..%2Fx"));
        check(&["rawFiles", ".."], None);
        check(&["rawFiles", ""], None);
    }

    #[test]
    fn a_table_is_a_folder_of_its_name() {
        #[track_caller]
        fn check(table: &str, expected: Option<(&str, &str)>) {
            let table: Table = serde_json::from_str(table).unwrap();
            let index = table.into_index("o.ds").ok();
            let found = index.as_ref().map(|index| (index.reference.as_str(), index.folder.as_ref().unwrap().as_str()));
            assert_eq!(found, expected);
        }
        let named =
            r#"{"name":"Chest X-rays","qualifiedReference":"o.ds:abcd:v1_0.chest_x_rays:efgh","isFileIndex":true}"#;
        check(named, Some(("o.ds:abcd:v1_0.chest_x_rays:efgh", "Chest X-rays")));
        check(r#"{"name":"images"}"#, Some(("o.ds.images", "images")));
        check(r#"{"name":"a/b"}"#, None);
        check(r#"{"name":"../b"}"#, None);
    }

    #[test]
    fn pages_are_those_of_redivis() {
        #[track_caller]
        fn check(url: &str, expected: bool) {
            let about = About { url: Some(url.to_owned()), ..About::default() };
            assert_eq!(about.page().is_some(), expected, "{url}");
        }
        check("https://redivis.com/datasets/5fja-abcdefghj", true);
        check("https://stanford.redivis.com/datasets/5fja", true);
        check("https://redivis.com.example.org/datasets", false);
        check("http://redivis.com/datasets", false);
    }
}
