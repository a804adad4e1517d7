//! What Azure Blob Storage answers: refusals and lists, as XML.

use serde::Deserialize;

use crate::net::Answer;
use crate::values::{Algorithm, ByteSize, Digest, RelPath};

use super::{HOST, unusable};
use crate::providers::{ListedFile, ProviderError, xml};

/// Why a request was refused.
pub(super) struct Refusal {
    pub(super) code: String,
    /// Whether the time of the signature is what is wrong.
    pub(super) out_of_time: bool,
}

impl Refusal {
    pub(super) fn of(answer: &Answer) -> Self {
        let body = answer.page.text();
        let error: Option<ErrorBody> = quick_xml::de::from_str(without_mark(&body)).ok();
        let header = answer.page.header("x-ms-error-code").map(str::to_owned);
        let (code, detail) = error.map(|error| (error.code, error.detail)).unwrap_or_default();
        Self { code: header.unwrap_or(code), out_of_time: detail.contains("not valid in the specified time frame") }
    }
}

#[derive(Debug, Deserialize)]
struct ErrorBody {
    #[serde(rename = "Code", default)]
    code: String,
    #[serde(rename = "AuthenticationErrorDetail", default)]
    detail: String,
}

/// A page of the list of a container.
#[derive(Debug, Deserialize)]
pub(super) struct EnumerationResults {
    #[serde(rename = "Blobs", default)]
    blobs: Blobs,
    #[serde(rename = "NextMarker", default)]
    pub(super) next_marker: String,
}

#[derive(Debug, Default, Deserialize)]
struct Blobs {
    #[serde(rename = "Blob", default)]
    blobs: Vec<Blob>,
}

#[derive(Debug, Deserialize)]
struct Blob {
    #[serde(rename = "Name")]
    name: Name,
    #[serde(rename = "Properties")]
    properties: Properties,
    #[serde(rename = "Metadata")]
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
struct Name {
    /// Whether it is percent-encoded, because XML could not hold it.
    #[serde(rename = "@Encoded", default)]
    encoded: bool,
    #[serde(rename = "$text", default)]
    text: String,
}

#[derive(Debug, Deserialize)]
struct Properties {
    #[serde(rename = "Content-Length")]
    length: u64,
    #[serde(rename = "Content-MD5", default)]
    md5: String,
    #[serde(rename = "ResourceType", default)]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    hdi_isfolder: String,
}

impl EnumerationResults {
    pub(super) fn parse(text: &str, container: &str) -> Result<Self, ProviderError> {
        let text = without_mark(text);
        xml::expect_root(HOST, text, "EnumerationResults", &format!("the list of container `{container}`"))?;
        // What the parser complains of may be a part of the answer, which may repeat the link.
        quick_xml::de::from_str(text).map_err(|_| unusable("its list is not the documented XML".to_owned()))
    }

    /// Pure, so that the tests feed it recorded answers.
    pub(super) fn into_files(self, prefix: &str) -> Result<Vec<ListedFile>, ProviderError> {
        let files = self.blobs.blobs.into_iter().filter(|blob| !blob.is_folder());
        files.map(|blob| blob.into_file(prefix)).filter_map(Result::transpose).collect()
    }
}

impl Blob {
    /// Accounts with folders list them as empty blobs.
    fn is_folder(&self) -> bool {
        let marked = self.metadata.as_ref().is_some_and(|metadata| metadata.hdi_isfolder == "true");
        marked || self.properties.kind == "directory" || (self.properties.length == 0 && self.name.text.ends_with('/'))
    }

    fn into_file(self, prefix: &str) -> Result<Option<ListedFile>, ProviderError> {
        let name = match self.name.encoded {
            true => percent_encoding::percent_decode_str(&self.name.text).decode_utf8_lossy().into_owned(),
            false => self.name.text,
        };
        let Some(rest) = name.strip_prefix(prefix) else { return Ok(None) };
        let path = RelPath::parse(rest).map_err(|source| ProviderError::Name { host: HOST, source })?;
        Ok(Some(ListedFile {
            size: Some(ByteSize(self.properties.length)),
            digests: md5(&self.properties.md5).into_iter().collect(),
            ..ListedFile::named(path)
        }))
    }
}

/// The text without the byte order mark that the service sends.
fn without_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// A digest as the service writes it.
pub(super) fn md5(base64: &str) -> Option<Digest> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    Digest::from_bytes(Algorithm::Md5, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<EnumerationResults, ProviderError> {
        EnumerationResults::parse(text, "toys")
    }

    #[test]
    fn a_page_of_the_list() {
        let text = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\
            <EnumerationResults ServiceEndpoint=\"https://acct.blob.core.windows.net/\" ContainerName=\"aimi\">\
            <Prefix/><Marker/><MaxResults>2</MaxResults><Blobs>\
            <Blob><Name>set/batch 1 (validate &amp; csv).zip</Name><Properties>\
            <Last-Modified>Mon, 23 Nov 2026 19:21:43 GMT</Last-Modified><Etag>0x1EF5CA2243D12E0</Etag>\
            <Content-Length>20971520</Content-Length><Content-Type>application/zip</Content-Type><Content-Encoding/>\
            <Content-MD5>+gvi08A70DfP6UXkC3u7wQ==</Content-MD5><BlobType>BlockBlob</BlobType></Properties><Metadata/></Blob>\
            <Blob><Name>set/folder</Name><Properties><Content-Length>0</Content-Length><Content-MD5/></Properties>\
            <Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>\
            <Blob><Name Encoded=\"true\">set/folder%2Fa%EF%BF%BE.csv</Name><Properties><Content-Length>5</Content-Length>\
            <Content-MD5/></Properties><Metadata><by>me</by></Metadata></Blob>\
            </Blobs><NextMarker>2!76!MDAwMDE0IQ--</NextMarker></EnumerationResults>";
        let page = parse(text).unwrap();
        assert_eq!(page.next_marker, "2!76!MDAwMDE0IQ--");
        let files = page.into_files("set/").unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["batch 1 (validate & csv).zip", "folder/a\u{fffe}.csv"]);
        assert_eq!(files[0].size, Some(ByteSize(20_971_520)));
        assert_eq!(files[0].digests[0].to_string(), "md5:fa0be2d3c03bd037cfe945e40b7bbbc1");
        assert!(files[1].digests.is_empty(), "no digest is stored for a blob that came in blocks");
    }

    #[test]
    fn the_last_page_and_an_empty_one() {
        let last = parse("<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>").unwrap();
        assert!(last.next_marker.is_empty() && last.into_files("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_is_not_an_empty_one() {
        #[track_caller]
        fn check(text: &str, exit: Option<u8>) {
            match parse(text) {
                Err(ProviderError::Refused { exit: found, message, .. }) => {
                    assert!(Some(found) == exit && !message.contains("SECRET"), "{message}");
                }
                Err(ProviderError::Answer { reason, .. }) => assert!(exit.is_none() && !reason.contains("SECRET")),
                other => panic!("{text}: {other:?}"),
            }
        }
        check("<!DOCTYPE html><html><body>sig=SECRET</body></html>", Some(42));
        check("<html><head><title>Sign in</title></head><body/></html>", Some(42));
        check("<?xml version=\"1.0\"?><ListBucketResult><Name>SECRET</Name></ListBucketResult>", Some(42));
        check("{\"value\":[]}", Some(42));
        check("", Some(42));
        check("<EnumerationResults><Blobs><Blob/></Blobs></EnumerationResults>", None);
    }
}
