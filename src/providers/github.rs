//! Files and generated archives of a GitHub repository.
//!
//! A pinned commit pins the contents. Generated archives are not byte-stable (GitHub packs
//! them anew and may change the compressor), come in chunks without length or ranges, and are
//! proven by the git tree id of what is inside, never by a digest of the archive. Single files
//! at a commit come from `raw.githubusercontent.com`; release assets by their tag. Public
//! repositories need no account, and no credential is sent.
//!
//! Source: docs.github.com on archives and REST, community discussion 46034, read 2026-11-23.

use serde::Deserialize;

use crate::catalog::source::GithubTake;
use crate::plan::{HttpRequest, Location, RangeSupport};
use crate::values::SafeUrl;

use super::identity::{self, Identity};
use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError};

/// A repository.
#[derive(Debug, Clone)]
pub struct GithubRepository {
    /// Owner.
    pub owner: String,
    /// Repository.
    pub repo: String,
    /// Pinned commit.
    pub commit: Option<String>,
    /// Release whose assets are taken.
    pub tag: Option<String>,
    /// Archive or single files.
    pub take: GithubTake,
}

impl Provider for GithubRepository {
    async fn list(&self, _hosts: &Hosts, known: Listing, _extent: Extent) -> Result<Listing, ProviderError> {
        Ok(known)
    }

    fn ways(&self, file: &ListedFile) -> usize {
        usize::from(self.address(file).is_some())
    }

    async fn locate(&self, _hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        let url = self.address(file).ok_or_else(|| ProviderError::NoPlace { path: file.path.clone() })?;
        let ranges = if self.is_generated(file) { RangeSupport::No } else { RangeSupport::Unknown };
        Ok(Location::Http(HttpRequest { ranges, ..HttpRequest::get(url) }))
    }
}

/// Whose token it is.
pub async fn identify(hosts: &Hosts) -> Result<Identity, ProviderError> {
    let url = SafeUrl::parse("https://api.github.com/user").expect("it is an address");
    let request = hosts.get(url).with_header("accept", "application/vnd.github+json");
    let account: User = identity::ask("github", hosts, &request).await?;
    Ok(Identity { name: Some(account.login) })
}

#[derive(Debug, Deserialize)]
struct User {
    login: String,
}

impl GithubRepository {
    /// Whether a file is the archive that GitHub generates of the commit.
    fn is_generated(&self, file: &ListedFile) -> bool {
        self.take == GithubTake::Archive
            && self.tag.is_none()
            && file.locator().path.is_none()
            && file.locator().url.is_none()
    }

    fn address(&self, file: &ListedFile) -> Option<SafeUrl> {
        if let Some(url) = &file.locator().url {
            return Some(url.clone());
        }
        let web = SafeUrl::parse("https://github.com/").expect("it is an address");
        if let Some(tag) = &self.tag {
            return Some(web.at(&[&self.owner, &self.repo, "releases", "download", tag, file.path.file_name()]));
        }
        let commit = self.commit.as_ref()?;
        if self.is_generated(file) {
            let ending = if file.path.file_name().ends_with(".zip") { "zip" } else { "tar.gz" };
            return Some(web.at(&[&self.owner, &self.repo, "archive", &format!("{commit}.{ending}")]));
        }
        let raw = SafeUrl::parse("https://raw.githubusercontent.com/").expect("it is an address");
        let path = file.locator().path.as_ref().unwrap_or(&file.path);
        let mut segments = vec![self.owner.as_str(), self.repo.as_str(), commit.as_str()];
        segments.extend(path.names());
        Some(raw.at(&segments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::RelPath;

    #[test]
    fn each_kind_of_file_has_its_address() {
        let commit = "577bd37b96c02d1833b2c9eed2de9f96964e96cb";
        let repository = |take, tag: Option<&str>| GithubRepository {
            owner: "o".into(),
            repo: "r".into(),
            commit: Some(commit.into()),
            tag: tag.map(str::to_owned),
            take,
        };
        #[track_caller]
        fn check(repository: &GithubRepository, path: &str, expected: &str) {
            let file = ListedFile::named(RelPath::parse(path).unwrap());
            assert_eq!(repository.address(&file).unwrap().expose().as_str(), expected);
        }
        let archive = format!("https://github.com/o/r/archive/{commit}.tar.gz");
        check(&repository(GithubTake::Archive, None), &format!("r-{commit}.tar.gz"), &archive);
        let raw = format!("https://raw.githubusercontent.com/o/r/{commit}/a%20b/c.csv");
        check(&repository(GithubTake::Raw, None), "a b/c.csv", &raw);
        let asset = "https://github.com/o/r/releases/download/v1/x.zip";
        check(&repository(GithubTake::Archive, Some("v1")), "x.zip", asset);
    }
}
