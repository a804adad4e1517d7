//! Files of a container in Azure Blob Storage.
//!
//! Who may read one is given a link with a shared access signature, by a page that asks for an
//! agreement first. The link is personal and ends after some weeks: it comes from the person,
//! is looked for like any credential, and goes into the query of requests to the account's own
//! origin and nowhere else. The address that is shown, logged and kept is without it, so a
//! part of a file belongs to the file, and goes on with a fresh link.
//!
//! A link to a container lists it in pages; one to a single file (`sr=b`) cannot list, and
//! opens just that file. `Content-MD5` is what the uploader stored: blobs that came in one
//! piece mostly have it, large ones mostly do not. The service may ignore `If-Range`; the
//! transfer compares the tag of what it gets with that of what it holds.
//!
//! Sources: azure-storage-blob 12.31.1; Azurite 3.35.0 and azcopy 10.32.2, run; the errors of
//! the real service from public reports; read 2026-11-23.

mod answers;
pub mod sas;

use jiff::Timestamp;

use crate::catalog::{Selection, Source};
use crate::credentials::{CredentialSecret, Form};
use crate::net::{Answer, HttpRequest, NetError, RequestCredential};
use crate::plan::Location;
use crate::remedy;
use crate::values::{ByteSize, RelPath, SafeUrl, Secret};

use answers::{EnumerationResults, Refusal, md5};
use sas::SharedAccess;

use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError, access_page};

/// A container.
#[derive(Debug, Clone)]
pub struct AzureContainer {
    /// The storage account.
    pub account: String,
    /// The container.
    pub container: String,
    /// What all names begin with; not part of the paths.
    pub prefix: Option<String>,
    /// How the person comes by a link; absent for containers that anybody may read.
    pub link: Option<LinkFromUser>,
}

/// How a person comes by a link, and how it is handed over.
#[derive(Debug, Clone)]
pub struct LinkFromUser {
    /// The dataset as it is written on the command line.
    pub dataset: String,
    /// The name it is kept under.
    pub name: String,
    /// The page that shows it.
    pub page: Option<SafeUrl>,
}

impl Provider for AzureContainer {
    fn needs(&self) -> Needs {
        match self.link {
            Some(_) => Needs::May(&[Form::Token]),
            None => Needs::Nothing,
        }
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        let link = self.link_of(hosts)?;
        if extent == Extent::Known {
            return Ok(known);
        }
        if link.as_ref().is_some_and(|link| link.one_file || !link.permits('l')) {
            return self.only_file(hosts, link.as_ref(), known).await;
        }
        let (mut files, mut marker, mut cursors) = (Vec::new(), String::new(), hosts.client.cursors());
        loop {
            cursors.step(&marker).map_err(|error| unusable(error.to_string()))?;
            let answer = hosts.client.call(&self.request(self.page_at(&marker), link.as_ref()), LARGEST_PAGE).await?;
            if let Some(error) = &answer.error {
                return Err(self.meaning(&answer, error, link.as_ref(), now(hosts)).unwrap_or(error.clone().into()));
            }
            let page = EnumerationResults::parse(&answer.page.text(), &self.container)?;
            marker = page.next_marker.clone();
            for file in page.into_files(self.prefix.as_deref().unwrap_or_default())? {
                cursors.hold(file.weight()).map_err(|error| unusable(error.to_string()))?;
                files.push(file);
            }
            if marker.is_empty() {
                return Ok(Listing(files));
            }
        }
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let link = self.link_of(hosts)?;
        if let Some(only) = link.as_ref().and_then(SharedAccess::only)
            && only != self.name_of(&file.path)
        {
            let message = format!("`{}` is not the one file that the link opens", file.path);
            return Err(self.refused(22, message));
        }
        Ok(Location::Http(self.request(self.address(&file.path), link.as_ref())))
    }

