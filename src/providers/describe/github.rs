//! A repository at GitHub: its licence as GitHub reads it, and the commit with its tree.
//!
//! The interface takes 60 requests in an hour without a token; two are made. The tree proves
//! what comes out of the generated archive. Source: docs.github.com on REST, read 2026-11-23.

use serde::Deserialize;

use crate::catalog::{Description, Reference};
use crate::net::HttpRequest;
use crate::providers::{Hosts, ProviderError};
use crate::values::SafeUrl;

use super::{ask, day_of, line, unusable};

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    description: Option<String>,
    default_branch: String,
    license: Option<License>,
    html_url: String,
    owner: Owner,
}

#[derive(Debug, Deserialize)]
struct License {
    spdx_id: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Owner {
    login: String,
}

#[derive(Debug, Deserialize)]
struct Commit {
    sha: String,
    commit: CommitData,
}

#[derive(Debug, Deserialize)]
struct CommitData {
    tree: Tree,
    committer: Option<Signature>,
}

#[derive(Debug, Deserialize)]
struct Tree {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct Signature {
    date: Option<String>,
}

pub(super) async fn describe(repo: &str, reference: &Reference, hosts: &Hosts) -> Result<Description, ProviderError> {
    let api = SafeUrl::ours("https://api.github.com/repos").at(&repo.split('/').collect::<Vec<_>>());
    let source = api.to_string();
    let repository: Repository = ask(&request(hosts, api.clone()), reference, hosts).await?;
    let revision = reference.version.as_deref().unwrap_or(&repository.default_branch);
    let commit: Commit = ask(&request(hosts, api.at(&["commits", revision])), reference, hosts).await?;
    Ok(Description { source, ..repository.into_description(commit, reference)? })
}

fn request(hosts: &Hosts, url: SafeUrl) -> HttpRequest {
    hosts
        .get(url)
        .with_header("accept", "application/vnd.github+json")
        .with_header("x-github-api-version", "2022-11-28")
}

impl Repository {
    fn into_description(self, commit: Commit, reference: &Reference) -> Result<Description, ProviderError> {
        for id in [&commit.sha, &commit.commit.tree.sha] {
            if id.len() != 40 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(unusable(reference, "it names no commit and tree"));
            }
        }
        let title = match self.description.as_deref().map(line).filter(|text| !text.is_empty()) {
            Some(description) => format!("{}: {description}", self.full_name),
            None => self.full_name.clone(),
        };
        let license = self.license.and_then(|license| {
            let known = license.spdx_id.filter(|id| id != "NOASSERTION");
            known.or(license.name).map(|words| line(&words))
        });
        Ok(Description {
            keeper: line(&self.owner.login),
            date: commit.commit.committer.and_then(|by| by.date).as_deref().and_then(day_of),
            license,
            tree: Some(commit.commit.tree.sha),
            ..Description::new(reference.at(&commit.sha), commit.sha.clone(), line(&title), line(&self.html_url))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_tag_becomes_its_commit_and_tree() {
        #[track_caller]
        fn check(license: &str, expected: Option<&str>) {
            let text = format!(
                r#"{{"full_name":"o/r","description":null,"default_branch":"main","license":{license},
                "html_url":"https://github.com/o/r","owner":{{"login":"o"}}}}"#
            );
            let repository: Repository = serde_json::from_str(&text).unwrap();
            let commit = format!(
                r#"{{"sha":"{COMMIT}","commit":{{"tree":{{"sha":"{COMMIT}"}},"committer":{{"date":"2026-01-05T10:00:00Z"}}}}}}"#
            );
            let asked: Reference = "github:o/r@v1".parse().unwrap();
            let found = repository.into_description(serde_json::from_str(&commit).unwrap(), &asked).unwrap();
            assert_eq!(found.pinned.to_string(), format!("github:o/r@{COMMIT}"));
            assert_eq!(found.license.as_deref(), expected);
            assert_eq!(found.tree.as_deref(), Some(COMMIT));
        }
        check(r#"{"key":"mit","name":"MIT License","spdx_id":"MIT"}"#, Some("MIT"));
        check(r#"{"key":"other","name":"Other","spdx_id":"NOASSERTION"}"#, Some("Other"));
        check("null", None);
    }
}
