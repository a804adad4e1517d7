//! Files deposited on Zenodo, listed through its REST API.
//!
//! A published record never changes; a new version is a new record number. Pinning the number
//! therefore pins the bytes, and the listing carries an MD5 for every file. Open records need
//! no account; a token raises the limits. A restricted or embargoed record leaves its files out
//! of the answer, which becomes exit 22 with the record's page. The host asks for few requests
//! at once and blocks programs that do not say who they are; ours says so with every request.
//!
//! Sizes are bytes. Sources: developers.zenodo.org (2026-04-10) and the configuration of
//! zenodo-rdm (2026-08-20), read 2026-11-23.

use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::Locator;
use crate::credentials::Form;
use crate::net::{HttpRequest, NetError};
use crate::plan::Location;
use crate::values::{Algorithm, ByteSize, Digest, RelPath, SafeUrl};

use super::identity::{self, Identity};
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

/// A published record.
#[derive(Debug, Clone)]
pub struct ZenodoRecord {
    /// Its number. The number of a concept leads to the newest version and is not used.
    pub record: u64,
}

impl Provider for ZenodoRecord {
    fn needs(&self) -> Needs {
        Needs::May(&[Form::Token])
    }

    async fn list(&self, hosts: &Hosts, _known: Listing, _extent: Extent) -> Result<Listing, ProviderError> {
        let record: Record = hosts.client.get_json(&self.ask(hosts, &self.url(&[]))).await?;
        record.into_listing(self.record)
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let key = file.locator().key.as_deref().unwrap_or(file.path.as_str());
        Ok(Location::Http(self.ask(hosts, &self.url(&["files", key, "content"]))))
    }

    async fn explain(&self, _hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        match error {
            NetError::NotPermitted { .. } => Some(ProviderError::Refused {
                exit: 22,
                message: format!("Zenodo does not let this account read record {}", self.record),
                help: vec![format!("ask for access at <https://zenodo.org/records/{}>", self.record)],
            }),
            _ => None,
        }
    }
}

/// Whether the token is good, as far as Zenodo says. The list of one's own deposits wants a token
/// (401 without) with a scope that ours need not have: without it the answer is 403, which proves
/// nothing, and `None`. Neither names the account.
pub async fn identify(hosts: &Hosts) -> Result<Option<Identity>, ProviderError> {
    let url = SafeUrl::parse("https://zenodo.org/api/deposit/depositions").expect("it is an address");
    let answer = hosts.client.call(&hosts.get(url), ByteSize(16 << 20)).await?;
    match answer.error {
        Some(NetError::NotPermitted { .. }) if answer.refusal::<serde_json::Value>().is_some() => Ok(None),
        // It shuts out whole networks so, whoever asks.
        Some(NetError::NotPermitted { .. }) => {
            let reason = "it shows a page in the place of an answer (status 403)".to_owned();
            Err(ProviderError::Answer { host: "Zenodo", reason })
        }
        // A sign-in page answers 200 as well: only a list of deposits is meant for who was known.
        None => answer.json::<Vec<serde::de::IgnoredAny>>().map(|_| Some(Identity::default())).map_err(Into::into),
        Some(NetError::SignInNeeded { .. }) => Err(identity::refused("zenodo")),
        Some(error) => Err(error.into()),
    }
}

impl ZenodoRecord {
    fn url(&self, rest: &[&str]) -> SafeUrl {
        let api = SafeUrl::parse("https://zenodo.org/api/records").expect("it is an address");
        let record = self.record.to_string();
        let parts: Vec<&str> = std::iter::once(record.as_str()).chain(rest.iter().copied()).collect();
        api.at(&parts)
    }

    fn ask(&self, hosts: &Hosts, url: &SafeUrl) -> HttpRequest {
        HttpRequest { connections: Some(CONNECTIONS), ..hosts.get(url.clone()) }
    }
}

/// Parallel downloads that the host bears.
const CONNECTIONS: usize = 4;

/// The parts of a record that are read.
#[derive(Debug, Deserialize)]
struct Record {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    access_right: Option<String>,
}

#[derive(Debug, Deserialize)]
struct File {
    key: String,
    size: u64,
    checksum: Option<String>,
}

impl Record {
    /// Pure, so that the tests feed it recorded answers.
    fn into_listing(self, number: u64) -> Result<Listing, ProviderError> {
        let right = self.metadata.access_right.unwrap_or_default();
        if self.files.is_empty() && !matches!(right.as_str(), "" | "open") {
            return Err(ProviderError::Refused {
                exit: 22,
                message: format!("Zenodo record {number} is {right}: its files are not shown to this account"),
                help: vec![format!("ask for access at <https://zenodo.org/records/{number}>")],
            });
        }
        let files = self.files.into_iter().map(|file| {
            let path = RelPath::parse(&file.key).map_err(|source| ProviderError::Name { host: "Zenodo", source })?;
            let md5 = file.checksum.as_deref().and_then(|text| text.strip_prefix("md5:"));
            Ok(ListedFile {
                size: Some(ByteSize(file.size)),
                digests: md5.and_then(|hex| Digest::from_hex(Algorithm::Md5, hex).ok()).into_iter().collect(),
                at: Some(Arc::new(Locator { key: Some(file.key), ..Locator::default() })),
                ..ListedFile::named(path)
            })
        });
        files.collect::<Result<_, _>>().map(Listing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_its_files_with_md5() {
        let text = r#"{"id":42,"metadata":{"access_right":"open"},"files":[
            {"id":"u","key":"a b.csv","size":3,"checksum":"md5:900150983cd24fb0d6963f7d28e17f72"}]}"#;
        let record: Record = serde_json::from_str(text).unwrap();
        let listing = record.into_listing(42).unwrap();
        assert_eq!(listing.0[0].path.as_str(), "a b.csv");
        assert_eq!(listing.0[0].digests[0].to_string(), "md5:900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn files_held_back_are_a_refusal() {
        let record: Record = serde_json::from_str(r#"{"metadata":{"access_right":"restricted"}}"#).unwrap();
        let error = record.into_listing(42).unwrap_err();
        assert!(matches!(error, ProviderError::Refused { exit: 22, .. }), "{error}");
    }

    #[test]
    fn keys_are_encoded() {
        let record = ZenodoRecord { record: 42 };
        let url = record.url(&["files", "a/b c#.csv", "content"]);
        assert_eq!(url.expose().as_str(), "https://zenodo.org/api/records/42/files/a%2Fb%20c%23.csv/content");
    }
}
