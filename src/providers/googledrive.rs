//! Files shared on Google Drive with everybody who has the link.
//!
//! Drive has no documented way for this: a program does what a browser does. The address of a
//! file leads to its bytes, or, where Google did not look for viruses, to a page with a form
//! that leads to them with the same cookies; that is gone through, and the address behind it is
//! asked for anew whenever a file starts or goes on. All other pages are refusals, and come with
//! status 200: a quota that is used up, a file that is not shared. An answer is the file only
//! where it says so with `Content-Disposition`.
//!
//! A folder is read from the page that Drive makes for other sites to embed. It has names alone,
//! no sizes and no digests. It does not say whether it is whole, and no limit of it is known: the
//! fifty entries at which older versions of gdown stopped are those of the page for people
//! (wkentaro/gdown#453). What must be whole is named by its entry.
//! Documents of Google's own are exported as Office files, which are made anew each time.
//!
//! Google wants few requests: one connection, and what it names with `x-goog-hash` is checked.
//! Sources: PyPI gdown 6.5.1, run against a stand-in, and its issues, read 2026-11-28. gdown
//! calls itself a browser; medsets says what it is.

mod page;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::Locator;
use crate::net::{Cookies, HttpRequest, NetError, Peek};
use crate::plan::Location;
use crate::values::{ByteSize, Printable, RelPath, SafeUrl};

use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError};

use page::{Entry, Kind, Page};

/// Files of a shared folder, or files that the entry gives the ids of.
#[derive(Debug, Clone)]
pub struct DriveFiles {
    /// The folder's id.
    pub folder: Option<String>,
}

impl Provider for DriveFiles {
    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        // Without the folder nothing tells the ids of files that the entry only names.
        let located = known.0.iter().all(|file| file.locator().file_id.is_some());
        match &self.folder {
            Some(folder) if extent == Extent::All || !located => folder_listing(hosts, folder).await,
            _ => Ok(known),
        }
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let id = file.locator().file_id.as_deref().ok_or_else(|| ProviderError::NoPlace { path: file.path.clone() })?;
        let mut request = match file.locator().entity.as_deref().map(Kind::parse) {
            None | Some(Kind::File) => ask(start(id, file.locator().key.as_deref())),
            Some(kind) => ask(kind.export(id).ok_or_else(|| no_file(file))?),
        };
        // The page of the virus check leads to the bytes, and nothing else leads on.
        for page in 0..MOST_PAGES {
            let refused = |error| if page == 0 { refused_first(error, file, id) } else { refused(error, id) };
            let answer = match hosts.client.peek(&request, LARGEST_PAGE).await.map_err(refused)? {
                Peek::File(url) => {
                    let request = HttpRequest { url, known_as: Some(view(id)), ..request };
                    return Ok(Location::Http(request));
                }
                Peek::Page(answer) => answer,
            };
            if let Some(error) = answer.error {
                return Err(refused(error));
            }
            let page = Page::read(&answer.page.text());
            request.url = match page.next(&answer.page.url) {
                Some(url) => url,
                None => return Err(meaning(&page, &answer.page.url, &file.path, id)),
            };
        }
        Err(unusable("one page of a virus check leads to another".to_owned()))
    }
}

/// All files of a folder and those below it, by their paths.
async fn folder_listing(hosts: &Hosts, root: &str) -> Result<Listing, ProviderError> {
    let mut files = Vec::new();
    let (mut seen, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        // A shortcut may lead back to a folder above it.
        if !seen.insert(folder.clone()) {
            continue;
        }
        for entry in entries(hosts, &folder).await? {
            let mut name = format!("{prefix}{}{}", entry.name, entry.kind.extension());
            if entry.kind == Kind::Folder {
                waiting.push((entry.id, format!("{name}/")));
                continue;
            }
            // Drive lets several files of a folder have one name.
            if !names.insert(name.clone()) {
                name = format!("{name} ({})", entry.id);
            }
            files.push(entry.into_file(&name)?);
        }
    }
    files.sort_by(|one: &ListedFile, other| one.path.cmp(&other.path));
    Ok(Listing(files))
}

/// What lies right below a folder.
async fn entries(hosts: &Hosts, folder: &str) -> Result<Vec<Entry>, ProviderError> {
    let url = with_query("https://drive.google.com/embeddedfolderview", &[("id", folder)]);
    let answer = hosts.client.call(&ask(url), LARGEST_PAGE).await?;
    let page = format!("https://drive.google.com/drive/folders/{folder}");
    if answer.error.is_some() || is_sign_in(&answer.page.url) {
        let message = "Google Drive does not show the folder: it is not shared with everybody, or gone".to_owned();
        let exit = if matches!(answer.error, Some(NetError::Gone { .. })) { 35 } else { 22 };
        return Err(ProviderError::Refused { exit, message, help: vec![format!("see <{page}> in a browser")] });
    }
    let text = answer.page.text();
    page::entries(&text).ok_or_else(|| {
        let title = titled(&Page::read(&text));
        let message = format!("Google Drive sends a web page in the place of the folder{title}");
        ProviderError::Refused { exit: 42, message, help: vec![format!("see <{page}> in a browser")] }
    })
}

