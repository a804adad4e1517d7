//! An audit in the standards of others, one file each, as pure functions.
//!
//! What a standard requires and nobody knows is [`Missing`], never made up. Identifiers are made
//! of the audit's digest and times are those of the audit, so that the same audit gives the same
//! bytes. Lists of files are streamed: a [`List`] takes one file after the other.

pub mod bagit;
pub mod croissant;
pub mod cyclonedx;
pub mod downloads;
mod list;
#[cfg(test)]
mod required;
pub mod ro_crate;
pub mod spdx;
#[cfg(test)]
mod tests;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::audit::{Audit, Subject};
use crate::licenses::Expression;
use crate::reports::citation::{CitationFormat, Cited, cite};
use crate::values::printable::is_harmful;
use crate::values::{Algorithm, ByteSize, Digest, RelPath, SafeUrl};

pub use list::List;

/// A file of a release as it comes from its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Its path at the publisher.
    pub path: RelPath,
    /// Size in bytes.
    pub size: Option<ByteSize>,
    /// What names its bytes; SHA-256 where several are known.
    pub digest: Option<Digest>,
    /// Where it is.
    pub url: Option<SafeUrl>,
}

/// What Croissant 1.1 requires and nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{dataset}` has no `{field}`, which Croissant 1.1 requires")]
pub struct Missing {
    /// The dataset, by its full name.
    pub dataset: String,
    /// The field of the standard.
    pub field: &'static str,
    /// Where to state it.
    pub remedy: &'static str,
}

impl Missing {
    fn of(subject: &Subject, field: &'static str) -> Missing {
        let remedy = match field {
            "datePublished" => "state `date` of the release",
            "creator" => "state `maintainer` or the authors in `[citation]`",
            "description" => "state `summary`",
            "distribution" => "fetch it, so that digests of its files are known, or state `sha256` of the files",
            _ => "state `homepage`, the dataset's page on the web, or the `doi` of the release",
        };
        Self { dataset: subject.name.clone(), field, remedy }
    }
}

impl ReleaseFile {
    /// The address, where it can be told to others: one without a query, which may hold a
    /// signature, without a user, and not on this machine.
    pub fn public_url(&self) -> Option<String> {
        let url = self.url.as_ref()?;
        (url.is_plain() && !url.is_loopback()).then(|| url.to_string())
    }

    /// Its SHA-256.
    pub fn sha256(&self) -> Option<Digest> {
        self.digest.filter(|digest| digest.algorithm() == Algorithm::Sha256)
    }
}

/// Citations of all datasets.
pub fn citations(audit: &Audit, format: CitationFormat) -> String {
    let all: Vec<Cited<'_>> = audit.subjects.iter().map(cited).collect();
    cite(&all, format)
}

fn cited(subject: &Subject) -> Cited<'_> {
    Cited {
        title: &subject.title,
        version: Some(&subject.version),
        doi: subject.doi.as_deref(),
        homepage: subject.homepage.as_deref(),
        works: subject.about.works(),
        acknowledgement: subject.about.acknowledgement(),
        license: Some(&subject.license),
        copy: None,
    }
}

/// `<id>/<version>[-<variant>]`, as in a data folder.
pub fn place(subject: &Subject) -> String {
    let variant = subject.variant.as_ref().map_or(String::new(), |variant| format!("-{variant}"));
    format!("{}/{}", subject.id, name_of(&format!("{}{variant}", subject.version)))
}

/// A name that any file system and address takes.
pub fn name_of(text: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    let safe: String = text.chars().map(plain).collect();
    safe.trim_start_matches('.').to_owned()
}

/// The dataset's page: its own, that of its DOI, or the address it was given by.
fn page(subject: &Subject) -> Option<String> {
    let own = || public(subject.homepage.as_ref()?);
    let of_doi = || of_doi(subject.doi.as_ref()?);
    let given = || public(subject.reference.as_ref()?);
    own().or_else(of_doi).or_else(given)
}

/// An address of the web that anybody may be told.
fn public(address: &str) -> Option<String> {
    SafeUrl::parse(address).ok()?.as_public().map(str::to_owned)
}

/// The page of a DOI; `None` for what is none.
fn of_doi(doi: &str) -> Option<String> {
    let is_doi =
        doi.starts_with("10.") && doi.contains('/') && !doi.contains(|one: char| is_harmful(one) || one == ' ');
    is_doi.then(|| public(&format!("https://doi.org/{}", utf8_percent_encode(doi, RESERVED_IN_DOI)))).flatten()
}

/// What an address would end a path with, or hosts refuse there.
const RESERVED_IN_DOI: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?');

/// The ids of an expression, each once; none where nothing is asserted.
fn license_ids(subject: &Subject) -> Vec<String> {
    let Ok(expression) = Expression::parse(&subject.license) else { return Vec::new() };
    let mut ids: Vec<String> = Vec::new();
    for id in expression.ids() {
        if id != "NOASSERTION" && !ids.iter().any(|one| one == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// Where the text of a licence is: SPDX's page for its own ids, else the text's own.
fn license_url(audit: &Audit, id: &str) -> Option<String> {
    if !id.starts_with("LicenseRef-") {
        return Some(format!("https://spdx.org/licenses/{id}"));
    }
    license(audit, id)?.url.as_ref()?.as_public().map(str::to_owned)
}

fn license<'a>(audit: &'a Audit, id: &str) -> Option<&'a crate::licenses::License> {
    audit.texts.iter().find(|license| license.id == id)
}

fn license_name(audit: &Audit, id: &str) -> String {
    license(audit, id).map_or_else(|| id.to_owned(), |license| license.name.clone())
}

/// A UUID of version 8 (RFC 9562: its bits are the maker's own) out of the audit's digest.
fn uuid(audit: &Audit, purpose: &str) -> String {
    let mut bytes = format!("medsets {purpose}\n").into_bytes();
    serde_json::to_writer(&mut bytes, audit).expect("an audit has string keys only");
    let digest = Digest::sha256(&bytes);
    let mut bytes: [u8; 16] = digest.bytes()[..16].try_into().expect("a digest is longer");
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The audit's time in whole seconds.
fn made(audit: &Audit) -> String {
    jiff::Timestamp::from_second(audit.made.as_second()).unwrap_or(audit.made).to_string()
}

/// A path as an address relative to the document's own.
fn relative(path: &str) -> String {
    let escaped = |name: &str| {
        let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        name.bytes()
            .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    path.split('/').map(escaped).collect::<Vec<String>>().join("/")
}