    async fn explain(&self, hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        // Refusals have the statuses 401, 403, 404 and 409.
        let refused = match error {
            NetError::SignInNeeded { .. } | NetError::NotPermitted { .. } | NetError::Gone { .. } => true,
            NetError::Status { status, .. } => *status == 409,
            _ => false,
        };
        let link = self.link_of(hosts).ok()?;
        let url = error.url().filter(|url| refused && url.origin() == self.base().origin())?;
        // A download is told the status alone; why it was refused stands in the body.
        let again = self.request(url.clone(), link.as_ref()).with_header("range", "bytes=0-0");
        let answer = hosts.client.call(&again, LARGEST_PAGE).await.ok()?;
        self.meaning(&answer, answer.error.as_ref()?, link.as_ref(), now(hosts))
    }

    fn ends(&self, hosts: &Hosts) -> Option<Timestamp> {
        self.link_of(hosts).ok().flatten().and_then(|link| link.ends)
    }
}

impl AzureContainer {
    /// Whether a link is one for this container and works now.
    ///
    /// # Errors
    /// What is wrong with it, without a byte of it: exit 21 where it is none or one for another
    /// place, 22 where it does not permit to read, 36 where its time is over or has not begun.
    pub fn check(&self, link: &Secret, now: Timestamp) -> Result<SharedAccess, ProviderError> {
        let link = SharedAccess::parse(link.expose())
            .map_err(|error| self.refused(21, format!("what was given as the link cannot be one: {error}")))?;
        if let Some(place) = &link.place {
            let here = format!("{}.blob.core.windows.net", self.account);
            let what = match () {
                () if place.host != here => Some("account"),
                () if place.container != self.container => Some("container"),
                () => None,
            };
            if let Some(what) = what {
                let (account, container) = (&self.account, &self.container);
                let message = format!(
                    "the link is for another {what}: the files are in container `{container}` of account `{account}`"
                );
                return Err(self.refused(21, message));
            }
        }
        if let Some(ends) = link.ends.filter(|ends| *ends <= now) {
            return Err(self.refused(36, format!("the link stopped working at {ends}")));
        }
        if let Some(begins) = link.begins.filter(|begins| *begins > now) {
            return Err(self.refused(36, format!("the link begins to work at {begins}, and it is {now:.0}")));
        }
        if !link.permits('r') {
            return Err(self.refused(22, "the link does not permit to read".to_owned()));
        }
        Ok(link)
    }

