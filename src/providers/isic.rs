//! Images of the ISIC Archive, listed through its API, each under its own licence.
//!
//! A list comes in pages of at most a hundred; the address of the next page is followed as it
//! is given, as long as it stays with the API. Public images lie in an open bucket at another
//! origin; private ones, which an account may see, get an address that ends soon, so it is asked
//! for when the image is wanted and not kept. The API gives sizes and no digests.
//!
//! Beside the images stand what the archive's own program writes: `metadata.csv`,
//! `attribution.txt` (both made by the archive for the very selection) and the texts of the
//! licences. The API names three licences without a version; the texts are those of 4.0.
//!
//! Sources: ImageMarkup/isic of 2026-08-21 (`isic/core/api`, `isic/zip_download/api.py`);
//! isic-cli 12.4.0, run; read 2026-11-23.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::catalog::Locator;
use crate::credentials::Form;
use crate::net::{HttpRequest, RequestCredential};
use crate::plan::Location;
use crate::values::{ByteSize, Printable, RelPath, SafeUrl, Secret};

use super::identity::{self, Identity};
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError, Stated};

/// All images that may be seen, or those of one collection.
#[derive(Debug, Clone)]
pub struct IsicImages {
    /// Number or name of a collection.
    pub collection: Option<String>,
}

impl Provider for IsicImages {
    fn needs(&self) -> Needs {
        Needs::May(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known {
            return Ok(known);
        }
        let mut next = Some(match self.number(hosts).await? {
            Some(number) => api("images/search/", &[("query", ""), ("collections", &number), ("limit", PAGE)]),
            None => api("images/", &[("limit", PAGE)]),
        });
        let (mut files, mut licenses, mut cursors) = (Vec::new(), BTreeSet::new(), hosts.client.cursors());
        while let Some(url) = next {
            cursors.step(url.expose().as_str()).map_err(|error| unusable(error.to_string()))?;
            let page: Page<Image> = get(hosts, url).await?;
            for image in page.results {
                let words = image.copyright_license.clone();
                let file = image.into_file()?;
                cursors.hold(file.weight() + words.len()).map_err(|error| unusable(error.to_string()))?;
                licenses.insert(words);
                files.push(file);
            }
            next = page.next.as_deref().map(at_api).transpose()?;
        }
        files.extend([METADATA, ATTRIBUTION].map(named));
        files.extend(licenses.iter().filter(|name| license(name).is_some()).map(|name| ListedFile {
            stated: license(name).and_then(Stated::license),
            ..named(&format!("licenses/{name}.txt"))
        }));
        Ok(Listing(files))
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let request = match (&file.locator().url, &file.locator().key) {
            // An open bucket, which is told nothing of who asks.
            (Some(url), _) => HttpRequest::get(url.clone()),
            (None, Some(id)) => {
                let image: Image = get(hosts, api(&format!("images/{id}/"), &[])).await?;
                let url = protected(&image.files.full.url)?;
                HttpRequest { expires: end_of(&url), ..HttpRequest::get(url) }
            }
            (None, None) => match file.path.as_str() {
                METADATA => self.made(hosts, "zip-download/metadata-file/").await?,
                ATTRIBUTION => self.made(hosts, "zip-download/attribution-file/").await?,
                path => match path.strip_prefix("licenses/").and_then(|name| name.strip_suffix(".txt")) {
                    Some(name) => hosts.get(api(&format!("zip-download/license-file/{name}/"), &[])),
                    None => return Err(ProviderError::NoPlace { path: file.path.clone() }),
                },
            },
        };
        Ok(Location::Http(request))
    }
}

impl IsicImages {
    /// The number of the collection; its name is looked up.
    async fn number(&self, hosts: &Hosts) -> Result<Option<String>, ProviderError> {
        let Some(name) = &self.collection else { return Ok(None) };
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Some(name.clone()));
        }
        let mut next = Some(api("collections/", &[("limit", PAGE)]));
        let mut cursors = hosts.client.cursors();
        while let Some(url) = next {
            cursors.step(url.expose().as_str()).map_err(|error| unusable(error.to_string()))?;
            let page: Page<Collection> = get(hosts, url).await?;
            for one in page.results {
                cursors.hold(0).map_err(|error| unusable(error.to_string()))?;
                if one.name == *name {
                    return Ok(Some(one.id.to_string()));
                }
            }
            next = page.next.as_deref().map(at_api).transpose()?;
        }
        let message = format!("the ISIC Archive has no collection `{}`", Printable::new(name));
        Err(ProviderError::Refused { exit: 35, message, help: Vec::new() })
    }

    /// A file that the archive makes for a selection, by a token that stands for it.
    async fn made(&self, hosts: &Hosts, path: &str) -> Result<HttpRequest, ProviderError> {
        let number = self.number(hosts).await?.and_then(|number| number.parse::<u64>().ok());
        let asked = json!({ "query": "", "collections": number.map(|number| vec![number]) });
        let request = HttpRequest {
            credential: hosts.credential(),
            ..HttpRequest::post_json(api("zip-download/url/", &[]), &asked)
        };
        let answer = hosts.client.call(&request, LARGEST_PAGE).await?;
        let url = address(&answer.json::<String>()?)?;
        let token = url.expose().query_pairs().find(|(name, _)| name == "zsid").map(|(_, value)| value.into_owned());
        let token = token.ok_or_else(|| unusable("its address for a selection names none".to_owned()))?;
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", &token).finish();
        Ok(HttpRequest::get(api(path, &[])).with_credential(RequestCredential::Query(Secret::new(query))))
    }
}

