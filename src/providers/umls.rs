//! Releases of the UMLS and its sisters, from the UMLS Terminology Services (UTS) of the US National
//! Library of Medicine.
//!
//! A product has releases; a list of them, open to all, gives names and addresses and neither
//! sizes nor digests, so a file is proven by what the entry knows or pinned on first use. Bytes
//! come from a gateway that takes the address and the person's API key, both in the query. The
//! key is put there by `net`, for the gateway's own origin alone: it stands in no address that is
//! kept or shown, and goes along no redirect elsewhere.
//!
//! Whether the gateway knows ranges is not documented; `transfer` finds out. A sign-in page in the
//! place of a file means that the key is not taken, or that the licence has lapsed: exit 21.
//! Left out: the older ticket route, which answers in HTML.
//!
//! Sources: documentation.uts.nlm.nih.gov, automating downloads, text of 2023-10-03, and its change
//! log; test fixtures of cumulus-library for the shapes of answers; read 2026-11-23.

use std::collections::HashMap;
use std::sync::Arc;

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use crate::catalog::Locator;
use crate::credentials::{CredentialSecret, Form};
use crate::net::{HttpRequest, NetError, RequestCredential};
use crate::plan::Location;
use crate::values::percent::RESERVED;
use crate::values::{ByteSize, Printable, RelPath, SafeUrl, Secret};

use super::account::Account;
use super::identity::Identity;
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

/// A product.
#[derive(Debug, Clone)]
pub struct UmlsProduct {
    /// Its name in the release list, such as `umls-full-release`.
    pub product: String,
}

impl Provider for UmlsProduct {
    fn needs(&self) -> Needs {
        Needs::Must(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        let mut url = SafeUrl::ours("https://uts-ws.nlm.nih.gov/releases").expose().clone();
        url.query_pairs_mut().append_pair("releaseType", &self.product);
        let url = SafeUrl::from_url(url).ok_or_else(|| unusable("it has no such product"))?;
        let releases: Vec<Release> = releases(hosts, url).await?;
        let listed = releases.into_iter().map(Release::into_file).collect::<Result<Vec<_>, _>>()?;
        match extent {
            Extent::All => Ok(Listing(listed)),
            Extent::Known => Ok(located(known, listed)),
        }
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        let at = file.locator().url.as_ref().ok_or_else(missing)?;
        if !is_of_nlm(at) {
            return Err(unusable(format!("its file lies at `{}`", at.host())));
        }
        let mut url = SafeUrl::ours("https://uts-ws.nlm.nih.gov/download").expose().clone();
        url.query_pairs_mut().append_pair("url", at.expose().as_str());
        let url = SafeUrl::from_url(url).ok_or_else(missing)?;
        let credential = RequestCredential::Query(Secret::new(format!("apiKey={}", key(hosts)?)));
        Ok(Location::Http(HttpRequest::get(url).with_credential(credential)))
    }

    async fn explain(&self, _hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        let (exit, message, help) = match error {
            NetError::SignInNeeded { .. } => (21, "UTS refuses the stored API key".to_owned(), Account::help("umls")),
            NetError::NotPermitted { .. } => {
                (22, "UTS does not give this file to this account".to_owned(), vec![LICENCE.to_owned()])
            }
            NetError::Gone { .. } => {
                let product = Printable::new(&self.product);
                let help = "see which releases there are at <https://www.nlm.nih.gov/research/umls/>";
                (35, format!("UTS has no such file of `{product}`, or no longer"), vec![help.to_owned()])
            }
            _ => return None,
        };
        Some(ProviderError::Refused { exit, message, help })
    }

    fn explain_page(&self, _title: Option<&str>) -> Option<ProviderError> {
        let message =
            "UTS sent its sign-in page in the place of the file: it does not take the stored API key".to_owned();
        Some(ProviderError::Refused { exit: 21, message, help: key_and_licence() })
    }
}

/// The list of releases. It is open to all, so the key stays here; should that end, it is sent.
async fn releases(hosts: &Hosts, url: SafeUrl) -> Result<Vec<Release>, ProviderError> {
    let request = HttpRequest::get(url);
    let answer = hosts.client.call(&request, LARGEST_LIST).await?;
    if !matches!(answer.error, Some(NetError::SignInNeeded { .. })) {
        return Ok(answer.json()?);
    }
    let credential = RequestCredential::Query(Secret::new(format!("apiKey={}", key(hosts)?)));
    let answer = hosts.client.call(&request.with_credential(credential), LARGEST_LIST).await?;
    match answer.error {
        Some(NetError::SignInNeeded { .. } | NetError::NotPermitted { .. }) => Err(key_refused()),
        _ => Ok(answer.json()?),
    }
}

fn key_refused() -> ProviderError {
    ProviderError::Refused { exit: 21, message: "UTS refuses the stored API key".to_owned(), help: key_and_licence() }
}

/// Whether the stored key is one of UTS, whose licence stands. UTS does not say whose.
///
/// # Errors
/// No stored key, one that UTS refuses, or no answer.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    // A program used by its own licensee names the same key in both places.
    let key = key(hosts)?;
    let credential = RequestCredential::Query(Secret::new(format!("validatorApiKey={key}&apiKey={key}")));
    let request =
        HttpRequest::get(SafeUrl::ours("https://utslogin.nlm.nih.gov/validateUser")).with_credential(credential);
    let answer = hosts.client.call(&request, ByteSize(64 << 10)).await?;
    match answer.error {
        Some(NetError::SignInNeeded { .. } | NetError::NotPermitted { .. }) => return Err(key_refused()),
        Some(error) => return Err(error.into()),
        None => {}
    }
    match answer.page.text().trim() {
        "true" => Ok(Identity::default()),
        "false" => Err(key_refused()),
        _ => Err(unusable("neither yes nor no to the key")),
    }
}

