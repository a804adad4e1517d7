//! Files below a project or folder on Synapse (Sage Bionetworks).
//!
//! A file is an entity, `syn123`, with versions, `syn123.4`; the bytes of a version are a file
//! handle that never changes. The listing notes version and handle, so that a new version in
//! between changes nothing, and the handle gives size and MD5. Each file is asked for by one
//! request; the host allows 600 in a minute and three at once, so long lists are read at that
//! pace.
//!
//! Bytes come from the storage by a link that is signed for 30 seconds and limits the start of a
//! request only: every attempt and every piece after that time asks for a new one. The token
//! goes to Synapse, never to the storage. A download that is held back is answered with status
//! 201 and a failure code; what holds it back is then asked for and named, requirement by
//! requirement (`refusals`). Nothing is accepted for the person.
//!
//! Left out: links, tables and other entities that are no files, and files that are stored
//! elsewhere than with Synapse.
//!
//! Sources: synapseclient 4.14.0 and Synapse-Repository-Services of 2024-10-24, read 2026-11-23.

mod answers;
mod refusals;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::catalog::Locator;
use crate::credentials::Form;
use crate::net::HttpRequest;
use crate::plan::Location;
use crate::values::{ByteSize, RelPath, SafeUrl};

use super::identity::Identity;
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

use answers::{Batch, Bundle, ChildrenPage, Profile, RequestedFile};
use refusals::{Blocked, Subject};

/// A project or folder with everything below it, or a single file.
#[derive(Debug, Clone)]
pub struct SynapseEntity {
    /// Such as `syn123`; none where each file of the entry names its own.
    pub entity: Option<String>,
}

/// An entity, and a version of it where one is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct EntityId<'a> {
    id: &'a str,
    version: Option<&'a str>,
}

/// A file to be looked at: its id, the folders above it, its own name.
struct Child {
    id: String,
    folder: String,
    name: String,
}

impl Provider for SynapseEntity {
    fn needs(&self) -> Needs {
        Needs::May(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        let all_named = known.0.iter().all(|file| file.locator().entity.is_some());
        let children = match &self.entity {
            Some(root) if extent == Extent::All || !all_named => self.walk(hosts, root).await?,
            _ => Vec::new(),
        };
        let ids: Vec<String> = children.iter().map(|child| child.id.clone()).collect();
        let bundles = bundles(hosts, ids).await?;
        let mut listing = placed(children.into_iter().zip(bundles))?;
        // What the entry names by its own entity, and the folder does not hold.
        let held: HashSet<&RelPath> = listing.iter().map(|file| &file.path).collect();
        let named: Vec<ListedFile> = known.0.into_iter().filter(|file| !held.contains(&file.path)).collect();
        let named: Vec<(RelPath, String)> =
            named.into_iter().filter_map(|file| Some((file.path.clone(), file.locator().entity.clone()?))).collect();
        let ids: Vec<String> = named.iter().map(|(_, entity)| entity.clone()).collect();
        for ((path, _), bundle) in named.into_iter().zip(self::bundles(hosts, ids).await?) {
            listing.push(bundle.into_file(path));
        }
        Ok(Listing(listing))
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let Some(entity) = &file.locator().entity else {
            return Err(refusals::not_held(&file.path, self.entity.as_deref()));
        };
        let handle = match &file.locator().file_id {
            Some(handle) => handle.clone(),
            None => {
                let bundle = bundles(hosts, vec![entity.clone()]).await?.pop();
                bundle.and_then(|bundle| bundle.entity.data_file_handle_id).ok_or_else(|| no_file(entity))?
            }
        };
        let id = EntityId::of(entity).id;
        let document = json!({
            "includeFileHandles": true,
            "includePreSignedURLs": true,
            "requestedFiles": [{
                "fileHandleId": handle, "associateObjectId": id, "associateObjectType": "FileEntity",
            }],
        });
        let url = SafeUrl::ours("https://file-prod.prod.sagebase.org/file/v1/fileHandle/batch");
        let batch: Batch = ask(hosts, posted(hosts, url, &document), id).await?;
        let answer = batch.requested_files.into_iter().next().ok_or_else(|| unusable("it answers for no file"))?;
        self.link(hosts, file, id, answer).await
    }
}

/// Whose account the stored token opens.
///
/// # Errors
/// No stored token, one that Synapse refuses, or no answer.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    if hosts.secret.is_none() {
        let (host, provider) = ("Synapse".to_owned(), "synapse".to_owned());
        return Err(ProviderError::NoCredential { host, provider });
    }
    let request = asked(hosts, repository(&["userProfile"]));
    let profile: Profile = ask(hosts, request, "the account").await?;
    Ok(Identity { name: profile.user_name })
}

