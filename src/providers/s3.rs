//! Objects of a bucket with the S3 interface.
//!
//! Open buckets are asked without a credential, whatever AWS keys a person has: one that is
//! signed with a key of another purpose would be refused, though the object is open to all.
//! The entity tag in a listing is the MD5 of an object that was uploaded in one piece; one that
//! ends in `-` and a number says nothing of the bytes and is left out. `x-amz-checksum-*`
//! comes with the download and is checked by `transfer`.
//!
//! Buckets whose readers pay are read only where the setting `s3.requester-pays` allows it, with
//! requests that are signed by the person's key. There an entity tag may be anything (it is no
//! MD5 where the object is encrypted with a key of KMS), so it proves nothing.
//!
//! [`Bucket`] is for other providers whose files lie in buckets. Left out: versions of objects,
//! and keys that are no safe relative paths, which are refused by name.
//!
//! Sources: the service model of botocore 1.44.5 and the Amazon S3 API reference, read
//! 2026-11-23.

mod bucket;

use std::sync::Arc;

use crate::catalog::Locator;
use crate::credentials::{CredentialSecret, Form};
use crate::net::{AwsKey, NetError};
use crate::plan::Location;
use crate::values::{Algorithm, Digest, Printable, RelPath};

use super::account::Account;
use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

pub use bucket::{Bucket, Object};

/// The objects of a bucket below a prefix.
#[derive(Debug, Clone)]
pub struct S3Objects {
    bucket: Bucket,
    /// What the keys begin with; paths begin behind its last `/`.
    prefix: String,
    requester_pays: bool,
}

impl S3Objects {
    /// What an entry says of a bucket.
    pub fn of(bucket: &str, region: Option<&str>, prefix: Option<&str>, requester_pays: bool) -> Self {
        let bucket = Bucket::new(bucket, region);
        Self { bucket, prefix: prefix.unwrap_or_default().to_owned(), requester_pays }
    }
}

impl Provider for S3Objects {
    fn needs(&self) -> Needs {
        if self.requester_pays { Needs::May(&[Form::Keys]) } else { Needs::Nothing }
    }

    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        no_dots(&self.prefix)?;
        let bucket = self.paid(hosts)?;
        if extent == Extent::Known {
            return Ok(known);
        }
        let mut files = Vec::new();
        let found = bucket.objects(hosts, &self.prefix, |object| {
            files.push(self.file(object)?);
            Ok(())
        });
        let region = found.await?;
        if region.as_deref() != self.bucket.region() {
            // A later run goes on with the list alone, and must find them there as well.
            let there = Bucket::new(self.bucket.name(), region.as_deref());
            for file in &mut files {
                let url = Some(there.at(&self.key(file)));
                file.at = Some(Arc::new(Locator { url, ..Locator::default() }));
            }
        }
        Ok(Listing(files))
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let bucket = self.paid(hosts)?;
        Ok(Location::Http(match &file.locator().url {
            Some(url) => bucket.get_url(url.clone()),
            None => {
                let key = self.key(file);
                no_dots(&key)?;
                bucket.get(&key)
            }
        }))
    }

    async fn explain(&self, _hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        self.bucket.meaning(error)
    }
}

impl S3Objects {
    /// The bucket with the key that pays, where somebody must.
    fn paid(&self, hosts: &Hosts) -> Result<Bucket, ProviderError> {
        if !self.requester_pays {
            return Ok(self.bucket.clone());
        }
        let name = Printable::new(self.bucket.name());
        let refused = |exit, message, help: &str| ProviderError::Refused { exit, message, help: vec![help.to_owned()] };
        if !hosts.choices.s3_requester_pays {
            let message = format!("reading from bucket `{name}` costs money: Amazon charges those who read");
            let help = "if your AWS account is to pay for it, `medsets config set s3.requester-pays true`";
            return Err(refused(10, message, help));
        }
        let Some(CredentialSecret::Keys { access_key, secret_key, session_token }) = &hosts.secret else {
            let message = format!("bucket `{name}` charges those who read, and no AWS key is stored");
            return Err(ProviderError::Refused { exit: 20, message, help: Account::help("s3") });
        };
        Ok(self.bucket.clone().paid_by(AwsKey {
            id: access_key.clone(),
            secret: secret_key.clone(),
            session: session_token.clone(),
            region: String::new(),
        }))
    }