/// The stored key, percent-encoded. A key that is kept as a login is its password.
fn key(hosts: &Hosts) -> Result<String, ProviderError> {
    match &hosts.secret {
        Some(CredentialSecret::Token(key) | CredentialSecret::Login { password: key, .. }) => {
            Ok(utf8_percent_encode(key.expose(), RESERVED).to_string())
        }
        _ => Err(ProviderError::NoCredential { host: "UTS".to_owned(), provider: "umls".to_owned() }),
    }
}

/// The known files at the addresses of the list, where it has them; their own otherwise.
fn located(known: Listing, listed: Vec<ListedFile>) -> Listing {
    let mut places: HashMap<RelPath, Option<Arc<Locator>>> =
        listed.into_iter().map(|file| (file.path, file.at)).collect();
    let place = |mut file: ListedFile| {
        if let Some(at) = places.remove(&file.path) {
            file.at = at;
        }
        file
    };
    Listing(known.0.into_iter().map(place).collect())
}

/// Whether an address is one of the library's own.
fn is_of_nlm(url: &SafeUrl) -> bool {
    url.is_https() && (url.host() == "nlm.nih.gov" || url.host().ends_with(".nlm.nih.gov"))
}

fn unusable(reason: impl Into<String>) -> ProviderError {
    ProviderError::Answer { host: "UTS", reason: reason.into() }
}

/// Some hundred releases.
const LARGEST_LIST: ByteSize = ByteSize(16 << 20);

fn key_and_licence() -> Vec<String> {
    Account::help("umls").into_iter().chain([LICENCE.to_owned()]).collect()
}

const LICENCE: &str = "a UMLS licence lapses without the annual report: see <https://uts.nlm.nih.gov/uts/>";

/// A release of a product; the answer is an array of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Release {
    file_name: String,
    download_url: String,
}

impl Release {
    fn into_file(self) -> Result<ListedFile, ProviderError> {
        let path = RelPath::parse(&self.file_name).map_err(|source| ProviderError::Name { host: "UTS", source })?;
        let url = SafeUrl::parse(&self.download_url).map_err(|error| unusable(error.to_string()))?;
        if !is_of_nlm(&url) {
            return Err(unusable(format!("a file of its list lies at `{}`", url.host())));
        }
        let at = Locator { url: Some(url), ..Locator::default() };
        Ok(ListedFile { at: Some(Arc::new(at)), ..ListedFile::named(path) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As in the fixtures of cumulus-library.
    const LIST: &str = r#"[{"fileName":"umls-2023AB-mrconso.zip","releaseVersion":"2023AB","releaseDate":"2023-11-06",
        "downloadUrl":"https://download.nlm.nih.gov/umls/kss/2023AB/umls-2023AB-mrconso.zip",
        "releaseType":"UMLS Metathesaurus MRCONSO File","product":"UMLS","current":true}]"#;

    fn listed(text: &str) -> Result<Vec<ListedFile>, ProviderError> {
        let releases: Vec<Release> = serde_json::from_str(text).unwrap();
        releases.into_iter().map(Release::into_file).collect()
    }

    #[test]
    fn the_list_says_where_a_file_is() {
        let known = ListedFile::named(RelPath::parse("umls-2023AB-mrconso.zip").unwrap());
        let other = ListedFile::named(RelPath::parse("umls-2020AA-mrconso.zip").unwrap());
        let files = located(Listing(vec![known, other.clone()]), listed(LIST).unwrap()).0;
        assert_eq!(files[0].locator().url.as_ref().unwrap().host(), "download.nlm.nih.gov");
        assert_eq!(files[1], other);
    }

    #[test]
    fn files_elsewhere_are_refused() {
        for host in
            ["https://download.nlm.nih.gov.example.org/", "http://download.nlm.nih.gov/", "https://example.org/"]
        {
            let text = LIST.replace("https://download.nlm.nih.gov/", host);
            assert!(listed(&text).is_err(), "{host}");
        }
    }
}
