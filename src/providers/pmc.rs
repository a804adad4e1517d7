//! Article versions of PubMed Central's open datasets, each a folder of a public bucket.
//!
//! The bucket has millions of folders and no archives, so the person names the articles, with
//! `--include` or `--files-from`: `PMC10009416.1` and all that lies in it, or `PMC10009416` for
//! its newest version. Nothing is listed beyond them. The metadata of an article version names
//! the MD5 of each of its parts and the article's licence; the bucket adds sizes and entity
//! tags, and where both speak they must agree. An article that was taken back has no folder any
//! more: all that are missing are named at once.
//!
//! The licence code has no version (`CC BY`): the version stands in the article. It becomes
//! `LicenseRef-PMC-CC-BY`, for nobody should read a version into it; `CC0` has only one.
//!
//! Left out: the daily inventory, which is deleted after thirty days and so pins nothing; what
//! was listed is kept with the dataset. Sources: README.txt of the bucket (2026), NLM Technical
//! Bulletin 468 e8, PyPI pmc-toolkit, read 2026-11-23.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use crate::catalog::Locator;
use crate::net::NetError;
use crate::plan::Location;
use crate::values::{Algorithm, Digest, Printable, RelPath};

use super::s3::{Bucket, Object};
use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError, Stated};

/// The bucket of the article datasets.
#[derive(Debug, Clone)]
pub struct PmcArticles {
    bucket: Bucket,
    /// What stands before the folders of articles.
    prefix: String,
}

/// What a person asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    /// The newest version of an article.
    Newest { id: String },
    /// One version.
    Version { id: String, version: u32 },
    /// The terms of the bucket.
    Readme,
}

impl PmcArticles {
    /// What an entry says of the bucket.
    pub fn of(bucket: Option<&str>, prefix: Option<&str>) -> Self {
        let bucket = Bucket::new(bucket.unwrap_or("pmc-oa-opendata"), None);
        Self { bucket, prefix: prefix.unwrap_or_default().to_owned() }
    }
}

impl Provider for PmcArticles {
    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known {
            return Ok(known);
        }
        let asked = asked(&hosts.choices.include)?;
        let articles: Vec<Result<Vec<ListedFile>, String>> = futures_util::stream::iter(asked)
            .map(|asked| async move { self.files(hosts, asked).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for article in articles {
            match article {
                Ok(found) => files.extend(found),
                Err(id) => missing.push(id),
            }
        }
        missing.sort();
        if missing.is_empty() { Ok(Listing(files)) } else { Err(gone(&missing)) }
    }

    async fn locate(&self, _hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        Ok(Location::Http(self.bucket.get(&format!("{}{}", self.prefix, file.path))))
    }

    async fn explain(&self, _hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        self.bucket.meaning(error)
    }
}

impl PmcArticles {
    /// The files of what was asked for; `Err` inside names an article that is not there.
    async fn files(&self, hosts: &Hosts, asked: Asked) -> Result<Result<Vec<ListedFile>, String>, ProviderError> {
        let (id, version) = match asked {
            Asked::Readme => return Ok(self.readme(hosts).await?.ok_or_else(|| README.to_owned())),
            Asked::Version { id, version } => (id, Some(version)),
            Asked::Newest { id } => (id, None),
        };
        let newest = match version {
            Some(version) => Some(version),
            None => self.newest(hosts, &id).await?,
        };
        let Some(number) = newest else { return Ok(Err(id)) };
        let name = format!("{id}.{number}");
        let mut objects = Vec::new();
        let folder = format!("{}{name}/", self.prefix);
        self.bucket
            .objects(hosts, &folder, |object| {
                objects.push(object);
                Ok(())
            })
            .await?;
        if objects.is_empty() {
            return Ok(Err(name));
        }
        let metadata = self.metadata(hosts, &name).await?;
        // What the person wrote chooses the files.
        let asked = if version.is_some() { name.clone() } else { id };
        let at = Arc::new(Locator { entity: Some(asked), ..Locator::default() });
        self.article(&name, objects, metadata, &at).map(Ok)
    }

    async fn readme(&self, hosts: &Hosts) -> Result<Option<Vec<ListedFile>>, ProviderError> {
        let mut found = None;
        self.bucket
            .objects(hosts, &format!("{}{README}", self.prefix), |object| {
                if object.key.ends_with(README) {
                    found = Some(vec![self.file(&object, None)?]);
                }
                Ok(())
            })
            .await?;
        Ok(found)
    }

    /// The highest version of an article. The full stop keeps `PMC1` from meaning `PMC10`.
    async fn newest(&self, hosts: &Hosts, id: &str) -> Result<Option<u32>, ProviderError> {
        let prefix = format!("{}{id}.", self.prefix);
        let folders = self.bucket.folders(hosts, &prefix).await?;
        let version = |folder: &String| folder.strip_prefix(&prefix)?.strip_suffix('/')?.parse().ok();
        Ok(folders.iter().filter_map(version).max())
    }