impl Entry {
    fn into_file(self, name: &str) -> Result<ListedFile, ProviderError> {
        let host = "Google Drive";
        let path = RelPath::parse(name).map_err(|source| ProviderError::Name { host, source })?;
        let entity = (self.kind != Kind::File).then(|| self.kind.word().to_owned());
        let at = Locator { file_id: Some(self.id), key: self.resource_key, entity, ..Locator::default() };
        Ok(ListedFile { at: Some(Arc::new(at)), ..ListedFile::named(path) })
    }
}

/// What a page in the place of a file means.
fn meaning(page: &Page, at: &SafeUrl, path: &RelPath, id: &str) -> ProviderError {
    let view = view(id);
    let by_hand =
        format!("or open <{view}> in a browser that is signed in, and take the file in with `medsets import`");
    let (exit, message, help) = if page.is_about_quota() {
        let message = format!("Google Drive has given `{path}` to too many people today: its quota is used up");
        let wait = "run the same command again later, after up to 24 hours; what is finished is kept".to_owned();
        let other = "choose another source with `--source`, if `medsets info ID --sources` shows one".to_owned();
        (33, message, vec![wait, other, by_hand])
    } else if is_sign_in(at) {
        let message = format!("Google Drive does not share `{path}` with everybody");
        (22, message, vec![format!("ask its owner for access at <{view}>"), by_hand])
    } else {
        let message = format!("Google Drive sends a web page in the place of `{path}`{}", titled(page));
        (42, message, vec![format!("open <{view}> in a browser: it says what is the matter"), by_hand])
    };
    ProviderError::Refused { exit, message, help }
}

fn titled(page: &Page) -> String {
    page.title.as_ref().map_or(String::new(), |title| format!(" (\"{}\")", Printable::cut(title, 80)))
}

/// What a status that is no success means.
fn refused(error: NetError, id: &str) -> ProviderError {
    let view = view(id);
    let (exit, message) = match &error {
        NetError::Gone { .. } => (35, "Google Drive no longer has the file"),
        NetError::SignInNeeded { .. } | NetError::NotPermitted { .. } => {
            (22, "Google Drive does not share the file with everybody")
        }
        _ => return error.into(),
    };
    let help = vec![format!("see <{view}> in a browser, or choose another source with `--source`")];
    ProviderError::Refused { exit, message: message.to_owned(), help }
}

/// The same for the first address, which fails for documents of Google's own: their kind is not
/// known where the entry names nothing but an id.
fn refused_first(error: NetError, file: &ListedFile, id: &str) -> ProviderError {
    if !matches!(error, NetError::ServerError { status: 500, .. }) {
        return refused(error, id);
    }
    ProviderError::Refused {
        exit: 26,
        message: format!(
            "Google Drive does not give `{}` as a file (status 500): it is a document of Google's own",
            file.path
        ),
        help: vec![format!("save <{}> as a file in a browser, and take it in with `medsets import`", view(id))],
    }
}

fn no_file(file: &ListedFile) -> ProviderError {
    ProviderError::Refused {
        exit: 26,
        message: format!("`{}` is a document of Google's own of a kind that cannot be saved as a file", file.path),
        help: vec![format!("leave it out with `--exclude '{}'`", file.path)],
    }
}

/// Where a browser begins.
fn start(id: &str, resource_key: Option<&str>) -> SafeUrl {
    let mut query = vec![("id", id), ("export", "download")];
    query.extend(resource_key.map(|key| ("resourcekey", key)));
    with_query("https://drive.google.com/uc", &query)
}

/// The page of a file, for people and records.
fn view(id: &str) -> SafeUrl {
    SafeUrl::parse("https://drive.google.com/file/d").expect("it is an address").at(&[id, "view"])
}

fn ask(url: SafeUrl) -> HttpRequest {
    HttpRequest { cookies: Cookies::kept(), connections: Some(CONNECTIONS), ..HttpRequest::get(url) }
}

fn is_sign_in(url: &SafeUrl) -> bool {
    url.host() == "accounts.google.com"
}

fn with_query(base: &str, query: &[(&str, &str)]) -> SafeUrl {
    let url = url::Url::parse_with_params(base, query).expect("it is an address");
    SafeUrl::from_url(url).expect("it is an address of the web")
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: "Google Drive", reason }
}

const LARGEST_PAGE: ByteSize = ByteSize(8 << 20);

/// Pages between the address of a file and its bytes.
const MOST_PAGES: usize = 3;

/// Google counts requests by what asks, and shuts out who asks too much.
const CONNECTIONS: usize = 1;
