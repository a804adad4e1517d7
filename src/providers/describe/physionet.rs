//! A project of PhysioNet by its public interface: licence, access policy, DOI.
//!
//! Where no version is asked for, it is the last of the list, as PhysioNet's own client takes
//! it; version names are not sorted. A project that is not there has an empty list. The
//! interface takes 20 requests in an hour from those it does not know; two are made. Source:
//! physionet-build, read 2026-11-23.

use serde::Deserialize;

use crate::catalog::{Description, Reference};
use crate::net::HttpRequest;
use crate::providers::physionet::Policy;
use crate::providers::{Hosts, ProviderError};

use crate::values::SafeUrl;

use super::{absent, ask, day_of, line};

#[derive(Debug, Deserialize)]
struct Version {
    version: String,
}

#[derive(Debug, Deserialize)]
struct Project {
    title: String,
    version: String,
    license: Option<License>,
    doi: Option<String>,
    publish_datetime: Option<String>,
    access_policy: Option<Policy>,
}

#[derive(Debug, Deserialize)]
struct License {
    name: String,
}

pub(super) async fn describe(slug: &str, reference: &Reference, hosts: &Hosts) -> Result<Description, ProviderError> {
    let versions = SafeUrl::ours(&format!("https://physionet.org/api/v1/projects/{slug}/versions/"));
    let version = match &reference.version {
        Some(version) => version.clone(),
        None => {
            let known: Vec<Version> = ask(&HttpRequest::get(versions), reference, hosts).await?;
            known.into_iter().next_back().ok_or_else(|| absent(reference))?.version
        }
    };
    let url = SafeUrl::ours(&format!("https://physionet.org/api/v1/projects/{slug}/versions/"));
    let url = url.join(&format!("{version}/")).map_err(|_| absent(reference))?;
    let source = url.to_string();
    let project: Project = ask(&HttpRequest::get(url), reference, hosts).await?;
    Ok(Description { source, ..project.into_description(slug, reference) })
}

impl Project {
    fn into_description(self, slug: &str, reference: &Reference) -> Description {
        let version = line(&self.version);
        let policy = self.access_policy.filter(|policy| *policy != Policy::Open);
        Description {
            date: self.publish_datetime.as_deref().and_then(day_of),
            doi: self.doi.filter(|doi| !doi.is_empty()),
            license: self.license.map(|license| line(&license.name)),
            held_back: policy.map(|policy| format!("access is {}", policy.word())),
            ..Description::new(
                reference.at(&version),
                version.clone(),
                line(&self.title),
                format!("https://physionet.org/content/{slug}/{version}/"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_a_number_or_a_word() {
        #[track_caller]
        fn check(policy: &str, expected: Option<&str>) {
            let text = format!(
                r#"{{"slug":"toy-ecg","title":"Toy ECG","version":"1.1.0","license":{{"name":"Open Data Commons Attribution License v1.0"}},
                "doi":"10.13026/bbbb-1111","publish_datetime":"2026-01-05T10:00:00Z"{policy}}}"#
            );
            let asked: Reference = "physionet:toy-ecg".parse().unwrap();
            let found = serde_json::from_str::<Project>(&text).unwrap().into_description("toy-ecg", &asked);
            assert_eq!(found.pinned.to_string(), "physionet:toy-ecg@1.1.0");
            assert_eq!(found.held_back.as_deref(), expected, "{policy}");
        }
        check("", None);
        check(r#","access_policy":0"#, None);
        check(r#","access_policy":"Open""#, None);
        check(r#","access_policy":2"#, Some("access is Credentialed"));
        check(r#","access_policy":"Restricted""#, Some("access is Restricted"));
    }

    #[test]
    fn a_project_without_a_licence_has_none() {
        let text = r#"{"slug":"a","title":"A","version":"1","license":null}"#;
        let found =
            serde_json::from_str::<Project>(text).unwrap().into_description("a", &"physionet:a".parse().unwrap());
        assert_eq!(found.license, None);
    }
}