    async fn metadata(&self, hosts: &Hosts, name: &str) -> Result<Metadata, ProviderError> {
        let request = self.bucket.get(&format!("{}{name}/{name}.json", self.prefix));
        Ok(hosts.client.get_json(&request).await?)
    }

    /// The files of an article version: the bucket's list beside the metadata.
    fn article(
        &self,
        name: &str,
        objects: Vec<Object>,
        metadata: Metadata,
        at: &Arc<Locator>,
    ) -> Result<Vec<ListedFile>, ProviderError> {
        // An article without a code does not get the terms of the dataset.
        let license = metadata.license_code.as_deref().and_then(license_of);
        let license = Some(license.unwrap_or_else(|| "NOASSERTION".to_owned()));
        let notice = (metadata.is_retracted == Some(true)).then(|| retracted(name));
        let of_article = Arc::new(Stated { license, notice });
        let mut stated = metadata.parts(name)?;
        let known: BTreeSet<&str> = objects.iter().map(|object| object.key.as_str()).collect();
        for key in stated.keys().filter(|key| !known.contains(key.as_str())).cloned().collect::<Vec<_>>() {
            // Whether addresses are encoded is not documented.
            let plain = percent_encoding::percent_decode_str(&key).decode_utf8_lossy().into_owned();
            if let Some(md5) = stated.remove(&key) {
                stated.insert(plain, md5);
            }
        }
        let mut files = Vec::new();
        for object in objects {
            let md5 = stated.remove(object.key.strip_prefix(&self.prefix).unwrap_or(&object.key)).flatten();
            let (at, stated) = (Some(at.clone()), Some(of_article.clone()));
            files.push(ListedFile { at, stated, ..self.file(&object, md5)? });
        }
        match stated.into_keys().next() {
            Some(key) => Err(unusable(format!("`{name}` names `{}`, which is not there", Printable::new(&key)))),
            None => Ok(files),
        }
    }