    fn key(&self, file: &ListedFile) -> String {
        match &file.locator().key {
            Some(key) => key.clone(),
            None => format!("{}{}", self.folder(), file.path),
        }
    }

    /// The prefix up to its last `/`.
    fn folder(&self) -> &str {
        self.prefix.rfind('/').map_or("", |at| &self.prefix[..=at])
    }

    fn file(&self, object: Object) -> Result<ListedFile, ProviderError> {
        let rest = object.key.strip_prefix(self.folder()).unwrap_or(&object.key);
        let path = RelPath::parse(rest).map_err(|source| ProviderError::Name { host: "the bucket", source })?;
        let digests = object.md5().filter(|_| !self.requester_pays).into_iter().collect();
        Ok(ListedFile { size: Some(object.size), digests, ..ListedFile::named(path) })
    }
}

/// Refuses keys with the parts `.` and `..`: addresses cannot hold them, and lead elsewhere.
fn no_dots(key: &str) -> Result<(), ProviderError> {
    if !key.split(['/', '\\']).any(|part| matches!(part, "." | "..")) {
        return Ok(());
    }
    let message = format!("the entry names the key `{}`, which no address can hold", Printable::new(key));
    Err(ProviderError::Refused { exit: 11, message, help: vec!["a key has no parts `.` and `..`".to_owned()] })
}

impl Object {
    /// The MD5 of its bytes, if its entity tag is one.
    pub fn md5(&self) -> Option<Digest> {
        Digest::from_hex(Algorithm::Md5, self.etag.as_deref()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ByteSize;

    #[test]
    fn an_entity_tag_is_an_md5_only_where_it_may_be() {
        #[track_caller]
        fn check(etag: Option<&str>, pays: bool, proven: bool) {
            let objects = S3Objects::of("b", None, None, pays);
            let object = Object { key: "a".into(), size: ByteSize(1), etag: etag.map(str::to_owned) };
            assert_eq!(!objects.file(object).unwrap().digests.is_empty(), proven, "{etag:?}");
        }
        check(Some("900150983cd24fb0d6963f7d28e17f72"), false, true);
        check(Some("900150983cd24fb0d6963f7d28e17f72-3"), false, false); // uploaded in parts
        check(Some("900150983cd24fb0d6963f7d28e17f72"), true, false); // may be encrypted with KMS
        check(Some("0x8D4BCC2E4835CD0"), false, false);
        check(None, false, false);
    }

    #[test]
    fn paths_begin_behind_the_folder_of_the_prefix() {
        #[track_caller]
        fn check(prefix: &str, key: &str, path: &str) {
            let objects = S3Objects::of("b", None, Some(prefix), false);
            let object = Object { key: key.into(), size: ByteSize(1), etag: None };
            let file = objects.file(object).unwrap();
            assert_eq!((file.path.as_str(), objects.key(&file).as_str()), (path, key));
        }
        check("", "a/b.txt", "a/b.txt");
        check("a/", "a/b.txt", "b.txt");
        check("a/train_", "a/train_1.jpg", "train_1.jpg");
        check("train_", "train_1/x.jpg", "train_1/x.jpg");
    }

    #[test]
    fn keys_that_lead_elsewhere_are_told() {
        for key in ["a/../b", "../b", "./b", "a/..", "a\\..\\b"] {
            assert!(no_dots(key).is_err(), "{key}");
        }
        // A percent sign is one, and is encoded.
        for key in ["", "a/b..c/.hidden", "a/%2E%2E/b", "..."] {
            assert!(no_dots(key).is_ok(), "{key}");
        }
        assert_eq!(Bucket::new("b", None).at("a/%2E%2E/b").expose().path(), "/a/%252E%252E/b");
    }

    #[test]
    fn keys_that_are_no_paths_are_refused() {
        for key in ["../x", "a//b", "/a", "a/../b", "a\u{7}b"] {
            let object = Object { key: key.into(), size: ByteSize(1), etag: None };
            let refused = S3Objects::of("b", None, None, false).file(object);
            assert!(matches!(refused, Err(ProviderError::Name { .. })), "{key}");
        }
    }
}