impl SynapseEntity {
    /// All files below `root`, folder by folder. A root that is a file is its only one.
    async fn walk(&self, hosts: &Hosts, root: &str) -> Result<Vec<Child>, ProviderError> {
        let top = bundles(hosts, vec![root.to_owned()]).await?.pop().ok_or_else(|| no_file(root))?;
        if top.is_file() {
            return Ok(vec![Child { id: root.to_owned(), folder: String::new(), name: top.entity.name }]);
        }
        let mut folders = VecDeque::from([(root.to_owned(), String::new())]);
        let mut seen = BTreeSet::from([root.to_owned()]);
        let (mut files, mut cursors) = (Vec::new(), hosts.client.cursors());
        while let Some((id, folder)) = folders.pop_front() {
            let mut token = None;
            loop {
                let page = children(hosts, &id, token.as_deref()).await?;
                for child in page.page {
                    let held = size_of::<Child>() + folder.len() + child.id.len() + child.name.len();
                    cursors.hold(held).map_err(|error| unusable(error.to_string()))?;
                    if child.is_file() {
                        files.push(Child { id: child.id, folder: folder.clone(), name: child.name });
                    } else if child.is_folder() && seen.insert(child.id.clone()) {
                        folders.push_back((child.id, format!("{folder}{}/", name_of(&child.name)?)));
                    }
                }
                let Some(next) = page.next_page_token.filter(|next| !next.is_empty()) else { break };
                cursors.step(format!("{id} {next}")).map_err(|error| unusable(error.to_string()))?;
                token = Some(next);
            }
        }
        Ok(files)
    }

    /// The link that the host gives for one file, or why it gives none.
    async fn link(
        &self,
        hosts: &Hosts,
        file: &ListedFile,
        id: &str,
        answer: RequestedFile,
    ) -> Result<Location, ProviderError> {
        match answer.failure_code.as_deref() {
            Some("NOT_FOUND") => return Err(refusals::gone(Subject { id, trashed: false })),
            Some(_) => return Err(refusals::held_back(hosts, &[Blocked::unknown(id)]).await),
            None => {}
        }
        if let Some(elsewhere) = answer.file_handle.as_ref().filter(|handle| !handle.is_with_synapse()) {
            return Err(refusals::stored_elsewhere(&file.path, elsewhere));
        }
        let url = answer.pre_signed_url.ok_or_else(|| unusable("it gives no link to the bytes"))?;
        let url = SafeUrl::parse(&url).map_err(|error| unusable(error.to_string()))?;
        if !url.is_https() {
            return Err(unusable(format!("its link to the bytes at `{}` is not protected", url.host())));
        }
        let now = hosts.client.settings().clock.now();
        // Without a credential: the signature is all that the storage wants.
        Ok(Location::Http(HttpRequest { expires: Some(now + LIFETIME), ..HttpRequest::get(url) }))
    }
}

/// The bundles of these entities in their order. Fails where any of them is held back, and names
/// everything that holds them back.
async fn bundles(hosts: &Hosts, ids: Vec<String>) -> Result<Vec<Bundle>, ProviderError> {
    let begun = tokio::time::Instant::now();
    let asking = ids.into_iter().enumerate().map(|(at, id)| async move {
        tokio::time::sleep_until(begun + not_before(at)).await;
        bundle(hosts, &id).await
    });
    // The first refusal ends it: only what holds entities back is gathered from all of them.
    let bundles: Vec<Bundle> = futures_util::stream::iter(asking).buffered(CONNECTIONS).try_collect().await?;
    let blocked: Vec<Blocked> = bundles.iter().filter_map(Bundle::blocked).collect();
    if blocked.is_empty() { Ok(bundles) } else { Err(refusals::held_back(hosts, &blocked).await) }
}

async fn bundle(hosts: &Hosts, entity: &str) -> Result<Bundle, ProviderError> {
    let EntityId { id, version } = EntityId::of(entity);
    let url = match version {
        Some(version) => repository(&["entity", id, "version", version, "bundle2"]),
        None => repository(&["entity", id, "bundle2"]),
    };
    let parts = json!({ "includeEntity": true, "includeFileHandles": true, "includeRestrictionInformation": true });
    ask(hosts, posted(hosts, url, &parts), id).await
}