/// Whose account the stored token opens.
///
/// # Errors
/// A token that the archive does not take: exit 21.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let user: User = identity::ask("isic", hosts, &hosts.get(api("users/me/", &[]))).await?;
    Ok(Identity { name: user.full_name.filter(|name| !name.is_empty()) })
}

async fn get<T: DeserializeOwned>(hosts: &Hosts, url: SafeUrl) -> Result<T, ProviderError> {
    let answer = hosts.client.call(&hosts.get(url), LARGEST_PAGE).await?;
    Ok(answer.json()?)
}

fn api(path: &str, query: &[(&str, &str)]) -> SafeUrl {
    let mut url = base().join(path).expect("it is an address below the API").expose().clone();
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    SafeUrl::from_url(url).expect("it stays an address")
}

fn base() -> SafeUrl {
    SafeUrl::parse("https://api.isic-archive.com/api/v2/").expect("it is an address")
}

/// The address of an image: its bytes have no digest, so nobody on the way may change them.
fn protected(text: &str) -> Result<SafeUrl, ProviderError> {
    let url = address(text)?;
    if !url.is_https() {
        return Err(unusable(format!("its image at `{}` is not protected on the way", url.host())));
    }
    Ok(url)
}

/// The address of a further page, if it is one of the API: the token goes there.
fn at_api(text: &str) -> Result<SafeUrl, ProviderError> {
    let url = address(text)?;
    if url.origin() != base().origin() {
        return Err(unusable(format!("a page of its list lies at `{}`", url.host())));
    }
    Ok(url)
}

fn address(text: &str) -> Result<SafeUrl, ProviderError> {
    base().join(text).map_err(|error| unusable(error.to_string()))
}

/// When a signed address of an image ends (CloudFront).
fn end_of(url: &SafeUrl) -> Option<Timestamp> {
    let seconds = url.expose().query_pairs().find(|(name, _)| name == "Expires")?.1.parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

/// The archive's word for a licence as its SPDX id.
fn license(word: &str) -> Option<&'static str> {
    match word {
        "CC-0" => Some("CC0-1.0"),
        "CC-BY" => Some("CC-BY-4.0"),
        "CC-BY-NC" => Some("CC-BY-NC-4.0"),
        _ => None,
    }
}

fn named(path: &str) -> ListedFile {
    ListedFile::named(RelPath::parse(path).expect("it is a path"))
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: HOST, reason }
}

const HOST: &str = "the ISIC Archive";
const METADATA: &str = "metadata.csv";
const ATTRIBUTION: &str = "attribution.txt";

/// The most that a page may hold.
const PAGE: &str = "100";

const LARGEST_PAGE: ByteSize = ByteSize(16 << 20);

