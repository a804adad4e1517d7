//! A bucket: its addresses, and the pages of ListObjectsV2.

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

use crate::net::{Answer, AwsKey, HttpRequest, NetError, RequestCredential, SameVersion};
use crate::providers::{Hosts, ProviderError, xml};
use crate::values::percent::{RESERVED, RESERVED_IN_PATH};
use crate::values::{ByteSize, Printable, SafeUrl};

/// A bucket on Amazon S3, where it is known to lie.
#[derive(Debug, Clone)]
pub struct Bucket {
    name: String,
    region: Option<String>,
    payer: Option<AwsKey>,
}

/// What a listing says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key, decoded.
    pub key: String,
    /// Its size.
    pub size: ByteSize,
    /// Its entity tag without the quotes.
    pub etag: Option<String>,
}

/// What a page of a listing names.
enum Found {
    /// An object.
    Object(Object),
    /// A common prefix of keys, up to and with the delimiter.
    Folder(String),
}

impl Found {
    /// About how many bytes of memory it takes, once it is a file of a listing.
    fn weight(&self) -> usize {
        let name = match self {
            Self::Object(object) => object.key.len() + object.etag.as_ref().map_or(0, String::len),
            Self::Folder(folder) => folder.len(),
        };
        size_of::<crate::providers::ListedFile>() + name
    }
}

impl Bucket {
    /// A bucket that is open to all. Without a region, or with one that is no name of a host,
    /// Amazon's names lead to the right one.
    pub fn new(name: &str, region: Option<&str>) -> Self {
        let region = region.filter(|region| is_plain(region)).map(str::to_owned);
        Self { name: name.to_owned(), region, payer: None }
    }