/// A page of what lies right below a container.
async fn children(hosts: &Hosts, id: &str, token: Option<&str>) -> Result<ChildrenPage, ProviderError> {
    let document = json!({
        "parentId": id, "nextPageToken": token, "includeTypes": ["folder", "file"],
        "sortBy": "NAME", "sortDirection": "ASC",
    });
    ask(hosts, posted(hosts, repository(&["entity", "children"]), &document), id).await
}

/// What an interface answers, or what its refusal means. `subject` is the entity that is asked for.
async fn ask<T: DeserializeOwned>(hosts: &Hosts, request: HttpRequest, subject: &str) -> Result<T, ProviderError> {
    let answer = hosts.client.call(&request, LARGEST_PAGE).await?;
    match &answer.error {
        None => Ok(answer.json()?),
        Some(error) => Err(refusals::meaning(hosts, error, answer.refusal(), subject).await),
    }
}

fn asked(hosts: &Hosts, url: SafeUrl) -> HttpRequest {
    HttpRequest { connections: Some(CONNECTIONS), ..hosts.get(url) }
}

fn posted(hosts: &Hosts, url: SafeUrl, document: &serde_json::Value) -> HttpRequest {
    let credential = hosts.credential();
    HttpRequest { connections: Some(CONNECTIONS), credential, ..HttpRequest::post_json(url, document) }
}

/// The files in their places. A file is called as the handle says, which is what it was when it
/// was uploaded; where two of a folder are called the same, all but the first go by the names of
/// their entities, which differ.
fn placed(found: impl Iterator<Item = (Child, Bundle)>) -> Result<Vec<ListedFile>, ProviderError> {
    let mut taken = HashSet::new();
    let mut files = Vec::new();
    for (child, bundle) in found {
        if !bundle.is_file() {
            return Err(no_file(&child.id));
        }
        let own = format!("{}{}", child.folder, name_of(bundle.file_name().unwrap_or(&child.name))?);
        let path = if taken.contains(&own) { format!("{}{}", child.folder, name_of(&child.name)?) } else { own };
        if !taken.insert(path.clone()) {
            return Err(unusable(format!("two files of it are called `{path}`")));
        }
        files.push(bundle.into_file(parsed(&path)?));
    }
    Ok(files)
}

/// A name that is one name, and not a path.
fn name_of(name: &str) -> Result<&str, ProviderError> {
    let path = parsed(name)?;
    if path.names().count() == 1 { Ok(name) } else { Err(unusable(format!("`{path}` is no name of a file"))) }
}

fn parsed(path: &str) -> Result<RelPath, ProviderError> {
    RelPath::parse(path).map_err(|source| ProviderError::Name { host: "Synapse", source })
}

/// When request number `at` of a row may be sent: a handful at once, then at a pace that stays
/// below 600 in a minute.
fn not_before(at: usize) -> Duration {
    const AT_ONCE: usize = 30;
    const EACH: Duration = Duration::from_millis(108);
    EACH * u32::try_from(at.saturating_sub(AT_ONCE)).unwrap_or(u32::MAX)
}

fn repository(parts: &[&str]) -> SafeUrl {
    SafeUrl::ours("https://repo-prod.prod.sagebase.org/repo/v1").at(parts)
}

fn no_file(entity: &str) -> ProviderError {
    unusable(format!("`{entity}` is neither a file nor a folder"))
}

fn unusable(reason: impl Into<String>) -> ProviderError {
    ProviderError::Answer { host: "Synapse", reason: reason.into() }
}

impl<'a> EntityId<'a> {
    fn of(text: &'a str) -> Self {
        match text.split_once('.') {
            Some((id, version)) => Self { id, version: Some(version) },
            None => Self { id: text, version: None },
        }
    }
}

/// Requests that the host answers at once.
const CONNECTIONS: usize = 3;

/// How long a link works, with a margin for the way to the storage.
const LIFETIME: Duration = Duration::from_secs(25);

const LARGEST_PAGE: ByteSize = ByteSize(16 << 20);

impl Bundle {
    /// The file with what proves it and what pins it.
    fn into_file(self, path: RelPath) -> ListedFile {
        let handle = self.handle();
        let version = self.entity.version_number.map(|version| format!(".{version}")).unwrap_or_default();
        let at = Locator {
            entity: Some(format!("{}{version}", self.entity.id)),
            file_id: self.entity.data_file_handle_id.clone(),
            ..Locator::default()
        };
        ListedFile {
            size: handle.and_then(|handle| handle.content_size).map(ByteSize),
            digests: handle.and_then(answers::FileHandle::md5).into_iter().collect(),
            at: Some(Arc::new(at)),
            ..ListedFile::named(path)
        }
    }
}

#[cfg(test)]
mod tests;
