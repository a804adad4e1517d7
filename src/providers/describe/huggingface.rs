//! A repository of the Hub: what its card says, and the commit at which a revision stands.

use serde::Deserialize;

use crate::catalog::{Description, Place, Reference};
use crate::net::NetError;
use crate::providers::{Hosts, ProviderError};

use crate::values::SafeUrl;

use super::{LARGEST, absent, day_of, line, unusable};

#[derive(Debug, Deserialize)]
struct Info {
    id: String,
    sha: String,
    author: Option<String>,
    #[serde(rename = "lastModified")]
    modified: Option<String>,
    #[serde(default)]
    gated: Gated,
    #[serde(rename = "cardData")]
    card: Option<Card>,
}

/// `false`, or how requests are granted.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Gated {
    No(bool),
    How(String),
}

impl Default for Gated {
    fn default() -> Self {
        Self::No(false)
    }
}

/// The head of README.md, which people write: every part may be missing or of another kind.
#[derive(Debug, Deserialize)]
struct Card {
    license: Option<serde_json::Value>,
    license_name: Option<String>,
    pretty_name: Option<String>,
}

pub(super) async fn describe(reference: &Reference, hosts: &Hosts) -> Result<Description, ProviderError> {
    let (kind, repo) = match &reference.place {
        Place::HubModel(repo) => ("models", repo),
        Place::HubDataset(repo) => ("datasets", repo),
        _ => return Err(absent(reference)),
    };
    let mut url = SafeUrl::ours("https://huggingface.co/api").at(&[kind]).at(&repo.split('/').collect::<Vec<_>>());
    if let Some(revision) = &reference.version {
        url = url.at(&["revision", revision]);
    }
    let source = url.to_string();
    let answer = hosts.client.call(&hosts.get(url), LARGEST).await?;
    let info: Info = match answer.json() {
        Ok(info) => info,
        // The Hub answers so for what is not there, to those it does not know.
        Err(NetError::Gone { .. } | NetError::SignInNeeded { credential_sent: false, .. }) => {
            return Err(absent(reference));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Description { source, ..info.into_description(reference)? })
}

impl Info {
    fn into_description(self, reference: &Reference) -> Result<Description, ProviderError> {
        if self.sha.len() != 40 || !self.sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unusable(reference, "it names no commit"));
        }
        let folder = if matches!(reference.place, Place::HubModel(_)) { "" } else { "datasets/" };
        let page = format!("https://huggingface.co/{folder}{}", line(&self.id));
        let (license, title) = match self.card {
            Some(card) => (card.license_words(), card.pretty_name),
            None => (None, None),
        };
        let held_back = match self.gated {
            Gated::No(false) => None,
            Gated::No(true) => Some("the repository is gated".to_owned()),
            Gated::How(how) => Some(format!("the repository is gated ({})", line(&how))),
        };
        Ok(Description {
            keeper: self.author.as_deref().or(self.id.split('/').next()).map(line).unwrap_or_default(),
            date: self.modified.as_deref().and_then(day_of),
            license,
            held_back,
            ..Description::new(
                reference.at(&self.sha),
                self.sha.clone(),
                line(title.as_deref().unwrap_or(&self.id)),
                page,
            )
        })
    }
}

impl Card {
    /// One licence or several; behind `other` stands a name of its own.
    fn license_words(&self) -> Option<String> {
        let words = match &self.license {
            Some(serde_json::Value::String(one)) => one.clone(),
            Some(serde_json::Value::Array(several)) => {
                several.iter().filter_map(|one| one.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        };
        let words = match &self.license_name {
            Some(name) if words == "other" => format!("other: {name}"),
            _ => words,
        };
        (!words.is_empty()).then(|| line(&words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_branch_becomes_its_commit() {
        #[track_caller]
        fn check(rest: &str, license: Option<&str>, held_back: Option<&str>) {
            let text = format!(
                r#"{{"_id":"6","id":"org/toy","sha":"{COMMIT}","lastModified":"2026-01-05T10:00:00.000Z"{rest}}}"#
            );
            let asked: Reference = "hf:org/toy@main".parse().unwrap();
            let found = serde_json::from_str::<Info>(&text).unwrap().into_description(&asked).unwrap();
            assert_eq!(found.pinned.to_string(), format!("hf:org/toy@{COMMIT}"));
            assert_eq!((found.license.as_deref(), found.held_back.as_deref()), (license, held_back), "{rest}");
        }
        check(r#","gated":false,"cardData":{"license":"mit"}"#, Some("mit"), None);
        check(
            r#","gated":"manual","cardData":{"license":["mit","cc-by-4.0"]}"#,
            Some("mit, cc-by-4.0"),
            Some("the repository is gated (manual)"),
        );
        check(r#","cardData":{"license":"other","license_name":"house-rules"}"#, Some("other: house-rules"), None);
        check(r#","cardData":{}"#, None, None);
        check("", None, None);
    }

    #[test]
    fn an_answer_without_a_commit_pins_nothing() {
        let info: Info = serde_json::from_str(r#"{"id":"org/toy","sha":"main"}"#).unwrap();
        assert!(info.into_description(&"hf:org/toy".parse().unwrap()).is_err());
    }
}