    /// The same bucket, whose requests are signed and paid by a key.
    #[must_use]
    pub(super) fn paid_by(self, payer: AwsKey) -> Self {
        Self { payer: Some(payer), ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its region, if it is known.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The address of an object. Every byte of the key is taken as it is.
    ///
    /// A dot in the bucket's name would break the certificate of its host name, and old buckets
    /// have names that are none of a host: they stand in the path.
    pub fn at(&self, key: &str) -> SafeUrl {
        let (name, key) = (utf8_percent_encode(&self.name, RESERVED), utf8_percent_encode(key, RESERVED_IN_PATH));
        let service = match &self.region {
            Some(region) => format!("s3.{region}.amazonaws.com"),
            None => "s3.amazonaws.com".to_owned(),
        };
        let address = if is_plain(&self.name) {
            format!("https://{name}.{service}/{key}")
        } else {
            format!("https://{service}/{name}/{key}")
        };
        SafeUrl::parse(&address).expect("names of hosts are plain, all else is encoded")
    }

    /// The request for an object.
    pub fn get(&self, key: &str) -> HttpRequest {
        self.get_url(self.at(key))
    }

    /// The request for an object by its address.
    pub(super) fn get_url(&self, url: SafeUrl) -> HttpRequest {
        let request = HttpRequest { same_version: SameVersion::IfMatch, ..HttpRequest::get(url) };
        self.paid(request.with_header("x-amz-checksum-mode", "ENABLED"))
    }

    /// Nobody signs for another place, whatever address an entry or a list names.
    fn paid(&self, request: HttpRequest) -> HttpRequest {
        let Some(payer) = self.payer.as_ref().filter(|_| self.holds(&request.url)) else { return request };
        let region = region_of(request.url.host()).unwrap_or(DEFAULT_REGION).to_owned();
        let key = AwsKey { region, ..payer.clone() };
        request
            .with_header("x-amz-request-payer", "requester")
            .with_credential(RequestCredential::AwsKey(Box::new(key)))
    }

    /// Whether an address is one of this bucket, in whatever region.
    fn holds(&self, url: &SafeUrl) -> bool {
        let root = Self::new(&self.name, region_of(url.host())).at("");
        let (within, path) = (root.expose().path(), url.expose().path());
        url.origin() == root.origin() && path.starts_with(within)
    }

    /// Shows every object whose key begins with `prefix`, in the order of their keys. The
    /// markers that consoles make for folders (no bytes, a key that ends in `/`) are left out.
    /// Answers with the region that the bucket turned out to lie in, where one is known.
    ///
    /// # Errors
    /// What Amazon says of the bucket, or what `visit` fails with.
    pub async fn objects(
        &self,
        hosts: &Hosts,
        prefix: &str,
        mut visit: impl FnMut(Object) -> Result<(), ProviderError> + Send,
    ) -> Result<Option<String>, ProviderError> {
        let only_objects = |found| match found {
            Found::Object(object) if object.size == ByteSize::ZERO && object.key.ends_with('/') => Ok(()),
            Found::Object(object) => visit(object),
            Found::Folder(_) => Ok(()),
        };
        self.clone().pages(hosts, &[("prefix", prefix)], only_objects).await
    }

    /// The common prefixes of the keys that begin with `prefix`, up to and with the next `/`.
    ///
    /// # Errors
    /// As for [`Bucket::objects`].
    pub async fn folders(&self, hosts: &Hosts, prefix: &str) -> Result<Vec<String>, ProviderError> {
        let mut folders = Vec::new();
        let only_folders = |found| {
            if let Found::Folder(folder) = found {
                folders.push(folder);
            }
            Ok(())
        };
        self.clone().pages(hosts, &[("delimiter", "/"), ("prefix", prefix)], only_folders).await?;
        Ok(folders)
    }

    async fn pages(
        mut self,
        hosts: &Hosts,
        about: &[(&str, &str)],
        mut visit: impl FnMut(Found) -> Result<(), ProviderError> + Send,
    ) -> Result<Option<String>, ProviderError> {
        let mut token: Option<String> = None;
        let (mut moved, mut cursors) = (false, hosts.client.cursors());
        loop {
            let answer = hosts.client.call(&self.ask(about, token.as_deref()), LARGEST_PAGE).await?;
            if let Some(error) = &answer.error {
                match elsewhere(&answer).filter(|region| !moved && Some(*region) != self.region()) {
                    Some(region) => (self.region, moved) = (Some(region.to_owned()), true),
                    None => return Err(self.refusal(&answer).unwrap_or_else(|| error.clone().into())),
                }
                continue;
            }
            let page = Page::read(&answer.page.bytes)?;
            let next = page.next()?;
            for found in page.found()? {
                cursors.hold(found.weight()).map_err(|error| unusable(error.to_string()))?;
                visit(found)?;
            }
            let Some(next) = next else { return Ok(self.region) };
            cursors.step(&next).map_err(|error| unusable(error.to_string()))?;
            token = Some(next);
        }
    }

    fn ask(&self, about: &[(&str, &str)], token: Option<&str>) -> HttpRequest {
        let mut query = vec![("encoding-type", "url"), ("list-type", "2")];
        query.extend(about);
        query.extend(token.map(|token| ("continuation-token", token)));
        query.sort_unstable();
        let encoded = |text| utf8_percent_encode(text, RESERVED).to_string();
        let pairs: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let mut url = self.at("").expose().clone();
        url.set_query(Some(&pairs.join("&")));
        self.paid(HttpRequest::get(SafeUrl::from_url(url).expect("it stays an address")))
    }

    /// What a refusal of Amazon means, by the code in its body.
    fn refusal(&self, answer: &Answer) -> Option<ProviderError> {
        let fault: Fault = quick_xml::de::from_str(std::str::from_utf8(&answer.page.bytes).ok()?).ok()?;
        let bucket = Printable::new(&self.name);
        let refused = |exit, message: String, help: &str| {
            Some(ProviderError::Refused { exit, message, help: vec![help.to_owned()] })
        };
        match fault.code.as_str() {
            "NoSuchBucket" => {
                refused(35, format!("there is no bucket `{bucket}`"), "look at the dataset's page for where it went")
            }
            "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken" => {
                let message = format!("Amazon refuses the stored AWS key for bucket `{bucket}`");
                refused(21, message, "`medsets auth status` shows where it comes from")
            }
            "RequestTimeTooSkewed" => {
                refused(21, "Amazon finds the time of this machine wrong".to_owned(), "set the clock right")
            }
            "AccessDenied" | "AllAccessDisabled" => refused(
                22,
                format!("bucket `{bucket}` does not let its objects be listed"),
                "it may be private, or no longer open to all",
            ),
            _ => None,
        }
    }

    /// What a refusal of an object means.
    pub fn meaning(&self, error: &NetError) -> Option<ProviderError> {
        let bucket = Printable::new(&self.name);
        let (exit, message, help) = match error {
            NetError::NotPermitted { url, .. } => (
                22,
                format!("bucket `{bucket}` does not give out <{url}>"),
                "either it is not open to all or it is no longer there: buckets whose list is closed answer the same to both",
            ),
            NetError::Redirect { .. } => {
                (11, format!("bucket `{bucket}` lies in another region"), "the entry must name its region")
            }
            _ => return None,
        };
        Some(ProviderError::Refused { exit, message, help: vec![help.to_owned()] })
    }
}

/// The region that a refusal names, if the bucket lies there.
fn elsewhere(answer: &Answer) -> Option<&str> {
    let of_region = matches!(answer.status, 301 | 307 | 400);
    answer.page.header("x-amz-bucket-region").filter(|region| of_region && is_plain(region))
}

/// The region in the name of an endpoint.
fn region_of(host: &str) -> Option<&str> {
    let service = host.strip_suffix(".amazonaws.com")?;
    let region = service.strip_prefix("s3.").or_else(|| Some(service.rsplit_once(".s3.")?.1))?;
    is_plain(region).then_some(region)
}

/// Whether it can be a label in the name of a host.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..64).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: HOST, reason }
}

const HOST: &str = "Amazon S3";

/// A page has at most a thousand keys of 1,024 bytes, each of which may take three when encoded.
const LARGEST_PAGE: ByteSize = ByteSize(16 << 20);

/// For which signatures are made where none is known.
const DEFAULT_REGION: &str = "us-east-1";

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "Code")]
    code: String,
}