    /// The link, checked; none for a container that anybody may read.
    fn link_of(&self, hosts: &Hosts) -> Result<Option<SharedAccess>, ProviderError> {
        if self.account.is_empty() || !self.account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(unusable("no account has such a name as the entry gives".to_owned()));
        }
        match (&self.link, &hosts.secret) {
            (None, _) => Ok(None),
            (Some(_), Some(CredentialSecret::Token(link))) => self.check(link, now(hosts)).map(Some),
            (Some(_), _) => {
                let message = format!("container `{}` opens with a link that only you can get", self.container);
                Err(self.refused(20, message))
            }
        }
    }

    /// What is listed where listing is not permitted: what the entry names, and of the one
    /// file that the link opens what the host says.
    async fn only_file(
        &self,
        hosts: &Hosts,
        link: Option<&SharedAccess>,
        mut known: Listing,
    ) -> Result<Listing, ProviderError> {
        let named = |name: &str| name.strip_prefix(self.prefix.as_deref().unwrap_or_default()).map(str::to_owned);
        let cannot_list = || {
            let message = format!("the link does not permit to list container `{}`", self.container);
            self.refused(22, message)
        };
        if known.0.is_empty() {
            return Err(cannot_list());
        }
        let Some(name) = link.and_then(SharedAccess::only).and_then(named) else { return Ok(known) };
        // Nobody knows what there is beside a file that the entry does not name.
        let Some(file) = known.0.iter_mut().find(|file| file.path.as_str() == name) else { return Err(cannot_list()) };
        let probe = self.request(self.address(&file.path), link).with_header("range", "bytes=0-0");
        let answer = match hosts.client.call(&probe, LARGEST_PAGE).await {
            Ok(answer) => answer,
            // It came whole, and is larger than a page.
            Err(NetError::TooLarge { .. }) => return Ok(known),
            Err(error) => return Err(error.into()),
        };
        if let Some(error) = &answer.error {
            return Err(self.meaning(&answer, error, link, now(hosts)).unwrap_or(error.clone().into()));
        }
        let md5 = answer.page.header("x-ms-blob-content-md5").and_then(md5);
        let size = answer.page.header("content-range").and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        (file.size, file.digests) = (size.map(ByteSize), md5.into_iter().collect());
        Ok(known)
    }

    fn base(&self) -> SafeUrl {
        SafeUrl::parse(&format!("https://{}.blob.core.windows.net/", self.account))
            .expect("the account is letters and digits")
    }

    fn name_of(&self, path: &RelPath) -> String {
        format!("{}{path}", self.prefix.as_deref().unwrap_or_default())
    }

    fn address(&self, path: &RelPath) -> SafeUrl {
        let name = self.name_of(path);
        let parts: Vec<&str> = std::iter::once(self.container.as_str()).chain(name.split('/')).collect();
        self.base().at(&parts)
    }

    /// A page of the container's list.
    fn page_at(&self, marker: &str) -> SafeUrl {
        let mut url = self.base().at(&[&self.container]).expose().clone();
        url.query_pairs_mut()
            .append_pair("restype", "container")
            .append_pair("comp", "list")
            .append_pair("include", "metadata")
            .append_pair("maxresults", "5000");
        if let Some(prefix) = &self.prefix {
            url.query_pairs_mut().append_pair("prefix", prefix);
        }
        if !marker.is_empty() {
            url.query_pairs_mut().append_pair("marker", marker);
        }
        SafeUrl::from_url(url).expect("it stays an address")
    }

    fn request(&self, url: SafeUrl, link: Option<&SharedAccess>) -> HttpRequest {
        let credential = link.map(|link| RequestCredential::Query(link.query.clone()));
        HttpRequest { credential, ..HttpRequest::get(url) }.with_header("x-ms-version", VERSION)
    }

    /// What a refusal means, by its code. The service repeats parts of the link in the body of
    /// its answers: nothing of that is passed on.
    fn meaning(
        &self,
        answer: &Answer,
        error: &NetError,
        link: Option<&SharedAccess>,
        now: Timestamp,
    ) -> Option<ProviderError> {
        let refusal = Refusal::of(answer);
        let over = refusal.out_of_time || link.and_then(|link| link.ends).is_some_and(|ends| ends <= now);
        let container = &self.container;
        let (exit, message) = match refusal.code.as_str() {
            "AuthenticationFailed" | "AuthorizationFailure" if over => {
                (36, "the link has stopped working, the service says".to_owned())
            }
            "AuthenticationFailed" | "AuthorizationFailure" | "InvalidQueryParameterValue" if link.is_some() => {
                (21, format!("the service does not take the link for container `{container}`"))
            }
            "AuthorizationPermissionMismatch" | "AuthorizationResourceTypeMismatch" => {
                (22, format!("the link does not permit this in container `{container}`"))
            }
            "AuthorizationSourceIPMismatch" => (22, "the link may be used from other addresses only".to_owned()),
            "AuthorizationProtocolMismatch" => (22, "the link may be used over https only".to_owned()),
            "NoAuthenticationInformation" | "PublicAccessNotPermitted" | "ResourceNotFound" if link.is_none() => {
                (20, format!("container `{container}` opens with a link only"))
            }
            "BlobArchived" => (35, "the publisher has put the file into an archive that cannot be read".to_owned()),
            _ if matches!(error, NetError::NotPermitted { .. }) && over => {
                (36, "the link has stopped working".to_owned())
            }
            _ => return None,
        };
        Some(self.refused(exit, message))
    }

    /// A refusal with what the person does about it.
    fn refused(&self, exit: u8, message: String) -> ProviderError {
        ProviderError::Refused { exit, message, help: self.link.as_ref().map_or(Vec::new(), LinkFromUser::help) }
    }
}

