//! Where a mirror is.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use url::Url;

use crate::values::Printable;

/// The address of a mirror, as people write it. Never holds a credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MirrorUrl {
    /// Where the objects are.
    pub place: Place,
    /// What their names begin with, without `/` at either end.
    pub prefix: String,
}

/// Where the objects of a mirror are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A bucket with the S3 interface.
    S3 {
        /// Its name.
        bucket: String,
    },
    /// A bucket of Google Cloud Storage.
    Gcs {
        /// Its name.
        bucket: String,
    },
    /// A container of Azure Blob Storage.
    Azure {
        /// The storage account.
        account: String,
        /// Its name.
        container: String,
    },
    /// A folder that is reachable from here.
    File {
        /// Its path, absolute.
        folder: PathBuf,
    },
}

/// A text is no address of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address of a mirror: {reason}")]
pub struct NotAMirror {
    /// The text, escaped, without what may be secret in it.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl MirrorUrl {
    /// Reads `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://ACCOUNT/CONTAINER/PREFIX`,
    /// `https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX` or `file:///FOLDER`.
    pub fn parse(text: &str) -> Result<Self, NotAMirror> {
        let text = text.trim();
        let refused = |reason| NotAMirror { text: shown(text), reason };
        let url = Url::parse(text).map_err(|_| refused("it must begin with s3://, gs://, az:// or file:///"))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(refused("it may hold no name, password, query or fragment; credentials are stored apart"));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut names = Vec::new();
        for name in url.path().split('/').filter(|name| !name.is_empty()) {
            let name = percent_encoding::percent_decode_str(name).decode_utf8();
            let name = name.map_err(|_| refused("it holds a name that is not UTF-8"))?.into_owned();
            if matches!(name.as_str(), "." | "..") || name.contains(['/', '\\']) || name.chars().any(char::is_control) {
                return Err(refused("its path holds `.`, `..`, `\\`, an encoded `/` or a control character"));
            }
            names.push(name);
        }
        let place = match url.scheme() {
            "file" if !host.is_empty() => return Err(refused("a folder has three slashes: file:///FOLDER")),
            "file" if names.is_empty() => return Err(refused("it names no folder")),
            "file" => {
                let folder = PathBuf::from(format!("/{}", names.join("/")));
                return Ok(Self { place: Place::File { folder }, prefix: String::new() });
            }
            "s3" | "gs" | "az" | "https" if host.is_empty() || url.port().is_some() => {
                return Err(refused("it names no bucket, or a port; an endpoint is the setting `mirror.endpoint`"));
            }
            "s3" => Place::S3 { bucket: host },
            "gs" => Place::Gcs { bucket: host },
            "az" | "https" => {
                let account = match (url.scheme(), host.strip_suffix(".blob.core.windows.net")) {
                    ("az", _) => host.as_str(),
                    (_, Some(account)) => account,
                    (_, None) => {
                        return Err(refused("of https addresses only https://ACCOUNT.blob.core.windows.net/ is one"));
                    }
                };
                if names.is_empty() {
                    return Err(refused("it names no container"));
                }
                Place::Azure { account: account.to_owned(), container: names.remove(0) }
            }
            _ => return Err(refused("it must begin with s3://, gs://, az:// or file:///")),
        };
        Ok(Self { place, prefix: names.join("/") })
    }

    /// Reads several, separated by commas or white space; a comma in an address is `%2C`.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NotAMirror> {
        let words = text.split(|letter: char| letter == ',' || letter.is_whitespace());
        words.filter(|word| !word.is_empty()).map(Self::parse).collect()
    }

    /// Its address as records name it, which others read: of a folder its name alone, since where
    /// it lies on a machine is nobody else's.
    pub fn for_records(&self) -> String {
        match self.folder().and_then(|folder| folder.file_name()) {
            Some(name) => format!("file:{}", name.to_string_lossy()),
            None => self.to_string(),
        }
    }

    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&PathBuf> {
        match &self.place {
            Place::File { folder } => Some(folder),
            _ => None,
        }
    }
}

/// The text up to where a secret may begin.
fn shown(text: &str) -> String {
    let open = match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, rest)) => format!("{scheme}://****@{rest}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    };
    Printable::cut(open.split(['?', '#']).next().unwrap_or_default(), 120).to_string()
}

impl fmt::Display for MirrorUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::S3 { bucket } => write!(out, "s3://{bucket}")?,
            Place::Gcs { bucket } => write!(out, "gs://{bucket}")?,
            Place::Azure { account, container } => write!(out, "az://{account}/{container}")?,
            Place::File { folder } => write!(out, "file://{}", folder.display())?,
        }
        if self.prefix.is_empty() { Ok(()) } else { write!(out, "/{}", self.prefix) }
    }
}

impl Serialize for MirrorUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_again() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(MirrorUrl::parse(text).unwrap().to_string(), expected, "{text}");
        }
        check("s3://team-bucket", "s3://team-bucket");
        check("s3://team-bucket/a/b/", "s3://team-bucket/a/b");
        check("gs://team/x", "gs://team/x");
        check("az://account/box/pre", "az://account/box/pre");
        check("https://account.blob.core.windows.net/box", "az://account/box");
        check("file:///mnt/team%20share", "file:///mnt/team share");
    }

    #[test]
    fn records_name_no_place_on_a_machine() {
        let in_records = |text: &str| MirrorUrl::parse(text).unwrap().for_records();
        assert_eq!(in_records("file:///home/somebody/share"), "file:share");
        assert_eq!(in_records("s3://team/a"), "s3://team/a");
    }

    #[test]
    fn what_is_no_mirror_is_refused_without_its_secrets() {
        for bad in [
            "s3://KEY:SECRET@bucket/x",
            "az://account/box?sig=SECRET",
            "https://account.blob.core.windows.net/",
            "https://example.org/x",
            "s3://",
            "s3://bucket:9000/x",
            "s3://bucket/a/%2e%2e%2fb",
            "file://host/x",
            "file:///",
            "ftp://host/x",
            "/mnt/x",
            "bucket",
        ] {
            let error = MirrorUrl::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("SECRET"), "{error}");
        }
        assert_eq!(MirrorUrl::parse_all("s3://a/b, file:///c\ngs://d").unwrap().len(), 3);
        assert!(MirrorUrl::parse_all(" , ").unwrap().is_empty());
    }
}