/// A page of a listing, `ListBucketResult`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    encoding_type: Option<String>,
    is_truncated: bool,
    next_continuation_token: Option<String>,
    #[serde(default)]
    contents: Vec<Contents>,
    #[serde(default)]
    common_prefixes: Vec<CommonPrefix>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    key: String,
    #[serde(rename = "ETag")]
    e_tag: Option<String>,
    size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommonPrefix {
    prefix: String,
}

impl Page {
    fn read(bytes: &[u8]) -> Result<Self, ProviderError> {
        let text = std::str::from_utf8(bytes).map_err(|_| unusable("a list that is no text".to_owned()))?;
        xml::expect_root(HOST, text, "ListBucketResult", "a list of objects")?;
        // What the parser says repeats the answer.
        quick_xml::de::from_str(text)
            .map_err(|error| unusable(format!("no list of objects: {}", Printable::new(&error.to_string()))))
    }

    /// The token of the next page, if there is one.
    fn next(&self) -> Result<Option<String>, ProviderError> {
        match (self.is_truncated, &self.next_continuation_token) {
            (false, _) => Ok(None),
            (true, Some(token)) if !token.is_empty() => Ok(Some(token.clone())),
            (true, _) => Err(unusable("its list goes on, but not where".to_owned())),
        }
    }

    fn found(self) -> Result<Vec<Found>, ProviderError> {
        let encoded = self.encoding_type.as_deref() == Some("url");
        let objects = self.contents.into_iter().map(|one| {
            let etag = one.e_tag.map(|tag| tag.trim_matches('"').to_owned());
            Ok(Found::Object(Object { key: decoded(one.key, encoded)?, size: ByteSize(one.size), etag }))
        });
        let folders = self.common_prefixes.into_iter().map(|one| Ok(Found::Folder(decoded(one.prefix, encoded)?)));
        objects.chain(folders).collect()
    }
}