impl LinkFromUser {
    /// The one that a source asks for, from the page of the first step that has one.
    pub fn of(source: &Source, selection: &Selection) -> Self {
        Self {
            dataset: selection.to_string(),
            name: source.host.credential(selection.id()),
            page: access_page(selection, source),
        }
    }

    /// How to get a link and to hand it over.
    pub fn help(&self) -> Vec<String> {
        let get = self.page.as_ref().map(|page| format!("open <{page}> and copy the link that it shows to you"));
        let hand_over = remedy::hand_over_link(&self.name, &self.dataset);
        get.into_iter().chain([format!("{hand_over}; what was fetched is kept")]).collect()
    }
}

fn now(hosts: &Hosts) -> Timestamp {
    hosts.client.settings().clock.now()
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: HOST, reason }
}

const HOST: &str = "Azure Blob Storage";

/// Sent with each request, so that answers keep their form.
const VERSION: &str = "2021-12-02";

/// 5,000 names are at most a few MiB.
const LARGEST_PAGE: ByteSize = ByteSize(32 << 20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_names_with_spaces_and_no_link() {
        let container = AzureContainer { account: "acct".into(), container: "set".into(), prefix: None, link: None };
        let path = RelPath::parse("batch 1 (a & b)/caf\u{e9} #1 50%+.csv").unwrap();
        let expected = "https://acct.blob.core.windows.net/set/batch%201%20(a%20&%20b)/caf%C3%A9%20%231%2050%25+.csv";
        assert_eq!(container.address(&path).expose().as_str(), expected);
        assert!(container.page_at("2!76!M/=").expose().query().unwrap().ends_with("marker=2%2176%21M%2F%3D"));
    }

    #[test]
    fn links_for_other_places_and_times_are_refused_without_showing_them() {
        let link = LinkFromUser { dataset: "toy".into(), name: "azure-toy".into(), page: None };
        let container =
            AzureContainer { account: "acct".into(), container: "set".into(), prefix: None, link: Some(link) };
        #[track_caller]
        fn check(container: &AzureContainer, link: &str, expected: Result<(), (u8, &str)>) {
            let now = "2026-11-28T10:00:00Z".parse().unwrap();
            match (container.check(&Secret::new(link), now), expected) {
                (Ok(_), Ok(())) => {}
                (Err(ProviderError::Refused { exit, message, help }), Err((code, words))) => {
                    assert_eq!(exit, code, "{message}");
                    let told = format!("{message} {help:?}");
                    assert!(told.contains(words) && told.contains("MEDSETS_TOKEN_AZURE_TOY"), "{told}");
                    assert!(!told.contains("SECRET") && !told.contains("elsewhere1"), "{told}");
                }
                (outcome, _) => panic!("{link}: {outcome:?}"),
            }
        }
        let base = "https://acct.blob.core.windows.net/set";
        check(&container, &format!("{base}?sr=c&sp=rl&se=2026-12-01T00%3A00%3A00Z&sig=SECRET"), Ok(()));
        check(&container, "sr=c&sp=rl&sig=SECRET", Ok(()));
        check(&container, &format!("{base}?sp=rl&se=2026-11-28T10%3A00%3A00Z&sig=SECRET"), Err((36, "2026-11-28")));
        check(&container, &format!("{base}?sp=rl&st=2026-11-29T10%3A00%3A00Z&sig=SECRET"), Err((36, "2026-11-29")));
        check(&container, &format!("{base}?sp=l&sig=SECRET"), Err((22, "read")));
        check(&container, "https://elsewhere1.blob.core.windows.net/set?sig=SECRET", Err((21, "account")));
        check(&container, "https://acct.blob.core.windows.net/elsewhere1?sig=SECRET", Err((21, "container")));
        check(&container, "https://acct.blob.core.windows.net.elsewhere1.example/set?sig=SECRET", Err((21, "account")));
        check(&container, "SECRET", Err((21, "signature")));
    }
}