#[derive(Debug, Deserialize)]
struct Page<T> {
    results: Vec<T>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Collection {
    id: u64,
    name: String,
}

#[derive(Debug, Deserialize)]
struct User {
    full_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Image {
    isic_id: String,
    copyright_license: String,
    files: Files,
}

#[derive(Debug, Deserialize)]
struct Files {
    full: Full,
}

#[derive(Debug, Deserialize)]
struct Full {
    url: String,
    size: Option<u64>,
}

impl Image {
    /// Pure, so that the tests feed it recorded answers. An image is named by its id, with the
    /// ending that its address has.
    fn into_file(self) -> Result<ListedFile, ProviderError> {
        let url = protected(&self.files.full.url)?;
        let last = url.expose().path().rsplit('/').next().unwrap_or_default();
        let ending = last.rsplit_once('.').map_or("jpg", |(_, ending)| ending);
        let path = format!("{}.{ending}", self.isic_id);
        let path = RelPath::parse(&path).map_err(|source| ProviderError::Name { host: HOST, source })?;
        // What has a query is signed, and ends before its turn comes.
        let open = Some(url).filter(|url| url.expose().query().is_none());
        Ok(ListedFile {
            size: self.files.full.size.map(ByteSize),
            // The terms of the dataset are not those of an image whose own are not understood.
            stated: Stated::license(license(&self.copyright_license).unwrap_or("NOASSERTION")),
            at: Some(Arc::new(Locator { url: open, key: Some(self.isic_id), ..Locator::default() })),
            ..ListedFile::named(path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(license: &str, url: &str) -> Image {
        let document = json!({ "public": true, "isic_id": "ISIC_0000000", "copyright_license": license,
            "attribution": "Anonymous", "files": { "full": { "url": url, "size": 2349821 },
            "thumbnail_256": { "url": "https://isic-archive.s3.amazonaws.com/t.jpg", "size": 11211 } },
            "metadata": { "acquisition": { "pixels_x": 1022 }, "clinical": { "sex": "female" } } });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn each_image_has_its_own_licence() {
        #[track_caller]
        fn check(word: &str, expected: Option<&str>) {
            let file = image(word, "https://isic-archive.s3.amazonaws.com/images/a.jpg").into_file().unwrap();
            assert_eq!(file.license(), expected);
        }
        check("CC-0", Some("CC0-1.0"));
        check("CC-BY", Some("CC-BY-4.0"));
        check("CC-BY-NC", Some("CC-BY-NC-4.0"));
        check("CC-BY-ND", Some("NOASSERTION"));
        check("", Some("NOASSERTION"));
    }

    #[test]
    fn signed_addresses_are_not_kept() {
        let open = image("CC-0", "https://isic-archive.s3.amazonaws.com/images/0a1b.jpg").into_file().unwrap();
        assert_eq!((open.path.as_str(), open.size), ("ISIC_0000000.jpg", Some(ByteSize(2_349_821))));
        assert!(open.locator().url.is_some());
        let signed = "https://content.isic-archive.com/x/0a1b.png?Expires=1764324000&Signature=abc&Key-Pair-Id=K";
        let signed_file = image("CC-0", signed).into_file().unwrap();
        assert_eq!(signed_file.path.as_str(), "ISIC_0000000.png");
        assert_eq!(signed_file.locator().url, None);
        assert_eq!(signed_file.locator().key.as_deref(), Some("ISIC_0000000"));
        assert_eq!(end_of(&address(signed).unwrap()), Some("2025-11-28T10:00:00Z".parse().unwrap()));
    }

    #[test]
    fn images_come_by_https() {
        let plain = image("CC-0", "http://isic-archive.s3.amazonaws.com/images/0a1b.jpg").into_file();
        assert!(matches!(plain, Err(ProviderError::Answer { .. })), "{plain:?}");
    }

    #[test]
    fn further_pages_stay_with_the_api() {
        assert!(at_api("https://api.isic-archive.com/api/v2/images/?cursor=bz0x").is_ok());
        assert!(at_api("http://api.isic-archive.com/api/v2/images/?cursor=bz0x").is_err());
        assert!(at_api("https://evil.example/api/v2/images/?cursor=bz0x").is_err());
    }
}