/// A key as it was before `encoding-type=url`, which also writes a space as `+`.
fn decoded(text: String, encoded: bool) -> Result<String, ProviderError> {
    if !encoded || !text.contains(['%', '+']) {
        return Ok(text);
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(|text| text.into_owned())
        .map_err(|_| unusable(format!("the key `{}` is no text", Printable::new(&text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Secret;

    /// The form of the API reference, with the values of a page that moto 5.2.5 answered.
    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>open-data</Name><Prefix>many/</Prefix><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><EncodingType>url</EncodingType>
  <IsTruncated>true</IsTruncated>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>many/000/f+1%2B.dcm</Key><LastModified>2026-11-23T19:20:30.000Z</LastModified>
    <ETag>&quot;9fb6e2a748b4847d08a9b4ec0f973cb4&quot;</ETag>
    <ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>
    <Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>
  <CommonPrefixes><Prefix>many/001/</Prefix></CommonPrefixes>
</ListBucketResult>"#;

    #[test]
    fn reads_a_page() {
        let page = Page::read(PAGE.as_bytes()).unwrap();
        assert_eq!(page.next().unwrap().as_deref(), Some("1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="));
        let found = page.found().unwrap();
        let [Found::Object(object), Found::Folder(folder)] = found.as_slice() else { panic!() };
        assert_eq!((object.key.as_str(), object.size), ("many/000/f 1+.dcm", ByteSize(7)));
        assert_eq!(object.etag.as_deref(), Some("9fb6e2a748b4847d08a9b4ec0f973cb4"));
        assert_eq!(folder, "many/001/");
    }

    #[test]
    fn a_list_that_goes_on_must_say_where() {
        let text = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
        assert!(Page::read(text.as_bytes()).unwrap().next().is_err());
        let empty = "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";
        let page = Page::read(empty.as_bytes()).unwrap();
        assert!(page.next().unwrap().is_none() && page.found().unwrap().is_empty());
        assert!(Page::read(b"<html>maintenance</html>").is_err());
    }

    #[test]
    fn addresses_by_name_or_by_path() {
        #[track_caller]
        fn check(name: &str, region: Option<&str>, key: &str, expected: &str) {
            assert_eq!(Bucket::new(name, region).at(key).expose().as_str(), expected);
        }
        check("b", None, "a/b.txt", "https://b.s3.amazonaws.com/a/b.txt");
        check("b", Some("eu-west-1"), "a+b c#?%.txt", "https://b.s3.eu-west-1.amazonaws.com/a%2Bb%20c%23%3F%25.txt");
        check("openneuro.org", None, "ds1/x", "https://s3.amazonaws.com/openneuro.org/ds1/x");
        check("openneuro.org", Some("us-east-1"), "\u{e9}", "https://s3.us-east-1.amazonaws.com/openneuro.org/%C3%A9");
        check("b", None, "a//b", "https://b.s3.amazonaws.com/a//b");
        check("Old_Bucket", None, "x", "https://s3.amazonaws.com/Old_Bucket/x");
        check("a b/../c?", Some("evil.example/"), "x", "https://s3.amazonaws.com/a%20b%2F..%2Fc%3F/x");
    }

    #[test]
    fn nothing_is_signed_for_another_place() {
        #[track_caller]
        fn check(name: &str, url: &str, signed: bool) {
            let payer = AwsKey { id: "ID".into(), secret: Secret::new("s"), session: None, region: String::new() };
            let request = Bucket::new(name, None).paid_by(payer).get_url(SafeUrl::parse(url).unwrap());
            let pays = request.headers.iter().any(|(name, _)| name == "x-amz-request-payer");
            assert_eq!((request.credential.is_some(), pays), (signed, signed), "{url}");
        }
        check("b", "https://b.s3.amazonaws.com/a/b.txt", true);
        check("b", "https://b.s3.eu-west-1.amazonaws.com/a/b.txt", true);
        check("b.c", "https://s3.eu-west-1.amazonaws.com/b.c/a", true);
        check("b.c", "https://s3.eu-west-1.amazonaws.com/other/a", false);
        check("b", "https://other.s3.eu-west-1.amazonaws.com/a", false);
        check("b", "https://b.s3.amazonaws.com:8443/a", false);
        check("b", "http://b.s3.amazonaws.com/a", false);
        check("b", "https://evil.example/a", false);
        check("b", "https://b.s3.amazonaws.com.evil.example/a", false);
    }

    #[test]
    fn requests_are_signed_for_the_region_of_their_address() {
        #[track_caller]
        fn check(name: &str, region: Option<&str>, expected: &str) {
            let payer = AwsKey { id: "ID".into(), secret: Secret::new("s"), session: None, region: String::new() };
            let request = Bucket::new(name, region).paid_by(payer).get("x");
            let Some(RequestCredential::AwsKey(key)) = request.credential else { panic!() };
            assert_eq!(key.region, expected);
        }
        check("b", None, "us-east-1");
        check("b", Some("eu-west-1"), "eu-west-1");
        check("a.b", None, "us-east-1");
        check("a.b", Some("eu-west-1"), "eu-west-1");
    }

    #[test]
    fn a_list_is_asked_for_with_everything_encoded() {
        let bucket = Bucket::new("b", None);
        let asked = bucket.ask(&[("prefix", "a b/")], Some("x/+="));
        let query = "continuation-token=x%2F%2B%3D&encoding-type=url&list-type=2&prefix=a%20b%2F";
        assert_eq!(asked.url.expose().query(), Some(query));
        assert!(asked.credential.is_none());
    }
}