    fn file(&self, object: &Object, stated: Option<Digest>) -> Result<ListedFile, ProviderError> {
        let rest = object.key.strip_prefix(&self.prefix).unwrap_or(&object.key);
        let path = RelPath::parse(rest).map_err(|source| ProviderError::Name { host: HOST, source })?;
        if let (Some(stated), Some(tag)) = (stated, object.md5())
            && stated != tag
        {
            return Err(ProviderError::Changed { path, expected: stated.to_string(), listed: tag.to_string() });
        }
        let digests = stated.or(object.md5()).into_iter().collect();
        Ok(ListedFile { size: Some(object.size), digests, ..ListedFile::named(path) })
    }
}

/// The articles that globs name. A glob that names none would mean all of PubMed Central.
fn asked(include: &[String]) -> Result<BTreeSet<Asked>, ProviderError> {
    let refused = |message: String| ProviderError::Refused {
        exit: 2,
        message,
        help: vec![
            "name articles, such as `--include PMC10009416` for its newest version or `--include 'PMC10009416.1/*.xml'`"
                .to_owned(),
            "`--files-from FILE` takes a list of them; `--exclude` and `--license` choose among their files".to_owned(),
        ],
    };
    if include.is_empty() {
        return Err(refused("PubMed Central has millions of articles, and none is named".to_owned()));
    }
    let one = |glob: &String| {
        one_asked(glob).ok_or_else(|| refused(format!("`{}` names no article of PubMed Central", Printable::new(glob))))
    };
    include.iter().map(one).collect()
}

/// `PMC1`, `PMC1.2`, `PMC1.2/...`, `PMC1.*/...`, `README.txt`.
fn one_asked(glob: &str) -> Option<Asked> {
    if glob == README {
        return Some(Asked::Readme);
    }
    let folder = glob.split('/').next()?;
    let (id, version) = match folder.split_once('.') {
        Some((id, version)) => (id, Some(version)),
        None if folder == glob => (folder, None),
        None => return None,
    };
    let digits = id.strip_prefix("PMC")?;
    let is_number = |text: &str| !text.is_empty() && text.len() < 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(digits) {
        return None;
    }
    match version {
        None | Some("*") => Some(Asked::Newest { id: id.to_owned() }),
        Some(version) if is_number(version) => {
            Some(Asked::Version { id: id.to_owned(), version: version.parse().ok()? })
        }
        Some(_) => None,
    }
}

/// The licence code as an expression. `None` where there is nothing in it.
fn license_of(code: &str) -> Option<String> {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' };
    let words: String = code.trim().chars().map(plain).collect();
    match words.as_str() {
        "" => None,
        "CC0" => Some("CC0-1.0".to_owned()),
        _ => Some(format!("LicenseRef-PMC-{words}")),
    }
}

fn retracted(name: &str) -> String {
    format!("article `{name}` has been retracted: PubMed Central keeps it, and its results do not stand")
}

fn gone(missing: &[String]) -> ProviderError {
    let names: Vec<String> = missing.iter().take(SHOWN).map(|id| format!("`{id}`")).collect();
    let more = if missing.len() > SHOWN { format!(" and {} more", missing.len() - SHOWN) } else { String::new() };
    ProviderError::Refused {
        exit: 35,
        message: format!("PubMed Central's open datasets do not have {}{more}", names.join(", ")),
        help: vec!["an article that was taken back has no folder any more, and not every article is open".to_owned()],
    }
}

fn unusable(reason: String) -> ProviderError {
    ProviderError::Answer { host: HOST, reason }
}

const HOST: &str = "PubMed Central";

const README: &str = "README.txt";

/// Articles listed at once. No limit is published; few connections are asked for.
const AT_ONCE: usize = 8;

/// Missing articles that one message names.
const SHOWN: usize = 20;

/// The metadata of an article version, as far as it is read.
#[derive(Debug, Deserialize)]
struct Metadata {
    license_code: Option<String>,
    #[serde(default)]
    is_retracted: Option<bool>,
    xml_url: Option<String>,
    text_url: Option<String>,
    pdf_url: Option<String>,
    #[serde(default)]
    media_urls: Option<Vec<String>>,
}

impl Metadata {
    /// The keys of the parts with the MD5 that each address carries.
    fn parts(self, name: &str) -> Result<HashMap<String, Option<Digest>>, ProviderError> {
        let media = self.media_urls.unwrap_or_default();
        let urls = [self.xml_url, self.text_url, self.pdf_url].into_iter().flatten().chain(media);
        urls.map(|url| part(&url).ok_or_else(|| unusable(format!("`{name}` names a part by no address of its folder"))))
            .collect()
    }
}

/// `s3://bucket/KEY?md5=HEX` to the key and the digest.
fn part(url: &str) -> Option<(String, Option<Digest>)> {
    let (_, rest) = url.strip_prefix("s3://")?.split_once('/')?;
    let (key, query) = rest.split_once('?').map_or((rest, None), |(key, query)| (key, Some(query)));
    let md5 = match query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("md5="))) {
        Some(hex) => Some(Digest::from_hex(Algorithm::Md5, &hex.to_ascii_lowercase()).ok()?),
        None => None,
    };
    Some((key.to_owned(), md5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_name_articles_or_nothing() {
        #[track_caller]
        fn check(glob: &str, expected: Option<Asked>) {
            assert_eq!(one_asked(glob), expected, "{glob}");
        }
        let newest = |id: &str| Some(Asked::Newest { id: id.to_owned() });
        let version = |id: &str, version| Some(Asked::Version { id: id.to_owned(), version });
        check("PMC10009416", newest("PMC10009416"));
        check("PMC10009416.*/**", newest("PMC10009416"));
        check("PMC10009416.1", version("PMC10009416", 1));
        check("PMC10009416.1/**", version("PMC10009416", 1));
        check("PMC10009416.12/*.xml", version("PMC10009416", 12));
        check("README.txt", Some(Asked::Readme));
        for none in ["PMC1*", "PMC1*/**", "**", "xml", "PMC", "PMC.1", "PMC1.x/**", "PMC1/**", "metadata/PMC1.1.json"] {
            check(none, None);
        }
        assert!(asked(&[]).is_err());
        assert!(asked(&["PMC1".to_owned(), "**/*.jpg".to_owned()]).is_err());
    }

    #[test]
    fn addresses_carry_the_digest_of_their_part() {
        let hex = "900150983cd24fb0d6963f7d28e17f72";
        let (key, md5) = part(&format!("s3://pmc-oa-opendata/PMC1.1/PMC1.1.xml?md5={hex}")).unwrap();
        assert_eq!((key.as_str(), md5.unwrap().hex().as_str()), ("PMC1.1/PMC1.1.xml", hex));
        assert_eq!(part("s3://b/k"), Some(("k".to_owned(), None)));
        assert_eq!(part("s3://b/k?md5=short"), None);
        assert_eq!(part("https://b/k"), None);
    }

    #[test]
    fn licence_codes_get_no_version_that_they_do_not_have() {
        #[track_caller]
        fn check(code: &str, expected: Option<&str>) {
            assert_eq!(license_of(code).as_deref(), expected);
        }
        check("CC0", Some("CC0-1.0"));
        check("CC BY", Some("LicenseRef-PMC-CC-BY"));
        check("CC BY-NC-SA", Some("LicenseRef-PMC-CC-BY-NC-SA"));
        check("CC-BY", Some("LicenseRef-PMC-CC-BY"));
        check("TDM", Some("LicenseRef-PMC-TDM"));
        check(" ", None);
    }
}
